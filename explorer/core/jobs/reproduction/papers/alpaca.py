"""ALPaCA's multistep (Harrison et al. 2018, arXiv 1807.08912, and their code)."""

from __future__ import annotations

from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Figure
from explorer.core.jobs.progress import Job
from explorer.core.jobs.reproduction.paper import Cell, Entry, Paper
from explorer.core.jobs.reproduction.paper_job import reproduce_paper
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.published import Published
from explorer.core.learners.maml import MAML
from explorer.core.learners.meta_sgd import META_SGD
from explorer.core.learners.ridge import RIDGE

BEFORE, AFTER, LAST = Cell(10, 0), Cell(10, 1), Cell(10, 5)
LONGER = 0.1
OURS = Settings(family="multistep", shots=10, query=10)
WIDE = OURS.changed(hidden=(128, 128, 128), activation="tanh")  # of their own learner there

PAPER = Paper(
    "alpaca",
    "ALPaCA's multistep: did the published MAML learn?",
    (
        Entry(
            MAML.name, f"{MAML.label} as there", MAML.name, PRESETS["multistep"].settings,
            numbers={BEFORE: Published(0.48), AFTER: Published(0.44)},
        ),
        Entry(
            "maml-longer", f"{MAML.label}, α = {LONGER:g}", MAML.name,
            OURS.changed(alpha=LONGER),
        ),
        Entry(META_SGD.name, META_SGD.label, META_SGD.name, OURS),
        Entry(RIDGE.name, f"{RIDGE.label}, 3 × 128 tanh", RIDGE.name, WIDE),
    ),
    (BEFORE, AFTER, LAST),
    (
        "Harrison et al. 2018 (arXiv 1807.08912), as their code has it: ±1 with three flips in "
        "[−2.5, 2.5], noise of variance 0.05. MAML there is the authors' code as it is for sines: "
        "two layers of 40 ReLU, α = 0.001, 15,000 iterations of 25 tasks, K = 10, from weights of "
        "σ = 0.01; 0.48 before and 0.44 after adaptation are what their notebooks have.",
        "Their own learner has three layers of 128 tanh and a Bayesian last layer; the ridge head "
        "is the nearest to it here.",
    ),
    noisy=True,
    floors=True,
)  # fmt: skip


def alpaca(plan: Plan) -> Job[Figure]:
    """MAML as it was run there, with a longer step, and learners that learn their steps."""
    return (yield from reproduce_paper(plan, PAPER))
