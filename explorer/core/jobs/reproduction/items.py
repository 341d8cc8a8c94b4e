"""What can be reproduced, by the names that the command line uses."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from explorer.core.jobs.reproduction.plan import Plan

if TYPE_CHECKING:
    from explorer.core.figures.figure import Figure
    from explorer.core.jobs.progress import Job


@dataclass(frozen=True)
class Item:
    """A figure or table of the paper, or a question about it.

    Attributes:
        name: on the command line and in file names.
        label: what people read.
        help: one line for the reader.
        module: of this package, which has the job under the item's name; imported when it is
            needed, since that takes time.
    """

    name: str
    label: str
    help: str
    module: str

    def job(self, plan: Plan) -> Job[Figure]:
        """Make it; see `explorer.core.figures.figure.JobProgress`."""
        module = import_module(f"explorer.core.jobs.reproduction.{self.module}")
        job: Job[Figure] = getattr(module, self.name)(plan)
        return job


ITEMS = {
    item.name: item
    for item in (
        Item(
            "fig2", "Figure 2: one sine",
            "MAML and pretraining adapt to 5 and 10 points of one sine, also on one half only.",
            "sines",
        ),
        Item(
            "fig3", "Figures 3 and 6: error against steps",
            "Error of MAML, pretraining and oracle after 0 to 10 steps on 5, 10 and 20 points.",
            "steps",
        ),
        Item(
            "fig6", "Figure 7: further sines",
            "As Figure 2 for sines drawn at random, one of them with points on one half only.",
            "sines",
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
    )
}  # fmt: skip
