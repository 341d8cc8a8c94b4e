"""What a paper other than MAML's is here: whom it compares, its numbers, and how it got them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Row
from explorer.core.jobs.reproduction.items import ITEMS
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.published import Published
from explorer.core.jobs.reproduction.store import Training


class Cell(NamedTuple):
    """After so many gradient steps on K points."""

    shots: int
    steps: int

    @property
    def points(self) -> str:
        """On how many points, in words."""
        return f"K = {self.shots}"

    @property
    def taken(self) -> str:
        """After how many steps, in words."""
        return f"{self.steps} step{'s' * (self.steps != 1)}"


@dataclass(frozen=True)
class Entry:
    """A network that the paper measures, or that stands beside those.

    Attributes:
        name: of its rows; a learner's, or a variant's.
        label: what people read.
        learner: how it is trained.
        settings: the experiment; `Item` says for how long and the plan from which seed.
        panel: title of the panel that it is drawn in.
        numbers: the paper's, where it has them.
    """

    name: str
    label: str
    learner: str
    settings: Settings
    panel: str = ""
    numbers: Mapping[Cell, Published] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Which one it is: the same learner may stand in several panels."""
        return self.panel, self.name

    @property
    def full_label(self) -> str:
        """What its rows are called."""
        return f"{self.label}, {self.panel}" if self.panel else self.label


def nothing(_rows: Sequence[Row]) -> Iterable[str]:
    """No remark."""
    return ()


@dataclass(frozen=True)
class Paper:
    """What is reproduced of a paper.

    Attributes:
        item: its name in `ITEMS`.
        title: what stands above it.
        entries: whom it compares.
        cells: where they are measured.
        protocol: how the paper measured, and what is known of its numbers; sentence by sentence.
        reasons: what may be behind differences; sentence by sentence.
        remarks: what its rows show besides; sentence by sentence.
        noisy: whether the paper judges on targets with noise, whose variance is added to ours.
        floors: whether the best single function is measured too, and what was learned judged.
    """

    item: str
    title: str
    entries: tuple[Entry, ...]
    cells: tuple[Cell, ...]
    protocol: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    remarks: Callable[[Sequence[Row]], Iterable[str]] = nothing
    noisy: bool = False
    floors: bool = False

    @property
    def shots(self) -> tuple[int, ...]:
        """Every K, in order."""
        return tuple(dict.fromkeys(cell.shots for cell in self.cells))

    @property
    def steps(self) -> int:
        """As many as are taken."""
        return max(cell.steps for cell in self.cells)

    @property
    def panels(self) -> tuple[str, ...]:
        """Their titles, in order."""
        return tuple(dict.fromkeys(entry.panel for entry in self.entries))

    def iterations(self, plan: Plan) -> int:
        """For how long its networks are trained."""
        if plan.scale is not None:
            return plan.scale.settings.iterations
        item = ITEMS[self.item]
        return item.quick if plan.quick else item.full

    def training(self, plan: Plan, entry: Entry, seed: int) -> Training:
        """How one of its networks is trained."""
        settings = entry.settings.changed(iterations=self.iterations(plan), seed=seed)
        if plan.scale is not None:
            small = plan.scale.settings
            settings = settings.changed(meta_batch=small.meta_batch, hidden=small.hidden)
        return Training(entry.learner, settings)
