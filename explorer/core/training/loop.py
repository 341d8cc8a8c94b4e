"""Meta-training: immutable runs, and a generator that carries one forward chunk by chunk.

A `Run` is everything that decides what comes next, and its past on a ladder. Pausing is to stop
asking for more, resuming is to continue from the last `Run`, and a resumable file is a `Run` on
disk, so all three give the same numbers as never having stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation.starting_point import NetworkStart
from explorer.core.base.cancellation import check_cancelled
from explorer.core.base.errors import TrainingDivergedError
from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS, MAML, PRETRAINED
from explorer.core.network.mlp import make_network
from explorer.core.training.batches import next_batches
from explorer.core.training.ladder import EMPTY, Ladder, Marks, marks, to_next
from explorer.core.training.learner_state import LearnerState, advanced, untrained
from explorer.core.training.outer_loop import Chunk, compiled_chunk, thread_count

if TYPE_CHECKING:
    from torch import Tensor


# A pause takes effect within one chunk; between chunks training waits for the interpreter lock,
# which a painting window holds: chunks of 25 ms lost a third of the speed, of 60 ms a sixth.
CHUNK_SECONDS = 0.06
MAX_CHUNK = 400
DEFAULT_LEARNERS = (MAML.name, PRETRAINED.name)  # trained side by side unless asked otherwise
HELD_OUT_TASKS = 100
HELD_OUT_STEPS = 10
HELD_OUT_SHARE = 20  # training gets at least this many times the time of held-out evaluation


@dataclass(frozen=True)
class Run:
    """A training run at one iteration. Nothing in it is ever changed in place.

    Attributes:
        settings: the experiment.
        iteration: meta-iterations done.
        learners: state of each learner by name; all see the same points of the same tasks.
        task_stream: state of the generator that draws tasks.
        noise_stream: state of the generator that draws noise.
        ladder: where the learners stood before; `train` adds to it.
    """

    settings: Settings
    iteration: int
    learners: Mapping[str, LearnerState]
    task_stream: Tensor
    noise_stream: Tensor
    ladder: Ladder = EMPTY

    @property
    def moments(self) -> tuple[int, ...]:
        """The iterations at which it is known where its learners stood, this one last."""
        return (*(each for each in self.ladder.iterations if each < self.iteration), self.iteration)

    def starting_point(self, learner: str, moment: int | None = None) -> NetworkStart:
        """Where a learner's adaptation to a task starts, or started at one of its `moments`.

        Raises:
            KeyError: it is not known where the learner stood then.
        """
        if moment is not None and moment != self.iteration:
            return self.ladder.at(moment).starting_point(learner, self.settings)
        return LEARNERS[learner].starting_point(self.learners[learner].meta, self.settings)

    @cached_property
    def marks(self) -> Marks:
        """The iterations at which its ladder has rungs."""
        sizes = {name: len(state.meta) for name, state in self.learners.items()}
        return marks(self.settings, sizes)

    def on_ladder(self) -> Run:
        """The run with a rung for where it is, if one belongs there."""
        metas = {name: state.meta for name, state in self.learners.items()}
        ladder = self.ladder.climbed(self.marks, self.iteration, metas, self.settings)
        return self if ladder is self.ladder else replace(self, ladder=ladder)


@dataclass(frozen=True)
class Progress:
    """A chunk of training done.

    Attributes:
        run: the run after the chunk.
        losses: per learner, ``(iterations of the chunk, its losses)``, float32.
        seconds: time the chunk took.
    """

    run: Run
    losses: Mapping[str, NDArray[np.float32]]
    seconds: float


@dataclass(frozen=True)
class HeldOut:
    """Mean loss over all held-out tasks after 0, 1, … steps, per learner; see `Evaluation`."""

    iteration: int
    mse: Mapping[str, tuple[float, ...]]
    lost: Mapping[str, tuple[int, ...]]


TrainEvent = Progress | HeldOut


def start(
    settings: Settings,
    learners: tuple[str, ...] = DEFAULT_LEARNERS,
    theta: Tensor | None = None,
) -> Run:
    """A run at iteration 0. All learners with the same network start from the same θ.

    Args:
        settings: the experiment.
        learners: names in `LEARNERS`.
        theta: the weights ``(P,)`` that every learner starts from; drawn unless they are given.
    """
    return Run(
        settings,
        0,
        {name: untrained(name, settings, theta) for name in learners},
        stream(settings.seed, "tasks").get_state(),
        stream(settings.seed, "noise").get_state(),
    ).on_ladder()


def advance(
    run: Run,
    iterations: int,
    chunk_of: Callable[[str], Chunk] = compiled_chunk,
    threads: int = 1,
) -> tuple[Run, dict[str, NDArray[np.float32]]]:
    """Carry a run forward; neither the cuts between calls nor the threads make a difference.

    Raises:
        CancelledWorkError: it is no longer wanted, found out between two learners.
    """
    drawn = next_batches(run.settings, run.task_stream, run.noise_stream, iterations)
    states: dict[str, LearnerState] = {}
    losses = {}
    for name in run.learners:
        if states:
            check_cancelled()
        states[name], losses[name] = advanced(
            *(name, run.settings, run.iteration, run.learners[name], drawn.batch),
            *(chunk_of(name), threads),
        )
    done = replace(
        run,
        iteration=run.iteration + iterations,
        learners=states,
        task_stream=drawn.task_stream,
        noise_stream=drawn.noise_stream,
    )
    return done, losses


def threads_for(settings: Settings, spare: int = 0) -> int:
    """How many threads training gains from on this machine.

    Args:
        settings: the experiment; with little work in an iteration, one thread is faster.
        spare: cores to leave to others.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    network = make_network(settings.hidden, settings.activation)
    points = settings.shots + settings.query
    return thread_count(network, settings.meta_batch, points, cores - spare)


def _check_finite(run: Run, before: Run) -> None:
    for name, state in run.learners.items():
        parts = (state.meta, state.first_moment, state.second_moment)
        if not all(torch.isfinite(part).all() for part in parts):
            raise TrainingDivergedError(
                f"Training {LEARNERS[name].label} left the finite numbers between iterations "
                f"{before.iteration} and {run.iteration}: lower α or β, or narrow the range of x."
            )


def held_out(run: Run) -> HeldOut:
    """The run's learners on held-out tasks of its own distribution.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    settings = run.settings
    results = {
        name: evaluate(
            run.starting_point(name),
            settings.family,
            shots=settings.shots,
            steps=HELD_OUT_STEPS,
            tasks=HELD_OUT_TASKS,
            alpha=settings.effective_alpha,
            seed=settings.seed,
        )
        for name in run.learners
    }
    return HeldOut(
        run.iteration,
        {name: result.full for name, result in results.items()},
        {name: result.lost for name, result in results.items()},
    )


def train(
    run: Run,
    until: int | None = None,
    held_out_seconds: float | None = None,
    threads: int = 1,
) -> Iterator[TrainEvent]:
    """Train, yielding after every chunk of about `CHUNK_SECONDS`, and wherever a rung belongs.

    Args:
        run: where to start.
        until: iteration at which to stop, the settings' by default.
        held_out_seconds: training time between evaluations on held-out tasks, more if they take
            long; the first comes after half a second and the last at the end. None for never.
        threads: how many share the work (see `threads_for`). The same seed gives the same bits
            with any number of them.

    Raises:
        TrainingDivergedError: a parameter is no longer finite; the last event is the last good one.
        CancelledWorkError: it is no longer wanted; the last event is what there is.
    """
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    until = run.settings.iterations if until is None else until
    length, since_held_out, ladder = 1, 0.0, run.marks
    wait = 0.5
    while run.iteration < until:
        begin = time.perf_counter()
        before = run
        count = min(length, until - before.iteration, to_next(ladder, before.iteration))
        run, losses = advance(before, count, compiled_chunk, threads)
        _check_finite(run, before)
        run = run.on_ladder()
        seconds = time.perf_counter() - begin
        yield Progress(run, losses, seconds)
        per_iteration = seconds / (run.iteration - before.iteration)
        length = int(min(max(CHUNK_SECONDS / per_iteration, 1), 2 * length, MAX_CHUNK))
        since_held_out += seconds
        if held_out_seconds is not None and (since_held_out > wait or run.iteration == until):
            begin = time.perf_counter()
            yield held_out(run)
            wait = max(held_out_seconds, HELD_OUT_SHARE * (time.perf_counter() - begin))
            since_held_out = 0.0
