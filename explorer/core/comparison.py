"""Loss against gradient steps of any competitors, and whether the gaps between them are noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from explorer.core.analytic import SineEstimator
from explorer.core.distribution import Distribution, check_alpha, check_numbers
from explorer.core.errors import UserError
from explorer.core.figure import Figure, JobProgress
from explorer.core.schema import Settings
from explorer.core.starting_point import StartingPoint

StepSize = float | Literal["own", "tuned"]


@dataclass(frozen=True, eq=False)
class Competitor:
    """One of those that are compared.

    Attributes:
        label: what people read; no two competitors of a comparison share one.
        role: the learner's name, "random", or the name of one in closed form, which then follows
            from the distribution of the comparison, whatever its start.
        start: where adaptation starts; None for a closed form.
        settings: of its training; None if it was not trained.
    """

    label: str
    role: str
    start: StartingPoint | SineEstimator | None = None
    settings: Settings | None = None


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
        distribution: of the tasks.
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
    distribution: Distribution = Distribution()
    reference: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self.shots, self.steps, self.tasks, self.seed, self.steps + 1)
        if isinstance(self.alpha, str):
            if self.alpha not in {"own", "tuned"}:
                raise UserError('Step size α must be a number, "own" or "tuned".')
        else:
            check_alpha(self.alpha)


def compare(
    request: Comparison, competitors: Sequence[Competitor], command: str = ""
) -> Iterator[JobProgress]:
    """Compare competitors on the same tasks.

    Args:
        request: what to compare them on.
        competitors: at least one; their labels differ.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: the reference is none of them, two share a label, or all together take too
            much memory.
    """
    empty = Figure("compare", "Loss against gradient steps", ())
    yield JobProgress(0.0, "starting", empty)
