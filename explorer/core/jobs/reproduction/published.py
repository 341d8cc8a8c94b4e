"""The papers' numbers, and how ours stand to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from explorer.core.figures.figure import Row, Verdict
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.rows import row_of

# Finn et al. 2017, arXiv 1703.03400v3, Table 2: 5-shot mean squared error after so many steps.
TABLE2 = {
    "averaged": {1: 4.19, 5: 3.85, 10: 3.69},
    "averaged-l2": {1: 7.18, 5: 5.69, 10: 5.60},
    "averaged-pulled": {1: 2.91, 5: 2.72, 10: 2.71},
    "pretrained": {1: 2.41, 5: 2.23, 10: 2.19},
    "maml": {1: 0.67, 5: 0.38, 10: 0.35},
}
TABLE2_SHOTS = 5
TABLE2_STEPS = (1, 5, 10)


class Published(NamedTuple):
    """A number of a paper.

    Attributes:
        mse: mean squared error.
        ci95: half-width of its interval, or of the range that the paper gives; 0 without one.
    """

    mse: float
    ci95: float = 0.0


def published(learner: str, shots: int, steps: int) -> Published | None:
    """The MAML paper's number, where it has one."""
    error = TABLE2.get(learner, {}).get(steps) if shots == TABLE2_SHOTS else None
    return None if error is None else Published(error)


def verdict(ours: float, reach: float, paper: float | None) -> Verdict:
    """How an error stands to a paper's: "agrees" while the paper's lies within its reach."""
    if paper is None or not math.isfinite(ours):
        return ""
    if ours + reach < paper:
        return "better"
    return "worse" if ours - reach > paper else "agrees"


def row(
    item: str, name: str, label: str, found: OverSeeds, step: int, paper: Published | None
) -> Row:
    """One number of a learner, beside the paper's.

    A paper's number is of one training. So of several trainings of ours the reach is that of one
    more, with the interval over tasks and the paper's own, one as if independent of the other.
    """
    plain = row_of(item, name, label, found, step)
    further = (found.one_more[step] if found.seeds > 1 else 0.0, paper.ci95 if paper else 0.0)
    reach = math.hypot(plain.ci95, *further) if any(further) else plain.ci95
    given = paper.mse if paper else None
    return replace(
        plain,
        paper=given,
        verdict=verdict(plain.ours, reach, given),
        seeds=found.seeds,
        ci95_seeds=found.ci95_seeds[step],
    )


def disagreements(rows: Iterable[Row]) -> Iterator[str]:
    """Sentences on the numbers that are not the paper's, and on what that may be."""
    for row in rows:
        if row.paper is None or row.verdict not in {"better", "worse"}:
            continue
        after = f"after {row.steps} step{'s' * (row.steps != 1)} at K = {row.shots}"
        text = f"{row.label} is {row.verdict} than the paper {after}: {row.ours:.2f} ± "
        text += f"{row.ci95:.2f} against {row.paper:.2f}"
        # The paper gives no interval; its mean over 600 random tasks has at least ours.
        if abs(row.ours - row.paper) <= math.sqrt(2) * row.ci95:
            text += ", which may be chance: the paper's mean has an interval too"
        yield text + "."
