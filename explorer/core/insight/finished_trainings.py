"""The table of finished trainings with few and many query points, as its command printed it.

``maml-explorer query-points --json`` writes it; the program comes with one.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from explorer.core.base.errors import UserError


class Finished(NamedTuple):
    """The error after some gradient steps, of trainings that differ in their seeds alone.

    Attributes:
        query: fresh query points in training; None for the support points again.
        steps: gradient steps.
        mean: mean squared error, the mean over seeds.
        low: of the best seed.
        high: of the worst.
        lost: tasks that are lost, of all seeds together.
    """

    query: int | None
    steps: int
    mean: float
    low: float
    high: float
    lost: int


@dataclass(frozen=True)
class FinishedTrainings:
    """What the command found.

    Attributes:
        iterations: meta-iterations of each training.
        shots: K.
        seeds: trainings for each number of query points.
        tasks: on which each was measured.
        rows: by query points and steps.
        provenance: program, command, date and versions.
    """

    iterations: int
    shots: int
    seeds: int
    tasks: int
    rows: tuple[Finished, ...]
    provenance: str

    def after(self, steps: int) -> tuple[tuple[Finished, ...], Finished | None]:
        """The rows after so many steps: by fresh points, and of the support points again."""
        found = [row for row in self.rows if row.steps == steps]
        fresh = tuple(row for row in found if row.query is not None)
        return fresh, next((row for row in found if row.query is None), None)


def read_finished(path: Path) -> FinishedTrainings:
    """Read the table.

    Raises:
        UserError: the file is not there, or is not such a table.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return FinishedTrainings(
            int(found["iterations"]),
            int(found["shots"]),
            len(found["seeds"]),
            int(found["tasks"]),
            tuple(map(_row, found["summary"])),
            str(found["provenance"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path.name} is not a table of finished trainings: install the program again, or make "
            "one with maml-explorer query-points --json."
        ) from error


def _row(values: dict[str, Any]) -> Finished:
    query = None if values["query"] is None else int(values["query"])
    mean, low, high = (_number(values[key]) for key in ("mean", "low", "high"))
    lost = int(values["diverged"]) + int(values.get("astray", 0))  # older tables have no astray
    return Finished(query, int(values["steps"]), mean, low, high, lost)


def _number(value: float | None) -> float:
    """What is not finite is null in JSON."""
    return math.nan if value is None else float(value)
