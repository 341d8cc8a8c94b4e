"""The paper's numbers, and how ours stand to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.figures.figure import Row, Verdict
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


def published(learner: str, shots: int, steps: int) -> float | None:
    """The paper's mean squared error, where it has one."""
    return TABLE2.get(learner, {}).get(steps) if shots == TABLE2_SHOTS else None


def verdict(ours: float, ci95: float, paper: float | None) -> Verdict:
    """How an error stands to the paper's: "agrees" while our 95 % interval holds the paper's."""
    if paper is None or not math.isfinite(ours):
        return ""
    if ours + ci95 < paper:
        return "better"
    return "worse" if ours - ci95 > paper else "agrees"


def row(item: str, name: str, label: str, found: Evaluation, step: int, paper: float | None) -> Row:
    """One number of an evaluation, beside the paper's."""
    plain = row_of(item, name, label, found, step)
    return replace(plain, paper=paper, verdict=verdict(plain.ours, plain.ci95, paper))


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
