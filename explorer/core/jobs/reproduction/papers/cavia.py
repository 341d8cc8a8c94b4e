"""CAVIA's sines (Zintgraf et al. 2019, arXiv 1810.03642, section 5.1 and their code)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Figure, Row
from explorer.core.jobs.progress import Job
from explorer.core.jobs.reproduction.paper import Cell, Entry, Paper
from explorer.core.jobs.reproduction.paper_job import reproduce_paper
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.published import Published
from explorer.core.learners.cavia import CAVIA
from explorer.core.learners.maml import MAML

HERE = Cell(10, 1)
PAPER_ALPHA = "maml-paper"  # MAML with the step size of its own paper


def _step_size(rows: Sequence[Row]) -> Iterator[str]:
    """What MAML's step size there makes of the comparison."""
    ours = {row.learner: row.ours for row in rows if (row.shots, row.steps) == HERE}
    if {CAVIA.name, MAML.name, PAPER_ALPHA} <= set(ours):
        yield (
            f"CAVIA is ahead of MAML by {ours[MAML.name] - ours[CAVIA.name]:.2f} with α = 0.1, as "
            f"there, and by {ours[PAPER_ALPHA] - ours[CAVIA.name]:.2f} with the α = "
            f"{Settings.alpha:g} of MAML's own paper."
        )


PAPER = Paper(
    "cavia",
    "CAVIA's sines: the paper's numbers and ours",
    (
        Entry(
            CAVIA.name, CAVIA.label, CAVIA.name, PRESETS["cavia"].settings,
            numbers={HERE: Published(0.19)},
        ),
        # 0.61 to 0.65, depending on how many inputs the network has besides x.
        Entry(
            MAML.name, f"{MAML.label}, α = 0.1", MAML.name, PRESETS["cavia-maml"].settings,
            numbers={HERE: Published(0.63, 0.02)},
        ),
        Entry(PAPER_ALPHA, f"{MAML.label}, α = {Settings.alpha:g}", MAML.name, Settings()),
    ),
    (HERE, Cell(10, 5), Cell(10, 10)),
    (
        "Zintgraf et al. 2019 (arXiv 1810.03642): the MAML paper's sines, K = 10, one step; CAVIA "
        "with 5 context parameters and α = 1, MAML with α = 0.1. Their numbers, about 0.19 for "
        "CAVIA and 0.61 to 0.65 for MAML with various numbers of further inputs, are as quoted, "
        "and were not checked against the paper.",
        "Their code tests on 100 evenly spaced x, as this program does, with as many steps as in "
        "training; further steps are ours. Its default is 50,000 iterations, the paper's "
        "70,000.",
    ),
    (
        "Their code draws MAML's initial weights by the number of a layer's outputs, not its "
        "inputs, and keeps the network that was best on validation tasks.",
    ),
    _step_size,
)  # fmt: skip


def cavia(plan: Plan) -> Job[Figure]:
    """CAVIA, and MAML with its step size there and in its own paper."""
    return (yield from reproduce_paper(plan, PAPER))
