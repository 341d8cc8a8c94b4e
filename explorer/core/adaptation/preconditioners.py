"""What a gradient step multiplies the gradient by, beside α."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

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
