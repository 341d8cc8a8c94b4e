"""The ladder of a run: where its learners stood at iterations of the past.

Training changes a network fast at first and slowly later, so the rungs lie an iteration apart at
first and then by a thirteenth of the iterations below. Which these are does not depend on how a run
was cut into chunks or sessions: a resumed run goes on with the same ladder.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import NetworkStart, StartingPoint
from explorer.core.experiment.settings import DESCRIPTIONS, Settings
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import parameter_count

if TYPE_CHECKING:
    from torch import Tensor

MOST_RUNGS = 200
SPACING = 13  # after a rung comes the next by one iteration, and one more for so many below
MOST_NUMBERS = 6 * 2**20  # on a whole ladder: 24 MiB, and a third more as text in a file

Marks = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Rung:
    """An iteration of the past.

    Attributes:
        iteration: meta-iterations done.
        learned: by learner what adaptation starts from: its meta-parameters ``(M,)``, or of
            learners that average many networks the mean of their weights ``(P,)``.
    """

    iteration: int
    learned: Mapping[str, Tensor]

    def starting_point(self, learner: str, settings: Settings) -> NetworkStart:
        """Where a learner's adaptation to a task started then."""
        rule, learned = LEARNERS[learner], self.learned[learner]
        if rule.own_tasks is None:
            return rule.starting_point(learned, settings)
        return StartingPoint(rule.network(settings), learned)


@dataclass(frozen=True, eq=False)
class Ladder:
    """The rungs of a run so far, in order. Nothing on it is ever changed in place."""

    rungs: tuple[Rung, ...] = ()

    @property
    def iterations(self) -> Marks:
        """Where the rungs are."""
        return tuple(rung.iteration for rung in self.rungs)

    def at(self, iteration: int) -> Rung:
        """The rung at an iteration.

        Raises:
            KeyError: there is none.
        """
        place = bisect_right(self.iterations, iteration) - 1
        if place < 0 or self.rungs[place].iteration != iteration:
            raise KeyError(iteration)
        return self.rungs[place]

    def climbed(
        self, marks: Marks, iteration: int, metas: Mapping[str, Tensor], settings: Settings
    ) -> Ladder:
        """The ladder once a run has come to an iteration; the same one if no rung belongs there.

        Args:
            marks: where rungs belong (`marks`); those elsewhere are taken off.
            iteration: of the run.
            metas: meta-parameters of its learners ``(M,)``.
            settings: of the run.
        """
        if iteration not in _as_set(marks) or iteration in self.iterations:
            return self
        kept = tuple(rung for rung in self.rungs if rung.iteration in _as_set(marks))
        learned = {name: _learned(name, meta, settings) for name, meta in metas.items()}
        return Ladder((*kept, Rung(iteration, learned)))


EMPTY = Ladder()


def marks(settings: Settings, learners: Mapping[str, int]) -> Marks:
    """The iterations at which a run's ladder has rungs, from 0 up to as many as can be asked for.

    Of learners with very many parameters only every second, fourth … rung is kept, so that a whole
    ladder has no more than `MOST_NUMBERS` numbers.

    Args:
        settings: of the run.
        learners: number of meta-parameters of each learner.
    """
    each = sum(rung_size(name, meta, settings) for name, meta in learners.items())
    rungs = bisect_right(_all_marks(), settings.iterations)
    stride = 1
    while -(-rungs // stride) * each > MOST_NUMBERS and stride < len(_all_marks()):
        stride *= 2  # so that a longer run leaves out some of the same rungs
    return _all_marks()[::stride]


def to_next(marks: Marks, iteration: int) -> int:
    """Iterations from one up to the next rung; beyond the last, as many as one likes."""
    place = bisect_right(marks, iteration)
    return marks[place] - iteration if place < len(marks) else int(DESCRIPTIONS["iterations"].high)


@lru_cache(1)
def _all_marks() -> Marks:
    found, highest = [0], DESCRIPTIONS["iterations"].high
    while (following := found[-1] + 1 + found[-1] // SPACING) <= highest:
        found.append(following)
    return tuple(found)


@lru_cache(8)
def _as_set(marks: Marks) -> frozenset[int]:
    return frozenset(marks)


def rung_size(learner: str, meta: int, settings: Settings) -> int:
    """How many numbers a rung has of a learner with so many meta-parameters."""
    rule = LEARNERS[learner]
    return meta if rule.own_tasks is None else parameter_count(rule.network(settings))


def _learned(learner: str, meta: Tensor, settings: Settings) -> Tensor:
    """What a rung has of a learner, in memory of its own."""
    rule = LEARNERS[learner]
    if rule.own_tasks is None:
        return meta.clone()
    return rule.starting_point(meta, settings).theta.clone()
