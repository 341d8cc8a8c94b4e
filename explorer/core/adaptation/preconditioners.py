"""What a gradient step multiplies the gradient by, beside α."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


class Preconditioner(Protocol):
    """A linear map of gradients: a `NamedTuple` whose fields are tensors, and nothing else.

    The fields are the same for all tasks, or begin with an axis that runs over them. Which
    PyTorch calls the methods make must not depend on values (`explorer.core.engine`).
    """

    def __iter__(self) -> Iterator[Tensor]:
        """Its tensors."""

    def apply(self, gradient: Tensor, network: Network) -> Tensor:
        """The map's image of gradients ``(T, P + C)``."""

    def transposed(self, vector: Tensor, network: Network) -> Tensor:
        """The transposed map's image of vectors ``(T, P + C)``."""

    @property
    def own_steps(self) -> bool:
        """Whether some parameter takes a step of another size than α, unless it takes none."""


Kind = Callable[..., Preconditioner]  # of preconditioner, from its tensors


class Scale(NamedTuple):
    """A factor for each parameter.

    Attributes:
        factors: ``(P + C,)``, or ``(T, P + C)`` if each task has its own.
    """

    factors: Tensor

    def apply(self, gradient: Tensor, network: Network) -> Tensor:  # noqa: ARG002
        """The gradient, parameter by parameter."""
        return gradient * self.factors

    def transposed(self, vector: Tensor, network: Network) -> Tensor:  # noqa: ARG002
        """The same: the map is symmetric."""
        return vector * self.factors

    @property
    def own_steps(self) -> bool:
        """Whether there is a factor other than 0 and 1."""
        return bool(((self.factors != 0) & (self.factors != 1)).any())


class Masked(tuple["Tensor", ...]):
    """A map M of another kind, of whose image a mask keeps some parameters: m ⊙ M.

    Its tensors are the mask, ``(P + C,)`` or ``(T, P + C)``, and those of M.
    """

    __slots__ = ()
    of: ClassVar[Kind]

    def __new__(cls, *parts: Tensor) -> Masked:
        """As a `NamedTuple` is made, from its tensors."""
        return super().__new__(cls, parts)

    @property
    def whole(self) -> Preconditioner:
        """M."""
        return type(self).of(*self[1:])

    def apply(self, gradient: Tensor, network: Network) -> Tensor:
        """The image, where the mask is 1."""
        return self.whole.apply(gradient, network) * self[0]

    def transposed(self, vector: Tensor, network: Network) -> Tensor:
        """Mᵀ(m ⊙ V)."""
        return self.whole.transposed(vector * self[0], network)

    @property
    def own_steps(self) -> bool:
        """As of M."""
        return self.whole.own_steps


@lru_cache
def _masked_kind(kind: type[Preconditioner]) -> type[Masked]:
    """The kind of masked maps of a kind, always the same one: programs are kept by kinds."""
    return type(f"Masked{kind.__name__}", (Masked,), {"__slots__": (), "of": kind})


def masked(preconditioner: Preconditioner | None, mask: Tensor) -> Preconditioner:
    """The map m ⊙ M: nothing moves where m is 0, and all is as before where it is 1.

    Args:
        preconditioner: M; None for 1.
        mask: m ``(P + C,)``, of ones and zeros.
    """
    if preconditioner is None:
        return Scale(mask)
    if isinstance(preconditioner, Scale):
        return Scale(preconditioner.factors * mask)
    return _masked_kind(type(preconditioner))(mask, *preconditioner)
