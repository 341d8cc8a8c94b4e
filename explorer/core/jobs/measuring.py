"""Evaluations as parts of a larger job: each can be stopped within it, and tells how far it is."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import explorer
from explorer.core.adaptation.inner_loop import Start
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.evaluation import GRID_POINTS, Evaluation, blocks_and_rests, summarise
from explorer.core.evaluation.paired_differences import TaskErrors
from explorer.core.families import Family

A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")
# A moment to stop at comes at least after each block or some 50 ms of work; more often than this
# they would only cost time.
MIN_SECONDS = 0.02
TUNING_TASKS = 200
TUNING_HALVINGS = 4  # from a sixteenth of its own step size to sixteen times that


def each(work: Generator[A, None, R], change: Callable[[A], B]) -> Generator[B, None, R]:
    """What a generator yields, changed; then returns what it returns."""
    while True:
        try:
            item = next(work)
        except StopIteration as end:
            result: R = end.value
            return result
        yield change(item)


@dataclass(frozen=True, eq=False)
class Measured:
    """What one learner did on many tasks with the same K and α.

    Attributes:
        alpha: step size.
        evaluation: means over the tasks.
        errors: on every single task.
    """

    alpha: float
    evaluation: Evaluation
    errors: TaskErrors


def measured(
    start: Start,
    family: Family,
    *,
    shots: int,
    steps: int,
    tasks: int,
    alpha: float,
    seed: int,
) -> Generator[float, None, Measured]:
    """As `evaluation.evaluate`; yields the share done at every moment to stop, then returns."""
    blocks, seen = [], 0
    for block in blocks_and_rests(
        start, family, shots=shots, steps=steps, tasks=tasks, alpha=alpha, seed=seed
    ):
        if block is not None:
            blocks.append(block)
            seen += block[0].shape[1]
        yield seen / tasks
    return Measured(alpha, summarise(blocks, shots), TaskErrors.of(blocks))


def work_of(start: Start, *, shots: int, steps: int, tasks: int) -> float:
    """How long `measured` takes, in some unit, to weigh the parts of a job by."""
    parameters = start.theta.shape[-1] if isinstance(start, StartingPoint) else 10
    return float(tasks * (steps + 1) * (500 + parameters) * (3 * shots + GRID_POINTS))


class Meter:
    """How much of a job is done, as its parts are done one after another.

    Attributes:
        share: 0 to 1.
    """

    def __init__(self, total: float) -> None:
        """Begin.

        Args:
            total: work of all parts.
        """
        self._total, self._done, self._told = total, 0.0, 0.0
        self.share = 0.0

    def part(self, work: float, doing: Generator[float, None, R]) -> Generator[float, None, R]:
        """Do a part; yields the share of the whole that is done, then returns what it returns."""
        while True:
            try:
                share = next(doing)
            except StopIteration as end:
                self._done += work
                self.share = min(1.0, self._done / self._total)
                result: R = end.value
                return result
            now = time.perf_counter()
            if now - self._told >= MIN_SECONDS:
                self.share = min(1.0, (self._done + work * share) / self._total)
                yield self.share
                self._told = time.perf_counter()

    def with_result(self, work: float, doing: Generator[float, None, R]) -> Iterator[float | R]:
        """As `part`, for a loop: what it returns comes as the last item."""
        yield (yield from self.part(work, doing))


def provenance(seed: int, command: str) -> str:
    """Where a figure comes from, in one line: program, command if there was one, date, versions."""
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    versions = f"torch {torch.__version__}, Python {platform.python_version()}"
    origin = command or f"seed {seed}"
    return " · ".join([f"MAML Explorer {explorer.__version__}", origin, made, versions])
