"""How far a job is: one meter for comparisons, grids and the reproduction of the paper.

A job is a generator of `JobProgress`, and so is each part of it, which returns what it found:
``found = yield from part(meter, …)``. Generators are there to tell how far they are; what they
work on is stopped by `explorer.core.base.cancellation`.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TypeVar

from explorer.core.figures.figure import Figure, JobProgress

R = TypeVar("R")
Job = Generator[JobProgress, None, R]  # returns what it found

MIN_SECONDS = 0.02  # telling more often how far a job is would only cost time


class Meter:
    """How much of a job is done, as its parts are done one after another.

    Attributes:
        figure: what is known so far; it goes along with the next progress.
    """

    def __init__(self, total: float, figure: Figure | None = None) -> None:
        """Begin.

        Args:
            total: work of all parts, in any unit.
            figure: what is known before the first.
        """
        self.figure = figure
        self._total, self._done, self._part = max(total, 1e-9), 0.0, 0.0
        self._doing, self._told = "starting", 0.0

    def begin(self, work: float, doing: str) -> None:
        """Begin the next part, of so much work; the one before it is done."""
        self._done += self._part
        self._part, self._doing = work, doing

    @property
    def is_due(self) -> bool:
        """Whether there was no progress for a while."""
        return time.perf_counter() - self._told >= MIN_SECONDS

    def at(self, share: float, doing: str = "") -> JobProgress:
        """The progress where such a share of the part is done.

        Args:
            share: 0 to 1.
            doing: what is being done, where it is more than at the part's beginning.
        """
        self._doing = doing or self._doing
        self._told = time.perf_counter()
        done = (self._done + self._part * min(share, 1.0)) / self._total
        return JobProgress(min(done, 1.0), self._doing, self.figure)

    def end(self) -> JobProgress:
        """The last progress."""
        return JobProgress(1.0, "done", self.figure)
