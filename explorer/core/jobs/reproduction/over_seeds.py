"""A learner, not one network of it: its errors from several training seeds on the same tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.jobs.between_seeds import mean_ci95, one_more_ci95


@dataclass(frozen=True)
class OverSeeds:
    """What a learner's trainings come to, step by step.

    Attributes:
        found: the evaluations of its networks, at the same K on the same tasks; at least one.
        added: what is added to every error: the variance of the noise in the targets on which a
            paper judges, where ours are without.
    """

    found: tuple[Evaluation, ...]
    added: float = 0.0

    @property
    def shots(self) -> int:
        """K."""
        return self.found[0].shots

    @property
    def tasks(self) -> int:
        """Tasks that all of them met."""
        return self.found[0].tasks

    @property
    def full(self) -> tuple[float, ...]:
        """Mean over all tasks and the seeds."""
        return self._shifted("full")

    @property
    def full_ci95(self) -> tuple[float, ...]:
        """Half-width of the interval over tasks of a network as they are on average."""
        return self._mean("full_ci95")

    @property
    def mse(self) -> tuple[float, ...]:
        """Mean over the kept tasks and the seeds; NaN where it is withheld for any."""
        return self._shifted("mse")

    @property
    def median(self) -> tuple[float, ...]:
        """Of a network as they are on average."""
        return self._shifted("median")

    @property
    def diverged(self) -> tuple[int, ...]:
        """Tasks that diverged, of all networks together."""
        return tuple(map(sum, self._by_step("diverged")))

    @property
    def astray(self) -> tuple[int, ...]:
        """Further tasks that are lost, of all networks together."""
        return tuple(map(sum, self._by_step("astray")))

    @property
    def lost(self) -> tuple[int, ...]:
        """Tasks that are lost in either way, of all networks together."""
        return tuple(map(sum, self._by_step("lost")))

    @property
    def seeds(self) -> int:
        """How many there are."""
        return len(self.found)

    @property
    def ci95_seeds(self) -> tuple[float, ...]:
        """Half-width of the interval of the mean over training seeds; NaN of one."""
        return self._each(mean_ci95)

    @property
    def one_more(self) -> tuple[float, ...]:
        """Half-width of the interval in which one more training would fall; NaN of one."""
        return self._each(one_more_ci95)

    def _each(self, width: Callable[[Sequence[float]], float]) -> tuple[float, ...]:
        return tuple(map(width, self._by_step("full")))

    def _shifted(self, name: str) -> tuple[float, ...]:
        return tuple(mean + self.added for mean in self._mean(name))

    def _mean(self, name: str) -> tuple[float, ...]:
        return tuple(sum(each) / len(each) for each in self._by_step(name))

    def _by_step(self, name: str) -> list[tuple[Any, ...]]:
        """One of the numbers of an evaluation, those of all seeds at one step after another."""
        return list(zip(*(getattr(each, name) for each in self.found), strict=True))
