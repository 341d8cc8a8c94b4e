"""MMAML's regression (Vuorio et al. 2019, arXiv 1910.13616, and their code): plain MAML there.

Their learner modulates a network by an encoding of the task, which this program has not. Their
table could not be read where we looked, so none of its numbers stands here.
"""

from __future__ import annotations

from explorer.core.experiment.presets import PRESETS
from explorer.core.figures.figure import Figure
from explorer.core.jobs.progress import Job
from explorer.core.jobs.reproduction.paper import Cell, Entry, Paper
from explorer.core.jobs.reproduction.paper_job import reproduce_paper
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.learners.maml import MAML

MODES = (2, 3, 5)

PAPER = Paper(
    "mmaml",
    "MMAML's regression: MAML on two, three and five kinds of functions",
    tuple(
        Entry(
            MAML.name,
            MAML.label,
            MAML.name,
            PRESETS[f"mmaml-{modes}"].settings,
            f"{modes} modes",
        )
        for modes in MODES
    ),
    (Cell(5, 0), Cell(5, 1), Cell(5, 5)),
    (
        "Vuorio et al. 2019 (arXiv 1910.13616) and the commands of their code: 5 points with noise "
        "of σ = 0.3, 5 inner steps of α = 0.001, 70,000 iterations of 25 tasks of each kind.",
        "Their numbers could not be checked, so none stands here; judge by the best single "
        "function, which needs no adaptation.",
    ),
    noisy=True,
    floors=True,
)


def mmaml(plan: Plan) -> Job[Figure]:
    """MAML with two, three and five modes."""
    return (yield from reproduce_paper(plan, PAPER))
