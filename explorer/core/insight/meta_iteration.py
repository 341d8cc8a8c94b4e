"""One real meta-iteration taken apart: from the tasks drawn to Adam's step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import no_grad
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.insight.task_gradients import TaskGradients, cosine_between, take_apart
from explorer.core.learners import LEARNERS
from explorer.core.training.batches import next_batches
from explorer.core.training.learner_state import LearnerState, untrained
from explorer.core.training.loop import Run, advance
from explorer.core.training.loop import start as begin
from explorer.core.training.outer_loop import step_weights

if TYPE_CHECKING:
    from torch import Tensor


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
        return cosine_between(-self.gradient, self.step)

    @property
    def angle(self) -> float:
        """Between these two, in degrees, 0 to 180."""
        return math.degrees(math.acos(self.cosine))


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
    return replace(begin(settings, (learner,)), learners={learner: replace(zero, meta=meta)})


@no_grad
def meta_iteration(run: Run, learner: str, threads: int = 1) -> MetaIteration:
    """The next meta-iteration of one of a run's learners, as `training.loop.advance` does it.

    Args:
        run: where training stands; it stays as it is.
        learner: one that it trains.
        threads: how many share the work; it comes to the same bits with any number of them.

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
