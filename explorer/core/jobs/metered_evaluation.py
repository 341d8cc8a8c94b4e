"""Evaluations as parts of a larger job, which tell how far they are."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.evaluation.coverage import Coverage
from explorer.core.evaluation.evaluation import Evaluation, block_errors, summarise
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.task_errors import TaskErrors
from explorer.core.evaluation.verdict import LearningVerdict
from explorer.core.families import Family
from explorer.core.jobs.progress import Job, Meter


@dataclass(frozen=True, eq=False)
class LearnerResult:
    """What one learner did on many tasks with the same K and α.

    Attributes:
        alpha: step size.
        evaluation: means over the tasks.
        errors: on every single task.
        verdict: how far it has come to the ideal learner; None where nobody asked.
        coverage: how often its ±2σ band is right; None of who knows no σ, or where nobody asked.
    """

    alpha: float
    evaluation: Evaluation
    errors: TaskErrors
    verdict: LearningVerdict | None = None
    coverage: Coverage | None = None


def evaluate_metered(
    meter: Meter,
    start: Start,
    family: Family,
    *,
    shots: int,
    steps: int,
    tasks: int,
    alpha: float,
    seed: int,
) -> Job[LearnerResult]:
    """As `evaluation.evaluate`, as the part that the meter is at.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    blocks, seen = [], 0
    for block in block_errors(
        start, family, shots=shots, steps=steps, tasks=tasks, alpha=alpha, seed=seed
    ):
        blocks.append(block)
        seen += block.tasks
        if meter.is_due:
            yield meter.at(seen / tasks)
    errors = TaskErrors.joined(blocks)
    return LearnerResult(alpha, summarise(errors, shots), errors)


def work_of(start: Start, *, shots: int, steps: int, tasks: int) -> float:
    """How long an evaluation takes, in some unit, to weigh the parts of a job by."""
    parameters = start.theta.shape[-1] if isinstance(start, StartingPoint) else 10
    return float(tasks * (steps + 1) * (500 + parameters) * (3 * shots + GRID_POINTS))
