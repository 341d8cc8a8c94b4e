"""Meta-SGD's regression (Li et al. 2017, arXiv 1707.09835, Table 1).

The first pair of numbers at 5 shots and the rest of that row can be read in the paper's text and
in summaries of it; the row trained at 10 shots is as quoted, and not checked against the paper.
"""

from __future__ import annotations

from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Figure
from explorer.core.jobs.progress import Job
from explorer.core.jobs.reproduction.paper import Cell, Entry, Paper
from explorer.core.jobs.reproduction.paper_job import reproduce_paper
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.published import Published
from explorer.core.learners.maml import MAML
from explorer.core.learners.meta_sgd import META_SGD

SHOTS = (5, 10, 20)
# By learner and K of training, at K = 5, 10 and 20.
TABLE1 = {
    (MAML.name, 5): ((1.13, 0.18), (0.85, 0.14), (0.71, 0.12)),
    (META_SGD.name, 5): ((0.90, 0.16), (0.63, 0.12), (0.50, 0.10)),
    (MAML.name, 10): ((1.17, 0.0), (0.77, 0.0), (0.56, 0.0)),
    (META_SGD.name, 10): ((0.88, 0.0), (0.53, 0.0), (0.35, 0.0)),
}


def _entry(learner: str, shots: int) -> Entry:
    numbers = zip(SHOTS, TABLE1[learner, shots], strict=True)
    return Entry(
        learner,
        {MAML.name: MAML.label, META_SGD.name: META_SGD.label}[learner],
        learner,
        Settings(family="sine-frequency", shots=shots, query=10, meta_batch=4),
        f"trained at K = {shots}",
        {Cell(k, 1): Published(*number) for k, number in numbers},
    )


PAPER = Paper(
    "meta-sgd",
    "Meta-SGD's regression: the paper's table and ours",
    tuple(_entry(learner, shots) for shots in (5, 10) for learner in (MAML.name, META_SGD.name)),
    tuple(Cell(k, 1) for k in SHOTS),
    (
        "Li et al. 2017 (arXiv 1707.09835), Table 1: A·sin(ωx + b) with A ∈ [0.1, 5], "
        "ω ∈ [0.8, 1.2] and b ∈ [0, π]; 60,000 iterations, one step; 100 random curves with 100 "
        "test points each, measured 100 times, with 95 % intervals.",
        "The paper's row trained at 10 shots is as quoted, without intervals, and was not checked "
        "against the paper. A meta-batch of 4 tasks and 10 query points.",
    ),
    (
        "With which weights and which β their networks were trained is not known to us, and 100 "
        "curves are few: their intervals and ours over tasks are both taken into account.",
    ),
)


def meta_sgd(plan: Plan) -> Job[Figure]:
    """MAML and Meta-SGD, trained at 5 and 10 shots."""
    return (yield from reproduce_paper(plan, PAPER))
