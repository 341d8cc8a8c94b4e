"""What a comparison is asked for, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from explorer.core.base.errors import UserError
from explorer.core.families import DEFAULT_FAMILY, Family
from explorer.core.jobs.metered_evaluation import LearnerResult
from explorer.core.jobs.requests import check_alpha, check_numbers, step_sizes_around

StepSize = float | Literal["own", "tuned"]
Results = Mapping[tuple[str, int], LearnerResult]  # by label and K

TUNING_TASKS = 200
TUNING_HALVINGS = 4  # from a sixteenth of its own step size to sixteen times that


@dataclass(frozen=True)
class Comparison:
    """What to compare competitors on.

    Attributes:
        shots: numbers of support points K, each with a panel of its own.
        steps: gradient steps S.
        tasks: fresh tasks for each K.
        seed: draws the tasks and their points.
        alpha: step size α of everyone; or "own" for each learner's effective α of training; or
            "tuned" for each learner's best at each K, found on other tasks.
        family: the task distribution.
        reference: label of the competitor that the others are measured against on the same tasks;
            None for no such differences.

    Raises:
        UserError: a value is out of bounds.
    """

    shots: tuple[int, ...] = (5, 10, 20)
    steps: int = 10
    tasks: int = 600
    seed: int = 0
    alpha: StepSize = 0.01
    family: Family = DEFAULT_FAMILY
    reference: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self.shots, self.steps, self.tasks, self.seed, self.steps + 1)
        if isinstance(self.alpha, str):
            if self.alpha not in {"own", "tuned"}:
                raise UserError('Step size α must be a number, "own" or "tuned".')
        else:
            check_alpha(self.alpha)

    @property
    def tuning_seed(self) -> int:
        """Draws the tasks that step sizes are tuned on: others than the comparison's."""
        return (self.seed + 2**30) % 2**31


def tuning_alphas(own: float) -> tuple[float, ...]:
    """The step sizes that are tried for a learner with one of its own."""
    return step_sizes_around(own, TUNING_HALVINGS)
