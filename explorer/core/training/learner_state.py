"""Where one learner stands in a run, and how it gets on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.base.lazy_torch import no_grad, torch
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import initialise
from explorer.core.training.outer_loop import Adam, Chunk
from explorer.core.training.own_tasks import own_tasks
from explorer.core.training.sequential import advance_in_turn

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LearnerState:
    """Where one learner stands.

    Attributes:
        meta: its meta-parameters, ``(M,)``.
        first_moment: Adam's estimate m, ``(M,)``.
        second_moment: Adam's estimate v, ``(M,)``.
        seconds: spent on training it; 0 where that is not known.
    """

    meta: Tensor
    first_moment: Tensor
    second_moment: Tensor
    seconds: float = 0.0


def untrained(learner: str, settings: Settings, theta: Tensor | None = None) -> LearnerState:
    """A learner before training; θ ``(P,)`` is drawn unless it is given."""
    rule = LEARNERS[learner]
    if theta is None:
        generator = stream(settings.seed, "initialisation")
        theta = initialise(rule.network(settings), generator, settings.initialisation)
    meta = rule.begin(theta, settings)
    zero = torch.zeros_like(meta)
    return LearnerState(meta, zero, zero)


@no_grad
def advanced(
    learner: str,
    settings: Settings,
    iteration: int,
    state: LearnerState,
    batch: Batch,
    chunk: Chunk,
    threads: int,
) -> tuple[LearnerState, NDArray[np.float32]]:
    """A learner after as many iterations as the batch has; those with own tasks draw theirs.

    Args:
        learner: its name.
        settings: its experiment.
        iteration: meta-iterations done.
        state: where it stands.
        batch: points of the tasks of each iteration.
        chunk: the outer loop.
        threads: how many share the work.

    Returns:
        Where it stands then, and its losses ``(iterations, its losses)``.
    """
    begin = time.perf_counter()
    rule = LEARNERS[learner]
    adam: Adam = state.meta, state.first_moment, state.second_moment
    if rule.own_tasks is not None:
        own = own_tasks(rule, settings, iteration, len(batch.support_x))
        batch, threads = own.split(settings.shots), 1
    if rule.own_tasks is not None and rule.own_tasks.sequential:
        adam, loss = advance_in_turn(rule, settings, adam, iteration, batch, chunk)
    else:
        adam, loss = chunk(
            *adam,
            iteration,
            batch,
            rule.network(settings),
            rule.inner_loop(settings),
            settings.beta,
            threads,
            settings.outer_loss == "every",
        )
    seconds = state.seconds + time.perf_counter() - begin
    return LearnerState(*adam, seconds), loss.numpy()
