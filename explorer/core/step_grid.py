"""Train once, test everything: one network at every K, after every step, with every step size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.core.comparison import Competitor
from explorer.core.distribution import Distribution, check_alpha, check_numbers
from explorer.core.errors import UserError
from explorer.core.figure import Figure, JobProgress


@dataclass(frozen=True)
class StepGrid:
    """What to test one network on.

    Attributes:
        shots: numbers of support points K, the rows of the grid.
        steps: gradient steps S; the columns are 0 to S.
        alphas: step sizes α to try beside its own; None for its own times ⅛, ¼, ½, 2, 4 and 8.
        tasks: fresh tasks for each K.
        seed: draws the tasks and their points.
        distribution: of the tasks; None for that of its training.

    Raises:
        UserError: a value is out of bounds.
    """

    shots: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 40)
    steps: int = 20
    alphas: tuple[float, ...] | None = None
    tasks: int = 600
    seed: int = 0
    distribution: Distribution | None = None

    def __post_init__(self) -> None:
        count = 7 if self.alphas is None else len(self.alphas) + 1
        check_numbers(self.shots, self.steps, self.tasks, self.seed, (self.steps + 2) * count)
        for alpha in self.alphas or ():
            check_alpha(alpha)
        if self.alphas is not None and len(set(self.alphas)) < len(self.alphas):
            raise UserError("Step sizes α: give each number once.")


def step_grid(
    request: StepGrid, competitor: Competitor, command: str = ""
) -> Iterator[JobProgress]:
    """Test one network at every K, after every step, with every step size.

    Args:
        request: what to test it on.
        competitor: the network; one in closed form takes no steps and is refused.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: there is nothing to adapt.
    """
    yield JobProgress(0.0, "starting", Figure("grid", "Every K, step and step size", ()))
