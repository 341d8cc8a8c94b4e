"""Choosing a step size: the best of a grid, on tasks that are used for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from explorer.core.adaptation.starting_point import Start
from explorer.core.families import Family
from explorer.core.jobs.metered_evaluation import LearnerResult, evaluate_metered
from explorer.core.jobs.progress import Job, Meter

Score = Callable[[LearnerResult], Any]  # what can be compared, smaller being better


def all_tasks(result: LearnerResult) -> float:
    """Mean error over all tasks after the last step."""
    return result.evaluation.full[-1]


def fewest_lost(result: LearnerResult) -> tuple[int, float]:
    """Lost tasks, and the mean error over all after the last step.

    For a protocol in which a step size that loses fewer tasks goes before one with a smaller
    error.
    """
    return result.evaluation.lost[-1], result.evaluation.full[-1]


def best_step_size(
    meter: Meter,
    work: float,
    doing: str,
    start: Start,
    family: Family,
    alphas: Sequence[float],
    score: Score,
    *,
    shots: int,
    steps: int,
    tasks: int,
    seed: int,
) -> Job[float]:
    """The step size with the smallest score; of equal ones the first.

    Args:
        meter: of the job that it is a part of.
        work: of all of it, in the meter's unit.
        doing: what it is, for the reader.
        start: where adaptation starts.
        family: the task distribution.
        alphas: those to try.
        score: what to judge them by.
        shots: support points K.
        steps: gradient steps.
        tasks: tasks to try them on.
        seed: draws these tasks: another than that of the evaluation.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    scores = {}
    for alpha in alphas:
        meter.begin(work / len(alphas), doing)
        result = yield from evaluate_metered(
            *(meter, start, family), shots=shots, steps=steps, tasks=tasks, alpha=alpha, seed=seed
        )
        scores[alpha] = score(result)
    return min(scores, key=scores.__getitem__)
