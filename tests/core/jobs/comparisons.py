"""A short comparison, what it finds, and tasks of which no ideal learner is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from explorer.core.families import Sine
from explorer.core.families.numerics import Array, Values, between
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.jobs.comparison import compare, evaluate_competitors
from explorer.core.jobs.comparison_request import Comparison, Results
from explorer.core.jobs.competitor import Competitor
from tests.core.jobs.reproduction.plans import outcome

SHORT = Comparison(shots=(2, 5), steps=3, tasks=60, seed=4)


def compared(
    request: Comparison, competitors: Sequence[Competitor]
) -> tuple[Figure, list[JobProgress]]:
    """The finished figure, and all that came on the way."""
    items = list(compare(request, competitors))
    figure = items[-1].figure
    assert figure is not None
    return figure, items


def results(request: Comparison, competitors: Sequence[Competitor]) -> Results:
    """What was found."""
    return outcome(evaluate_competitors(request, competitors))


@dataclass(frozen=True)
class Slopes(Sine):
    """Straight lines through the origin, of which no ideal learner is known."""

    name: ClassVar[str] = "slopes"
    label: ClassVar[str] = "Slopes"
    size: ClassVar[int] = 1

    def task(self, u: Values) -> Values:
        """The slope, in the range of the amplitudes."""
        return between(u, self.amplitude)

    def function(self, x: Values, task: Values) -> Values:
        """A·x."""
        return x * task

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[A]·x, and E[A²]·x²."""
        return self.amplitude.mean * x, self.amplitude.mean_square * x * x

    def ideal(self) -> None:  # type: ignore[override]
        """Unknown."""
