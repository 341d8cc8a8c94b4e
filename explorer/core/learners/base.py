"""What a learner is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.network import Network

if TYPE_CHECKING:
    from torch import Tensor


class Batch(NamedTuple):
    """Support and query points of T tasks, each tensor ``(T, K, 1)``.

    During training a leading axis runs over the meta-iterations of a chunk.
    """

    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor


class InnerLoop(NamedTuple):
    """The inner loop of training: gradient step size α and number of inner steps."""

    alpha: float
    steps: int


MetaGradient = Callable[["Tensor", Batch, Network, InnerLoop], "tuple[Tensor, Tensor]"]


@dataclass(frozen=True)
class Learner:
    """A way to find θ.

    Attributes:
        name: identifier in files and on the command line.
        label: what people read.
        losses: what each recorded training loss is, in the order `meta_gradient` returns them.
        meta_gradient: from θ ``(P,)``, a batch, the network and the inner loop to the
            meta-gradient ``(P,)``, averaged over tasks, and the training losses
            ``(len(losses),)``. Which PyTorch calls it makes must
            not depend on the values of its tensors (`explorer.core.engine`).
    """

    name: str
    label: str
    losses: tuple[str, ...]
    meta_gradient: MetaGradient
