"""Where adaptation to a task starts, and what it may change: what a learner hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """A network before adaptation, with the step size of each of its parameters.

    Every learner here adapts by gradient descent on the support loss,
    θ ← θ − α·scale ⊙ ∇L(θ); they differ in θ and in the scale.

    Attributes:
        network: its shape.
        theta: its parameters, followed by its context values if it has such, ``(P + C,)``.
        scale: step size of each of them as a multiple of α, ``(P + C,)``; None where all are 1.
        sees_task: whether it is told the parameters of the task, as inputs after x.
    """

    network: Network
    theta: Tensor
    scale: Tensor | None = None
    sees_task: bool = False

    @property
    def has_own_steps(self) -> bool:
        """Whether some parameter takes steps of another size than α, unless it takes none."""
        if self.scale is None:
            return False
        return bool(((self.scale != 0) & (self.scale != 1)).any())

    def inputs(self, x: Tensor, task: Tensor) -> Tensor:
        """What the network is given at x ``(T, K, 1)`` of tasks ``(T, 1, P)``."""
        if not self.sees_task:
            return x
        return torch.cat([x, task.expand(*x.shape[:-1], task.shape[-1])], -1)
