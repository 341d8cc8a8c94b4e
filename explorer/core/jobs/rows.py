"""An evaluation as a row of a figure, and its lost tasks in words: the same for every job."""

from __future__ import annotations

from typing import Protocol

from explorer.core.evaluation.evaluation import MOST_LOST
from explorer.core.evaluation.task_errors import ASTRAY_FACTOR
from explorer.core.figures.figure import Row

COUNTED = (
    "A task is lost once its support loss has diverged, or once it has gone astray: its error on "
    f"the whole function exceeds {ASTRAY_FACTOR:g} times what predicting zero costs, on it and on "
    "average, and what it was before adaptation. A lost task counts in the mean with what "
    "predicting zero costs on it, in the median as infinite; the mean of the kept leaves it out, "
    f"and is withheld where more than {100 * MOST_LOST:.0f} % are lost."
)
INTERVALS = (
    "95 % intervals from the spread between sets of tasks, each spread evenly and independently "
    "of the others"
)


class Found(Protocol):
    """An evaluation, or the mean of several; see `Evaluation` for what its numbers are."""

    @property
    def shots(self) -> int: ...  # noqa: D102
    @property
    def full(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def full_ci95(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def mse(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def median(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def diverged(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def astray(self) -> tuple[int, ...]: ...  # noqa: D102


def row_of(item: str, role: str, label: str, found: Found, step: int) -> Row:
    """What was found after a step, without a number of the paper's beside it."""
    return Row(
        *(item, role, label, found.shots, step, None, found.full[step], found.full_ci95[step]),
        *(found.diverged[step], "", found.median[step], found.mse[step], found.astray[step]),
    )


def lost_text(found: Found, step: int) -> str:
    """How many tasks are lost by a step and in which way: "12 (10 diverged, 2 astray)"."""
    diverged, astray = found.diverged[step], found.astray[step]
    parts = [f"{diverged} diverged"] * bool(diverged) + [f"{astray} astray"] * bool(astray)
    return f"{diverged + astray} ({', '.join(parts)})" if parts else ""
