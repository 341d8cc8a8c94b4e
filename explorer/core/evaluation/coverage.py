"""How often the truth lies inside the band that a learner draws around its prediction."""

from __future__ import annotations

from typing import NamedTuple

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import Start
from explorer.core.evaluation.evaluation import BLOCK, evaluation_tasks
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.families import Family
from explorer.core.families.base import DEVIATIONS, Uncertain

NOMINAL = 0.95  # the share of a normal distribution that lies inside ±2σ
RESOLUTION = 1e-5  # relative to a value: no smaller error counts, as float32 could not tell it


class Coverage(NamedTuple):
    """The share of the truth inside ±2σ.

    Attributes:
        before: adaptation.
        after: adaptation.
    """

    before: float
    after: float


def coverage_sentence(found: Coverage, shots: int, label: str) -> str:
    """How much to trust a band, in words."""
    return (
        f"At K = {shots} the ±2σ band of {label} holds {100 * found.after:.1f} % of the truth "
        f"({100 * found.before:.1f} % before adaptation); nominal {100 * NOMINAL:.0f} %."
    )


def coverage(
    start: Start, family: Family, *, shots: int, tasks: int = 600, seed: int = 0
) -> Coverage | None:
    """The share of the truth inside ±2σ, before and after adaptation to the tasks of `evaluate`.

    The truth is the function without noise, on an even grid; σ is that of targets, noise included.

    Returns:
        The shares; None for a learner that knows no σ.
    """
    if not isinstance(start, Uncertain):
        return None
    drawn = evaluation_tasks(family, shots=shots, tasks=tasks, seed=seed)
    inside = [0.0, 0.0]
    for first in range(0, tasks, BLOCK):
        block = slice(first, first + BLOCK)
        task = drawn.task[0, block]
        grid = family.grid(GRID_POINTS, task)
        truth = family.function(grid.view(-1, grid.shape[-1], 1), task).squeeze(-1)
        course = adapt(
            *(start, drawn.x[0, block], drawn.y[0, block], grid), alpha=0.0, steps=1, task=task
        )
        for step in course:
            assert step.deviation is not None
            error = (step.prediction - truth).abs() - RESOLUTION * truth.abs().clamp(min=1)
            within = error <= DEVIATIONS * step.deviation
            inside[step.step] += float(within.double().mean(-1).sum())
    return Coverage(inside[0] / tasks, inside[1] / tasks)
