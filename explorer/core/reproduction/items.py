"""What can be reproduced, by the names that the command line uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from explorer.core.figure import Figure, JobProgress
from explorer.core.reproduction.plan import Plan


@dataclass(frozen=True)
class Item:
    """A figure or table of the paper, or a question about it.

    Attributes:
        name: on the command line and in file names.
        label: what people read.
        help: one line for the reader.
        job: makes it; see `explorer.core.figure.JobProgress`.
    """

    name: str
    label: str
    help: str
    job: Callable[[Plan], Iterator[JobProgress]]


def _skeleton(name: str) -> Callable[[Plan], Iterator[JobProgress]]:
    def job(_plan: Plan) -> Iterator[JobProgress]:
        yield JobProgress(1.0, "done", Figure(name, name, (), complete=True))

    return job


ITEMS = {
    item.name: item
    for item in (
        Item(
            "fig2", "Figure 2: one sine",
            "MAML and pretraining adapt to 5 and 10 points of one sine, also on one half only.",
            _skeleton("fig2"),
        ),
        Item(
            "fig3", "Figures 3 and 6: loss against steps",
            "Error of MAML, pretraining and oracle after 0 to 10 steps on 5, 10 and 20 points.",
            _skeleton("fig3"),
        ),
        Item(
            "fig6", "Figure 7: further sines",
            "As Figure 2 for sines drawn at random, two of them with points on one half only.",
            _skeleton("fig6"),
        ),
        Item(
            "table2", "Table 2: all baselines",
            "Error after 1, 5 and 10 steps on 5 points, the paper's beside ours.",
            _skeleton("table2"),
        ),
        Item(
            "steps100", "Does pretraining catch up?",
            "Error after up to 100 steps: would the pretrained network catch up with MAML?",
            _skeleton("steps100"),
        ),
    )
}  # fmt: skip
