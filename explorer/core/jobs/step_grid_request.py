"""What a grid of one network is asked for, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.core.base.errors import UserError
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.families import DEFAULT_FAMILY, Family
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.requests import check_alpha, check_numbers, step_sizes_around

HALVINGS = 3  # from an eighth of its own step size to eight times that


@dataclass(frozen=True)
class StepGrid:
    """What to test one network on.

    Attributes:
        shots: numbers of support points K, the rows of the grid.
        steps: gradient steps S; the columns are 0 to S.
        alphas: step sizes α to try beside its own; None for its own times ⅛, ¼, ½, 2, 4 and 8.
        tasks: fresh tasks for each K.
        seed: draws the tasks and their points.
        family: the task distribution; None for that of its training.

    Raises:
        UserError: a value is out of bounds.
    """

    shots: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 40)
    steps: int = 20
    alphas: tuple[float, ...] | None = None
    tasks: int = 600
    seed: int = 0
    family: Family | None = None

    def __post_init__(self) -> None:
        check_numbers(self.shots, self.steps, self.tasks, self.seed, self.steps + 2)
        for alpha in self.alphas or ():
            check_alpha(alpha)
        if self.alphas is not None and len(set(self.alphas)) < len(self.alphas):
            raise UserError("Step sizes α: give each number once.")

    def alphas_for(self, own: float) -> tuple[float, ...]:
        """All step sizes in order, its own among them."""
        given = step_sizes_around(own, HALVINGS) if self.alphas is None else self.alphas
        return tuple(sorted({own, *given}))

    def family_for(self, competitor: Competitor) -> Family:
        """The task distribution for one network."""
        if self.family is not None:
            return self.family
        return DEFAULT_FAMILY if competitor.settings is None else competitor.settings.family


@dataclass(frozen=True, eq=False)
class Cells:
    """One K and α, after every step.

    Attributes:
        evaluation: as `evaluation.evaluate` finds it.
        score: mean error over all tasks after 0 … S + 1 steps, ``(S + 2,)``.
        hurts: whether one more step raises that mean by more than its 95 % interval over the same
            tasks, ``(S + 1,)``.
    """

    evaluation: Evaluation
    score: NDArray[np.float64]
    hurts: NDArray[np.bool_]


Grid = Mapping[tuple[int, float], Cells]  # by K and α
