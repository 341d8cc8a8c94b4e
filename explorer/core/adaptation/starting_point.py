"""Where adaptation to a task starts, and what it may change: what a learner hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from explorer.core.adaptation.preconditioners import Kind, Preconditioner
from explorer.core.base.lazy_torch import torch
from explorer.core.families.base import Estimator
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


class FittedNetwork(Estimator, Protocol):
    """A network that adapts by another way than gradient steps."""

    @property
    def network(self) -> Network:
        """Its shape."""

    @property
    def theta(self) -> Tensor:
        """Its parameters before adaptation, ``(P,)``."""


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """A network before adaptation, and how its steps differ from plain gradient steps.

    Learners that adapt by gradient descent on the support loss do so by
    θₛ₊₁ = θₛ − α(Mₛ∇L(θₛ) + λ(θₛ − θ₀)); they differ in θ₀, in the preconditioners Mₛ and in the
    pull λ.

    Attributes:
        network: its shape.
        theta: its parameters θ₀, followed by its context values if it has such, ``(P + C,)``.
        preconditioners: Mₛ, one for each step, of which the last goes on; none where all are 1.
        pull: λ.
        sees_task: whether it is told the parameters of the task, as inputs after x.
    """

    network: Network
    theta: Tensor
    preconditioners: tuple[Preconditioner, ...] = ()
    pull: float = 0.0
    sees_task: bool = False

    @property
    def has_own_steps(self) -> bool:
        """Whether some parameter takes steps of another size than α, unless it takes none."""
        return any(each.own_steps for each in self.preconditioners)

    def preconditioner(self, step: int) -> Preconditioner | None:
        """Mₛ of a step, counted from 0; None where it is 1."""
        if not self.preconditioners:
            return None
        return self.preconditioners[min(step, len(self.preconditioners) - 1)]

    def inputs(self, x: Tensor, task: Tensor) -> Tensor:
        """What the network is given at x ``(T, K, 1)`` of tasks ``(T, 1, P)``."""
        if not self.sees_task:
            return x
        return torch.cat([x, task.expand(*x.shape[:-1], task.shape[-1])], -1)


NetworkStart = StartingPoint | FittedNetwork  # where a learner's adaptation starts
Start = StartingPoint | Estimator  # where adaptation can start


def kind_and_parts(start: StartingPoint, step: int) -> tuple[Kind | None, tuple[Tensor, ...]]:
    """The kind and the tensors of the preconditioner of a step, if there is one."""
    preconditioner = start.preconditioner(step)
    return (None, ()) if preconditioner is None else (type(preconditioner), (*preconditioner,))
