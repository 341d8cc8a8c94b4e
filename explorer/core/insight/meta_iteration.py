"""One real meta-iteration taken apart: from the tasks drawn to Adam's step.

For learners whose meta-gradient goes through an inner loop θₛ₊₁ = θₛ − Rₛ∇L_support(θₛ) on every
task of the meta-batch (Finn et al. 2017, arXiv 1703.03400, Algorithm 2). By the chain rule the
meta-gradient of a task is Σₛ wₛ∇L_query(θₛ) − Σₛ HₛRₛᵀvₛ₊₁, with the symbols of
`explorer.core.learners.unrolling`: the first sum is first-order MAML's, the second is what the
Hessians Hₛ of the support losses add.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.preconditioners import Preconditioner
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import no_grad, torch
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS, Learner
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
from explorer.core.training.batches import next_batches
from explorer.core.training.loop import LearnerState, Run, advance, untrained
from explorer.core.training.loop import start as begin
from explorer.core.training.outer_loop import step_weights

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


@dataclass(frozen=True, eq=False)
class AdamStep:
    """Adam's step along the meta-gradient (Kingma and Ba 2015), M meta-parameters.

    Attributes:
        gradient: what the learner follows, ``(M,)``; the trainer sums it in another order.
        before: where the learner stood.
        after: where it stands, to the last bit.
    """

    gradient: Tensor
    before: LearnerState
    after: LearnerState

    @property
    def step(self) -> Tensor:
        """How far each meta-parameter moves, ``(M,)``; mostly by less than β."""
        return self.after.meta - self.before.meta

    @property
    def cosine(self) -> float:
        """Between the step and the way straight down; Adam remembers earlier batches."""
        return _cosine(-self.gradient, self.step)


@dataclass(frozen=True, eq=False)
class MetaIteration:
    """A meta-iteration in six acts, each with all that a view needs to draw it.

    1. Tasks drawn: `batch`. 2. Support gradients and 3. adapted networks: `tasks`, with `curves`.
    4. Query losses: `tasks.query_loss`. 5. The meta-gradient: `tasks.triangle`; how much of it is
    noise: `explorer.core.insight.gradient_noise.noise_of(tasks.followed)`. 6. Adam: `adam`.

    Attributes:
        learner: whose.
        iteration: meta-iterations done before.
        batch: points of the T tasks, ``(T, K, 1)`` each, and the tasks ``(T, 1, P)``.
        tasks: what happens on each task.
        adam: the step of the meta-parameters.
        run: the run of this learner alone after it, from which the next one can be had.
    """

    learner: str
    iteration: int
    batch: Batch
    tasks: TaskGradients
    adam: AdamStep
    run: Run


def why_not(learner: str) -> str:
    """Why a learner's meta-iteration cannot be taken apart, in one sentence; empty if it can."""
    rule = LEARNERS[learner]
    return rule.instead if rule.hessians is None else ""


def begun_with(settings: Settings, learner: str, theta: Tensor) -> Run:
    """A run of one learner that begins with weights θ ``(P,)`` that came without a run.

    Adam is at rest and learned step sizes are α, as before the first meta-iteration.
    """
    zero = untrained(learner, settings)
    meta = LEARNERS[learner].begin(theta, settings)
    return replace(begin(settings, ()), learners={learner: replace(zero, meta=meta)})


@no_grad
def meta_iteration(run: Run, learner: str, threads: int = 1) -> MetaIteration:
    """The next meta-iteration of one of a run's learners, as `training.loop.advance` does it.

    Args:
        run: where training stands; it stays as it is.
        learner: one that it trains.
        threads: with as many the trainer comes to the same bits.

    Raises:
        UserError: the learner's meta-gradient does not go through an inner loop, or is too large.
    """
    rule, settings, state = LEARNERS[learner], run.settings, run.learners[learner]
    drawn = next_batches(settings, run.task_stream, run.noise_stream, 1).batch
    batch = Batch(*(part[0] for part in drawn))
    weights = None
    if settings.outer_loss == "every":
        weights = step_weights(run.iteration, 1, settings.inner_steps, state.meta.dtype)[0]
    tasks = take_apart(rule, settings, state.meta, batch, weights)
    network, inner = rule.network(settings), rule.inner_loop(settings)
    gradient, _ = rule.meta_gradient(state.meta, batch, network, inner, weights)
    alone = replace(run, learners={learner: state})
    after, _ = advance(alone, 1, threads=threads)
    adam = AdamStep(gradient, state, after.learners[learner])
    return MetaIteration(learner, run.iteration, batch, tasks, adam, after)


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
    start = rule.starting_point(meta, settings)
    if rule.hessians is None or not isinstance(start, StartingPoint):
        raise UserError(f"{rule.label} has no such meta-gradient. {rule.instead}")
    tasks, steps, network = len(batch.support_x), settings.inner_steps, start.network
    if tasks * len(start.theta) * (2 * steps + 5) > MAX_NUMBERS:
        raise UserError(
            "A meta-iteration of this size cannot be taken apart: lower the meta-batch, the layer "
            "widths or the inner steps."
        )
    rates = _rates(start, settings)
    unrolled = unroll(start.theta, rates, batch, network, weights is not None)
    derivative = backwards(unrolled, rates, network, weights)
    adapted = _adapted(start.theta.expand(tasks, -1), unrolled, rates, network)
    losses = [_losses(theta, batch.support_x, batch.support_y, network) for theta in adapted[:-1]]
    judged = [_losses(theta, batch.query_x, batch.query_y, network) for theta in adapted]
    first = [
        weighted(passed, weights, step)
        for step, passed in enumerate(unrolled.query)
        if passed is not None
    ]
    parameters = parameter_count(network)
    return TaskGradients(
        network,
        torch.stack(adapted),
        torch.stack(unrolled.gradients),
        torch.stack(losses),
        torch.stack(judged),
        summed(first)[:, :parameters],
        through_hessians(unrolled, derivative, rates, network)[:, :parameters],
        rule.hessians,
    )


def triangle_of(first_order: Tensor, hessian: Tensor) -> Triangle:
    """The triangle of two parts, ``(P,)`` each."""
    full = first_order + hessian
    a, b, c = (float(each.norm()) for each in (first_order, hessian, full))
    return Triangle(a, b, c, _cosine(first_order, full))


class _Scaled(NamedTuple):
    """α·M."""

    alpha: float
    map: Preconditioner

    def apply(self, gradient: Tensor, network: Network) -> Tensor:
        return self.map.apply(gradient, network) * self.alpha

    def transposed(self, vector: Tensor, network: Network) -> Tensor:
        return self.map.transposed(vector, network) * self.alpha


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


def _cosine(one: Tensor, other: Tensor) -> float:
    """Between two vectors; NaN where one of them is 0."""
    one, other = one.double(), other.double()
    lengths = float(one.norm() * other.norm())
    return max(-1.0, min(1.0, float(one @ other) / lengths)) if lengths else math.nan
