"""How often the truth lies inside the band that a learner draws around its prediction."""

from __future__ import annotations

from explorer.core.adaptation.inner_loop import Start, adapt
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import BLOCK
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.families import Family
from explorer.core.families.base import Uncertain
from explorer.core.families.sampling import sample_evenly

DEVIATIONS = 2.0  # half of the band's width; a normal distribution has 95.4 % inside


def coverage(
    start: Start, family: Family, *, shots: int, tasks: int = 600, seed: int = 0
) -> tuple[float, float] | None:
    """The share of the truth inside ±2σ, before and after adaptation to the tasks of `evaluate`.

    The truth is the function without noise, on an even grid; σ is that of targets, noise included.

    Returns:
        The shares; None for a learner that knows no σ.
    """
    if not isinstance(start, Uncertain):
        return None
    streams = stream(seed, f"evaluation/{shots}"), stream(seed, f"evaluation noise/{shots}")
    drawn = sample_evenly(family, tasks, shots, *streams)
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
            within = (step.prediction - truth).abs() <= DEVIATIONS * step.deviation
            inside[step.step] += float(within.double().mean(-1).sum())
    return inside[0] / tasks, inside[1] / tasks
