"""What can be reproduced, by the names that the command line uses."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from explorer.core.jobs.reproduction.plan import FULL, QUICK, Plan

if TYPE_CHECKING:
    from explorer.core.figures.figure import Figure
    from explorer.core.jobs.progress import Job


@dataclass(frozen=True)
class Item:
    """A figure or table of a paper, or a question about it.

    Attributes:
        name: on the command line and in file names.
        label: what people read.
        help: one line for the reader.
        module: of this package, which has the job under the item's name; imported when it is
            needed, since that takes time.
        quick: iterations of its trainings in the quick version.
        full: iterations of its trainings as the paper has them.
        seeds: whether it judges learners, which can be trained from several seeds, and not single
            networks.
        apart: whether it is no part of "all", which is the MAML paper's figures and table.
    """

    name: str
    label: str
    help: str
    module: str
    quick: int = QUICK.settings.iterations
    full: int = FULL.settings.iterations
    seeds: bool = True
    apart: bool = False

    def job(self, plan: Plan) -> Job[Figure]:
        """Make it; see `explorer.core.figures.figure.JobProgress`."""
        module = import_module(f"explorer.core.jobs.reproduction.{self.module}")
        job: Job[Figure] = getattr(module, self.name.replace("-", "_"))(plan)
        return job


ITEMS = {
    item.name: item
    for item in (
        Item(
            "fig2", "Figure 2: one sine",
            "MAML and pretraining adapt to 5 and 10 points of one sine, also on one half only.",
            "sines", seeds=False,
        ),
        Item(
            "fig3", "Figures 3 and 6: error against steps",
            "Error of MAML, pretraining and oracle after 0 to 10 steps on 5, 10 and 20 points.",
            "steps",
        ),
        Item(
            "fig6", "Figure 7: further sines",
            "As Figure 2 for sines drawn at random, one of them with points on one half only.",
            "sines", seeds=False,
        ),
        Item(
            "table2", "Table 2: all baselines",
            "Error after 1, 5 and 10 steps on 5 points, the paper's beside ours, in one table.",
            "table",
        ),
        Item(
            "steps100", "Does pretraining catch up?",
            "Error after up to 100 steps: would the pretrained network catch up with MAML?",
            "steps",
        ),
        Item(
            "l2", "Table 2's line with l2: a search",
            "Which start, λ and α bring averaged networks closest to the paper's line with l2?",
            "l2", quick=FULL.shared_iterations, full=FULL.shared_iterations, apart=True,
        ),
        Item(
            "meta-sgd", "Meta-SGD's table",
            "MAML and Meta-SGD trained at 5 and 10 shots, one step on 5, 10 and 20 points.",
            "papers.meta_sgd", full=60_000, apart=True,
        ),
        Item(
            "cavia", "CAVIA's sines",
            "CAVIA and MAML with α = 0.1, one step on 10 points.",
            "papers.cavia", apart=True,
        ),
        Item(
            "mmaml", "MMAML's regression",
            "MAML on functions of two, three and five kinds, with what there is to learn; hours.",
            "papers.mmaml", quick=3_000, apart=True,
        ),
        Item(
            "alpaca", "ALPaCA's multistep",
            "MAML as it was run there, beside longer steps and a ridge head: did it learn?",
            "papers.alpaca", quick=5_000, full=15_000, apart=True,
        ),
    )
}  # fmt: skip
