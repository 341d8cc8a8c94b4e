"""The parts of a reproduction that measure a network on a plan's tasks."""

from __future__ import annotations

from explorer.core.adaptation.starting_point import Start
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.jobs.metered_evaluation import evaluate_metered
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.tuning import best_step_size, fewest_lost

STEP_SIZES = (0.0001, 0.0003, 0.001, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)

# Seconds on one core of measuring one network on 600 tasks for ten steps, and of preparing that.
SECONDS = 0.1


def evaluation_seconds(plan: Plan, steps: int) -> float:
    """Estimate for `evaluate_on_plan`."""
    return SECONDS * plan.amount.tasks / 600 * steps / 10


def tuning_seconds(plan: Plan, steps: int) -> float:
    """Estimate for `tune_on_plan`."""
    return SECONDS * plan.amount.validation_tasks / 600 * steps / 10 * len(STEP_SIZES)


def evaluate_on_plan(
    meter: Meter, start: Start, plan: Plan, shots: int, steps: int, alpha: float, label: str
) -> Job[Evaluation]:
    """Errors on the plan's held-out tasks."""
    meter.begin(evaluation_seconds(plan, steps), f"measuring {label} at K = {shots}")
    found = yield from evaluate_metered(
        meter,
        start,
        plan.family,
        shots=shots,
        steps=steps,
        tasks=plan.amount.tasks,
        alpha=alpha,
        seed=plan.seed,
    )
    return found.evaluation


def tune_on_plan(
    meter: Meter, start: Start, plan: Plan, shots: int, steps: int, label: str
) -> Job[float]:
    """The best step size of `STEP_SIZES` on tasks of their own."""
    return (
        yield from best_step_size(
            meter,
            tuning_seconds(plan, steps),
            f"choosing the step size of {label} at K = {shots}",
            start,
            plan.family,
            STEP_SIZES,
            fewest_lost,
            shots=shots,
            steps=steps,
            tasks=plan.amount.validation_tasks,
            seed=-1 - plan.seed,  # draws other tasks than the evaluation does from any seed
        )
    )
