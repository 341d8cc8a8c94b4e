"""How the numbers of a reproduction were made, in words."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.jobs.reproduction.plan import FULL, Plan
from explorer.core.jobs.reproduction.store import Kept
from explorer.core.jobs.reproduction.tasks import STEP_SIZES
from explorer.core.jobs.rows import INTERVALS, lost_text
from explorer.core.learners import LEARNERS


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
        f"and x (seed {plan.seed}); mean squared error on {GRID_POINTS} evenly spaced x, "
        f"without noise; {INTERVALS}."
    )


def diverged_protocol(label: str, found: dict[int, Evaluation]) -> str:
    """How many tasks a learner lost; empty if none."""
    lost = {shots: lost_text(e, -1) for shots, e in found.items() if e.lost[-1]}
    if not lost:
        return ""
    counts = ", ".join(f"{count} at K = {shots}" for shots, count in lost.items())
    return f"{label}: lost {counts} by the last step; counted as predicting zero."
