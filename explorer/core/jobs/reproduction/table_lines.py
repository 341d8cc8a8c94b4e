"""The lines of Table 2: whom it has, how each is trained, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.plan import SHARED_ALPHA, Plan
from explorer.core.jobs.reproduction.published import TABLE2
from explorer.core.jobs.reproduction.steps import TUNED
from explorer.core.jobs.reproduction.store import Kept, Training, plain, with_shared_start
from explorer.core.learners import LEARNERS, MAML
from explorer.core.learners.averaged import AVERAGED_L2
from explorer.core.learners.implicit import IMPLICIT

AUTHORS = "maml-authors"
AUTHORS_ALPHA = 0.001  # what the authors' documented command line leaves it at
AUTHORS_LABEL = f"{MAML.label}, α = {AUTHORS_ALPHA:g}"
SHARED = "averaged-l2-shared"
SHARED_LABEL = f"{AVERAGED_L2.label}, shared start, α = {SHARED_ALPHA:g}"
PAPERS = tuple(TABLE2)  # in the paper's order
# Its meta-gradient does not see whether the inner steps are stable, and in a training as long as
# the paper's they do not stay so (resources/README.md).
LEFT_OUT = (IMPLICIT.name,)
OTHERS = tuple(name for name in LEARNERS if name not in (*PAPERS, *LEFT_OUT))


class TableEntry(NamedTuple):
    """A line of the table.

    Attributes:
        name: of the row; a learner's, or a variant's.
        label: what people read.
        training: where its network comes from, but for the seed.
        paper: the paper's errors by number of steps.
        alpha: step size; None for that of training, or for the best where it is tuned.
    """

    name: str
    label: str
    training: Training
    paper: Mapping[int, float]
    alpha: float | None = None

    @property
    def tuned(self) -> bool:
        """Whether the step size is chosen on other tasks."""
        return self.alpha is None and self.training.learner in TUNED


class TableResult(NamedTuple):
    """What is known of an entry; of each there are as many as there are training seeds."""

    entry: TableEntry
    kept: tuple[Kept, ...]
    alphas: tuple[float, ...]
    evaluation: OverSeeds

    def and_one_more(self, kept: Kept, alpha: float, evaluation: Evaluation) -> TableResult:
        """With one more network."""
        found = OverSeeds((*self.evaluation.found, evaluation))
        return TableResult(self.entry, (*self.kept, kept), (*self.alphas, alpha), found)


def entries(plan: Plan) -> list[TableEntry]:
    """The paper's lines in its order, variants of two of them, and the other learners."""

    def entry(name: str) -> TableEntry:
        return TableEntry(name, LEARNERS[name].label, plain(plan, name), TABLE2.get(name, {}))

    authors = Training(MAML.name, replace(plan.settings, alpha=AUTHORS_ALPHA))
    shared = with_shared_start(plan, AVERAGED_L2.name)
    variants = (
        TableEntry(SHARED, SHARED_LABEL, shared, TABLE2[AVERAGED_L2.name], SHARED_ALPHA),
        TableEntry(AUTHORS, AUTHORS_LABEL, authors, TABLE2[MAML.name]),
    )
    return [*map(entry, PAPERS), *variants, *map(entry, OTHERS)]
