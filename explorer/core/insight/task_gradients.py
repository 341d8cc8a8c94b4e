"""The meta-gradient of every task of a batch, taken apart.

For learners whose meta-gradient goes through an inner loop θₛ₊₁ = θₛ − Rₛ∇L_support(θₛ) on every
task of the meta-batch (Finn et al. 2017, arXiv 1703.03400, Algorithm 2). By the chain rule the
meta-gradient of a task is Σₛ wₛ∇L_query(θₛ) − Σₛ HₛRₛᵀvₛ₊₁, with the symbols of
`explorer.core.learners.unrolling`: the first sum is first-order MAML's, the second is what the
Hessians Hₛ of the support losses add.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.preconditioners import Preconditioner
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import no_grad, torch
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import Learner
from explorer.core.learners.unrolling import (
    Rates,
    Unrolled,
    backwards,
    summed,
    through_hessians,
    unroll,
    weighted,
)
from explorer.core.network.derivatives import losses_and_pass, predict
from explorer.core.network.mlp import Network, parameter_count

if TYPE_CHECKING:
    from torch import Tensor

MAX_NUMBERS = 50_000_000  # kept of all tasks together: 200 MB


class Triangle(NamedTuple):
    """Lengths of the meta-gradient's two parts and of their sum, and where they point.

    Attributes:
        first_order: ‖a‖, of first-order MAML's part.
        hessian: ‖b‖, of what the Hessians add.
        full: ‖a + b‖.
        cosine: between a and a + b; NaN where one of them is 0.
    """

    first_order: float
    hessian: float
    full: float
    cosine: float

    @property
    def angle(self) -> float:
        """Between a and a + b, in degrees, 0 to 180."""
        return math.degrees(math.acos(self.cosine))

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """In the plane of both: where they start, the end of a along x, and the end of a + b."""
        cosine = 0.0 if math.isnan(self.cosine) else self.cosine
        end = self.full * cosine, self.full * math.sqrt(1 - cosine * cosine)
        return (0.0, 0.0), (self.first_order, 0.0), end


@dataclass(frozen=True, eq=False)
class TaskGradients:
    """The inner loop on each of T tasks with S steps, and the meta-gradient of each.

    P weights, and C context values where a learner has such (CAVIA).

    Attributes:
        network: the shape of the network.
        adapted: θ₀ … θ_S, ``(S + 1, T, P + C)``.
        support_gradients: ∇L_support before each step, ``(S, T, P + C)``.
        support_loss: L_support before each step, ``(S, T)``.
        query_loss: L_query before adaptation and after each step, ``(S + 1, T)``.
        first_order: Σₛ wₛ∇L_query(θₛ) by the weights, ``(T, P)``.
        hessian: what the Hessians add, computed by Hessian-vector products, ``(T, P)``.
        takes_hessians: whether the learner follows both parts, or the first alone.
    """

    network: Network
    adapted: Tensor
    support_gradients: Tensor
    support_loss: Tensor
    query_loss: Tensor
    first_order: Tensor
    hessian: Tensor
    takes_hessians: bool

    @property
    def full(self) -> Tensor:
        """The exact meta-gradient of each task by the weights, ``(T, P)``."""
        return self.first_order + self.hessian

    @property
    def followed(self) -> Tensor:
        """What the learner follows of it, ``(T, P)``."""
        return self.full if self.takes_hessians else self.first_order

    @property
    def triangle(self) -> Triangle:
        """The means over the tasks of both parts, and of their sum."""
        return triangle_of(self.first_order.mean(0), self.hessian.mean(0))

    def curves(self, grid: Tensor) -> Tensor:
        """What every network predicts on a grid ``(G,)``, before each step and after the last.

        Returns:
            ``(S + 1, T, G)``.
        """
        inputs = grid.view(1, -1, 1).expand(self.adapted.shape[1], -1, 1)
        each = [predict(theta, inputs, self.network).squeeze(-1) for theta in self.adapted]
        return torch.stack(each)


@no_grad
def take_apart(
    rule: Learner, settings: Settings, meta: Tensor, batch: Batch, weights: Tensor | None = None
) -> TaskGradients:
    """The meta-gradient of a learner on a batch, task by task and part by part.

    Args:
        rule: the learner.
        settings: its experiment.
        meta: its meta-parameters, ``(M,)``, of any float type.
        batch: points of T tasks, of the same type.
        weights: of the query loss after each inner step, ``(S,)``; None for the last alone.

    Raises:
        UserError: the learner's meta-gradient does not go through an inner loop, or is too large.
    """
    start = _start(rule, settings, meta, len(batch.support_x))
    tasks, network, rates = len(batch.support_x), start.network, _rates(start, settings)
    unrolled = unroll(start.theta, rates, batch, network, weights is not None)
    derivative = backwards(unrolled, rates, network, weights)
    adapted = _adapted(start.theta.expand(tasks, -1), unrolled, rates, network)
    losses = [_losses(theta, batch.support_x, batch.support_y, network) for theta in adapted[:-1]]
    judged = [_losses(theta, batch.query_x, batch.query_y, network) for theta in adapted]
    parameters = parameter_count(network)
    return TaskGradients(
        network,
        torch.stack(adapted),
        torch.stack(unrolled.gradients),
        torch.stack(losses),
        torch.stack(judged),
        _first_order(unrolled, weights)[:, :parameters],
        through_hessians(unrolled, derivative, rates, network)[:, :parameters],
        bool(rule.hessians),
    )


@no_grad
def followed_by(rule: Learner, settings: Settings, meta: Tensor, batch: Batch) -> Tensor:
    """As `take_apart(…).followed` and nothing else, in half the time, ``(T, P)``."""
    start = _start(rule, settings, meta, len(batch.support_x))
    network, rates = start.network, _rates(start, settings)
    unrolled = unroll(start.theta, rates, batch, network, every_step=False)
    found = _first_order(unrolled, None)
    if rule.hessians:
        derivative = backwards(unrolled, rates, network, None)
        found = found + through_hessians(unrolled, derivative, rates, network)
    return found[:, : parameter_count(network)]


def triangle_of(first_order: Tensor, hessian: Tensor) -> Triangle:
    """The triangle of two parts, ``(P,)`` each."""
    full = first_order + hessian
    a, b, c = (float(each.norm()) for each in (first_order, hessian, full))
    return Triangle(a, b, c, cosine_between(first_order, full))


class _Scaled(NamedTuple):
    """α·M."""

    alpha: float
    map: Preconditioner

    def apply(self, gradient: Tensor, network: Network) -> Tensor:
        return self.map.apply(gradient, network) * self.alpha

    def transposed(self, vector: Tensor, network: Network) -> Tensor:
        return self.map.transposed(vector, network) * self.alpha


def _start(rule: Learner, settings: Settings, meta: Tensor, tasks: int) -> StartingPoint:
    """Where the inner loop on so many tasks starts.

    Raises:
        UserError: the learner's meta-gradient does not go through an inner loop, or is too large.
    """
    start = rule.starting_point(meta, settings)
    if rule.hessians is None or not isinstance(start, StartingPoint):
        raise UserError(f"{rule.label} has no such meta-gradient. {rule.instead}")
    if tasks * len(start.theta) * (2 * settings.inner_steps + 5) > MAX_NUMBERS:
        raise UserError(
            "A meta-iteration of this size cannot be taken apart: lower the meta-batch, the layer "
            "widths or the inner steps."
        )
    return start


def _first_order(unrolled: Unrolled, weights: Tensor | None) -> Tensor:
    """Σₛ wₛ∇L_query(θₛ) of each task, ``(T, P + C)``."""
    parts = [
        weighted(passed, weights, step)
        for step, passed in enumerate(unrolled.query)
        if passed is not None
    ]
    return summed(parts)


def _rates(start: StartingPoint, settings: Settings) -> list[Rates]:
    """Rₛ of each inner step."""
    alpha, rates = settings.effective_alpha, list[Rates]()
    for step in range(settings.inner_steps):
        own = start.preconditioner(step)
        rates.append(alpha if own is None else _Scaled(alpha, own))
    return rates


def _adapted(
    theta: Tensor, unrolled: Unrolled, rates: Sequence[Rates], network: Network
) -> list[Tensor]:
    """θ₀ … θ_S, ``(T, P + C)`` each."""
    found = [theta]
    for rate, descent in zip(rates, unrolled.gradients, strict=True):
        moved = descent * rate if isinstance(rate, float) else rate.apply(descent, network)
        found.append(found[-1] - moved)
    return found


def _losses(theta: Tensor, x: Tensor, y: Tensor, network: Network) -> Tensor:
    return losses_and_pass(theta, x, y, network)[0]


def cosine_between(one: Tensor, other: Tensor) -> float:
    """Between two vectors; NaN where one of them is 0."""
    one, other = one.double(), other.double()
    lengths = float(one.norm() * other.norm())
    return max(-1.0, min(1.0, float(one @ other) / lengths)) if lengths else math.nan
