"""What the question of how many query points is asked with, and what is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from explorer.core.base.errors import UserError
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.experiment.settings import Settings
from explorer.core.jobs.reproduction.plan import FULL, QUICK, standard_store
from explorer.core.jobs.reproduction.store import Training
from explorer.core.jobs.requests import DESCRIPTIONS, MOST_SEEDS, check_numbers
from explorer.core.learners import MAML

STEPS = 10
SHOWN_STEPS = (1, STEPS)


class Judged(NamedTuple):
    """On which points the adapted network is judged in training.

    Attributes:
        points: fresh query points; None for the support points again.
    """

    points: int | None

    @property
    def label(self) -> str:
        """What people read."""
        if self.points is None:
            return "support points again"
        return f"{self.points} query {'point' if self.points == 1 else 'points'}"


FRESH = tuple(map(Judged, (1, 2, 5, 10, 20, 50)))
AGAIN = Judged(None)
JUDGED = (*FRESH, AGAIN)


@dataclass(frozen=True)
class QueryPoints:
    """Trainings of MAML that differ in their query points and their seeds.

    Attributes:
        quick: whether to train less than the paper, for a first look.
        seeds: how many trainings with each number of query points, from seeds one after another.
        seed: the first of these; it also draws the tasks on which all are measured.
        tasks: held-out tasks.
        store: folder in which trainings are kept, as those of a reproduction are.
        experiment: in place of the paper's, for tests.

    Raises:
        UserError: a value is out of bounds.
    """

    quick: bool = False
    seeds: int = 3
    seed: int = 0
    tasks: int = 1000
    store: Path = field(default_factory=standard_store)
    experiment: Settings | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise UserError(f"Training seeds must number between 1 and {MOST_SEEDS}.")
        last = min(self.seed + self.seeds - 1, int(DESCRIPTIONS["seed"].high) + 1)
        check_numbers((self.settings.shots,), STEPS, self.tasks, self.seed, STEPS + 1)
        check_numbers((self.settings.shots,), STEPS, self.tasks, last, STEPS + 1)

    @property
    def settings(self) -> Settings:
        """The experiment but for the query points and the seed."""
        return self.experiment or (QUICK if self.quick else FULL).settings

    @property
    def all_seeds(self) -> range:
        """The seeds of the trainings."""
        return range(self.seed, self.seed + self.seeds)

    def training(self, judged: Judged, seed: int) -> Training:
        """One of the trainings."""
        settings = self.settings.changed(seed=seed)
        if judged.points is None:
            return Training(MAML.name, settings.changed(judged_on="support"))
        return Training(MAML.name, settings.changed(query=judged.points))

    def trainings(self) -> Iterator[tuple[Judged, int]]:
        """All of them, so that the first seed's come first and the whole is soon in sight."""
        for seed in self.all_seeds:
            for judged in JUDGED:
                yield judged, seed


Found = Mapping[tuple[Judged, int], Evaluation]  # by what it was judged on and its seed
