"""Measuring networks on held-out tasks, step by step, so that a job can be stopped in between."""

from __future__ import annotations

import platform
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import explorer
from explorer.core.analytic import SineEstimator
from explorer.core.evaluation import Evaluation, block_errors, summarise
from explorer.core.figure import Figure, JobProgress
from explorer.core.lazy_torch import torch
from explorer.core.reproduction.plan import Plan
from explorer.core.reproduction.store import Step
from explorer.core.starting_point import StartingPoint

STEP_SIZES = (0.0001, 0.0003, 0.001, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)

Start = StartingPoint | SineEstimator
Result = TypeVar("Result")


def part(
    work: Generator[Step, None, Result],
    begin: float,
    end: float,
    figure: Figure | None,
) -> Generator[JobProgress, None, Result]:
    """A part of a job's work, from one share of the whole to another."""
    while True:
        try:
            share, doing = next(work)
        except StopIteration as done:
            result: Result = done.value
            return result
        yield JobProgress(begin + (end - begin) * min(share, 1.0), doing, figure)


def measured(
    start: Start, plan: Plan, shots: int, steps: int, alpha: float, label: str
) -> Generator[Step, None, Evaluation]:
    """Errors on the plan's held-out tasks."""
    return (yield from _measured(start, plan, shots, steps, alpha, label, validation=False))


def _measured(
    start: Start,
    plan: Plan,
    shots: int,
    steps: int,
    alpha: float,
    label: str,
    validation: bool,
) -> Generator[Step, None, Evaluation]:
    tasks = plan.amount.validation_tasks if validation else plan.amount.tasks
    blocks: Iterator[tuple[torch.Tensor, torch.Tensor]] = block_errors(
        start,
        plan.settings,
        shots=shots,
        steps=steps,
        tasks=tasks,
        alpha=alpha,
        # Other tasks than those of the evaluation, for any seed that can be given.
        seed=-1 - plan.seed if validation else plan.seed,
    )
    kept, done = [], 0
    for block in blocks:
        kept.append(block)
        done += block[0].shape[1]
        yield done / tasks, f"measuring {label} at K = {shots}, {done} of {tasks} tasks"
    return summarise(kept, shots)


def tuned(
    start: Start, plan: Plan, shots: int, steps: int, label: str
) -> Generator[Step, None, float]:
    """The step size of `STEP_SIZES` with the smallest error after the last step.

    Chosen on tasks of their own. A step size with which fewer tasks diverge goes before one with
    a smaller error, since the mean leaves diverged tasks out.
    """
    best, smallest = STEP_SIZES[0], (plan.amount.validation_tasks + 1, 0.0)
    for i, alpha in enumerate(STEP_SIZES):
        work = _measured(start, plan, shots, steps, alpha, label, validation=True)
        while True:
            try:
                share, _ = next(work)
            except StopIteration as done:
                found: Evaluation = done.value
                break
            yield (i + share) / len(STEP_SIZES), f"choosing α for {label} at K = {shots}"
        cost = found.diverged[-1], found.mse[-1]
        if cost < smallest:
            best, smallest = alpha, cost
    return best


def provenance(plan: Plan, item: str) -> str:
    """Where a figure comes from, in one line."""
    now = datetime.now(UTC).strftime("%Y-%m-%d")
    return (
        f"MAML Explorer {explorer.__version__} · {plan.command(item)} · {now} · "
        f"torch {torch.__version__}, Python {platform.python_version()}"
    )


def training_protocol(plan: Plan) -> str:
    """How the networks of a figure were trained."""
    s = plan.settings
    text = (
        f"Trained with the paper's settings from seed {plan.seed}: {s.iterations:,} meta-iterations"
        f" of {s.meta_batch} tasks, K = {s.shots} support and {s.query} query points, "
        f"α = {s.alpha:g}, Adam with β = {s.beta:g}."
    )
    if plan.quick:
        text += " This is the quick version: the paper's run has 70,000."
    return text


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
