"""Measuring networks on held-out tasks, step by step, so that a job can be stopped in between."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeVar

from explorer.core.adaptation.inner_loop import Start
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.jobs import measuring
from explorer.core.jobs.measuring import each
from explorer.core.jobs.reproduction.plan import FULL, Plan
from explorer.core.jobs.reproduction.store import Kept, Step
from explorer.core.learners import LEARNERS

STEP_SIZES = (0.0001, 0.0003, 0.001, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)

# Seconds on one core of measuring one network on 600 tasks for ten steps, and of preparing that.
SECONDS = 0.1

Result = TypeVar("Result")


class Course:
    """The parts of a job, one after another, and how much of the whole is done.

    Attributes:
        figure: what is known so far; shown from the next part on.
    """

    def __init__(self, seconds: float, figure: Figure) -> None:
        """Begin.

        Args:
            seconds: estimate for all parts together.
            figure: what is known before the first.
        """
        self.figure = figure
        self._all, self._done = max(seconds, 1e-9), 0.0

    def part(
        self, seconds: float, work: Generator[Step, None, Result]
    ) -> Generator[JobProgress, None, Result]:
        """Do a part, of so many estimated seconds, and return what it returns."""

        def progress(step: Step) -> JobProgress:
            share, doing = step
            done = (self._done + seconds * min(share, 1.0)) / self._all
            return JobProgress(min(done, 1.0), doing, self.figure)

        result = yield from each(work, progress)
        self._done += seconds
        return result


def seconds_of_measuring(plan: Plan, steps: int) -> float:
    """Estimate for `measured`."""
    return SECONDS * plan.amount.tasks / 600 * steps / 10


def seconds_of_tuning(plan: Plan, steps: int) -> float:
    """Estimate for `tuned`."""
    return SECONDS * plan.amount.validation_tasks / 600 * steps / 10 * len(STEP_SIZES)


def measured(
    start: Start, plan: Plan, shots: int, steps: int, alpha: float, label: str
) -> Generator[Step, None, Evaluation]:
    """Errors on the plan's held-out tasks."""
    doing = f"measuring {label} at K = {shots}"
    tasks = plan.amount.tasks
    work = _shares(start, plan, shots, steps, alpha, tasks, plan.seed)
    return (yield from each(work, lambda share: (share, doing)))


def _shares(
    start: Start, plan: Plan, shots: int, steps: int, alpha: float, tasks: int, seed: int
) -> Generator[float, None, Evaluation]:
    found = yield from measuring.measured(
        start, plan.family, shots=shots, steps=steps, tasks=tasks, alpha=alpha, seed=seed
    )
    return found.evaluation


def tuned(
    start: Start, plan: Plan, shots: int, steps: int, label: str
) -> Generator[Step, None, float]:
    """The step size of `STEP_SIZES` with the smallest error after the last step.

    Chosen on tasks of their own. A step size with which fewer tasks diverge goes before one with
    a smaller error, since the mean leaves diverged tasks out.
    """
    tasks = plan.amount.validation_tasks
    doing = f"choosing the step size of {label} at K = {shots}"
    other = -1 - plan.seed  # draws other tasks than the evaluation does from any seed
    best, smallest = STEP_SIZES[0], (tasks + 1, 0.0)
    for i, alpha in enumerate(STEP_SIZES):

        def step(share: float, before: int = i) -> Step:
            return (before + share) / len(STEP_SIZES), doing

        work = _shares(start, plan, shots, steps, alpha, tasks, other)
        found = yield from each(work, step)
        cost = found.diverged[-1], found.mse[-1]
        if cost < smallest:
            best, smallest = alpha, cost
    return best


def provenance(plan: Plan, item: str) -> str:
    """Where a figure of the reproduction comes from, in one line."""
    return measuring.provenance(plan.seed, plan.command(item))


def training_protocol(plan: Plan) -> str:
    """How the networks of a figure were trained."""
    s = plan.settings
    text = (
        f"Trained with the paper's settings from seed {plan.seed}: {s.iterations:,} meta-iterations"
        f" of {s.meta_batch} tasks, K = {s.shots} support and {s.query} query points, "
        f"α = {s.alpha:g}, Adam with β = {s.beta:g}."
    )
    if plan.quick:
        text += f" This is the quick version: the paper's run has {FULL.settings.iterations:,}."
    return text


def seconds_protocol(runs: Mapping[str, Kept]) -> list[str]:
    """How long the trainings took, and which files could not be used."""
    took = ", ".join(
        f"{LEARNERS[kept.training.learner].label if name in LEARNERS else name} "
        f"{kept.run.learners[kept.training.learner].seconds:.0f} s"
        for name, kept in runs.items()
    )
    lines = [f"Training took: {took}."] if took else []
    return lines + [kept.damage for kept in runs.values() if kept.damage]


def tuning_protocol(plan: Plan, steps: int) -> str:
    """How step sizes were chosen, as a part of a sentence."""
    low, high = STEP_SIZES[0], STEP_SIZES[-1]
    return (
        f"the best after {steps} steps on {plan.amount.validation_tasks} other tasks, of "
        f"{len(STEP_SIZES)} from {low:g} to {high:g}"
    )


def evaluation_protocol(plan: Plan) -> str:
    """How errors were measured."""
    return (
        f"{plan.amount.tasks} held-out tasks for each K, the same for all, spread evenly over A, φ "
        f"and x (seed {plan.seed}); mean squared error on 100 evenly spaced x, without noise; "
        "95 % intervals of the mean as for independent tasks."
    )


def diverged_protocol(label: str, found: dict[int, Evaluation]) -> str:
    """How many tasks of a learner were left out; empty if none was."""
    lost = {shots: e.diverged[-1] for shots, e in found.items() if e.diverged[-1]}
    if not lost:
        return ""
    counts = ", ".join(f"{count} at K = {shots}" for shots, count in lost.items())
    return f"{label}: adaptation diverged on {counts} by the last step; left out of the mean."
