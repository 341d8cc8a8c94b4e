"""How the numbers of a reproduction were made, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.plan import FULL, Plan
from explorer.core.jobs.reproduction.store import Kept
from explorer.core.jobs.reproduction.tasks import STEP_SIZES
from explorer.core.jobs.rows import INTERVALS, lost_text
from explorer.core.learners import LEARNERS


def training_protocol(plan: Plan) -> str:
    """How the networks of a figure were trained."""
    s = plan.settings
    text = (
        f"Trained with the paper's settings from {seeds_text(plan)}: {s.iterations:,} "
        f"meta-iterations of {s.meta_batch} tasks, K = {s.shots} support and {s.query} query "
        f"points, α = {s.alpha:g}, Adam with β = {s.beta:g}."
    )
    if plan.quick:
        text += f" This is the quick version: the paper's run has {FULL.settings.iterations:,}."
    return text


def seeds_text(plan: Plan) -> str:
    """From which seeds, as a part of a sentence."""
    seeds = plan.training_seeds
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    return f"each of the seeds {seeds[0]} to {seeds[-1]}"


def reach_protocol(plan: Plan) -> str:
    """What the numbers and verdicts of several trainings are; empty of a single one."""
    if plan.seeds == 1:
        return ""
    return (
        f"Numbers are means over {plan.seeds} trainings of each learner, measured on the same "
        "tasks. “± 95 %” is over tasks, for a network as they are on average; “± seeds” is the "
        "interval of the mean over training seeds (Student's t). The paper's number is of one "
        "training: a verdict is “agrees” while it lies where one more of ours would fall, with the "
        "interval over tasks."
    )


def seconds_protocol(runs: Mapping[str, Sequence[Kept]]) -> list[str]:
    """How long the trainings took, and which files could not be used."""
    took = ", ".join(
        f"{LEARNERS[several[0].training.learner].label if name in LEARNERS else name} "
        f"{sum(_seconds(kept) for kept in several):.0f} s"
        for name, several in runs.items()
        if several
    )
    lines = [f"Training took: {took}."] if took else []
    return lines + [kept.damage for several in runs.values() for kept in several if kept.damage]


def _seconds(kept: Kept) -> float:
    return kept.run.learners[kept.training.learner].seconds


def sizes_text(alphas: Sequence[float]) -> str:
    """The step sizes of several networks: one, or one for each in order if they differ."""
    return " / ".join(f"{alpha:g}" for alpha in (alphas if len(set(alphas)) > 1 else alphas[:1]))


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


def diverged_protocol(label: str, found: Mapping[int, OverSeeds]) -> str:
    """How many tasks a learner lost; empty if none."""
    lost = {shots: lost_text(e, -1) for shots, e in found.items() if e.lost[-1]}
    if not lost:
        return ""
    counts = ", ".join(f"{count} at K = {shots}" for shots, count in lost.items())
    return f"{label}: lost {counts} by the last step; counted as predicting zero."
