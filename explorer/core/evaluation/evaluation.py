"""Loss against gradient steps over many held-out tasks (Figure 3 and Table 2 of the paper)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.families import Family
from explorer.core.families.sampling import Tasks, sample_evenly

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 25  # tasks adapted at once: larger blocks leave the processor's cache
BLOCK_PARAMETERS = 300_000  # and no more than this many adapted parameters: some 50 ms of work


@dataclass(frozen=True)
class Evaluation:
    """Mean squared error after 0, 1, … gradient steps, noise-free, on an even grid.

    Attributes:
        shots: support points K per task.
        tasks: number of tasks.
        mse: mean over the tasks that have not diverged by that step; NaN if all have.
        median: over all tasks, a diverged one counting as infinite.
        ci95: half-width of the 95 % interval of `mse`, as for independently drawn tasks; since
            they are spread evenly, another seed's mean lies closer than that. NaN for one task.
        diverged: tasks that have diverged by each step (`adaptation.diverged`).
    """

    shots: int
    tasks: int
    mse: tuple[float, ...]
    median: tuple[float, ...]
    ci95: tuple[float, ...]
    diverged: tuple[int, ...]


def block_errors(
    start: Start,
    family: Family,
    *,
    shots: int,
    steps: int,
    tasks: int,
    alpha: float,
    seed: int,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Per task and step: mean squared error on the grid, and whether it has diverged.

    Tasks (spread evenly, see `sample_evenly`) and points depend on the seed and on K alone, never
    on the learner, so two learners evaluated with the same seed meet the same tasks.

    Yields:
        Errors ``(S + 1, B)`` and flags ``(S + 1, B)`` for one block of B tasks after another,
        so that a caller can show progress in between.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    drawn = sample_evenly(
        family,
        tasks,
        shots,
        stream(seed, f"evaluation/{shots}"),
        stream(seed, f"evaluation noise/{shots}"),
    )
    grid = family.grid(GRID_POINTS, drawn.task[0])
    for squares, flags in squared_errors(start, family, drawn, grid, steps=steps, alpha=alpha):
        yield squares.mean(-1), flags


def squared_errors(
    start: Start, family: Family, drawn: Tasks, grid: Tensor, *, steps: int, alpha: float
) -> Iterator[tuple[Tensor, Tensor]]:
    """Adapt to the points of tasks, block by block.

    Args:
        start: where adaptation starts.
        family: what the tasks are drawn from.
        drawn: one batch of tasks with their support points.
        grid: where errors are taken, ``(G,)``, or ``(T, G)`` if each task has its own.
        steps: gradient steps S.
        alpha: step size α.

    Yields:
        Squared errors ``(S + 1, B, G)`` and whether each task has diverged ``(S + 1, B)``, for one
        block of B tasks after another.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    size, tasks = BLOCK, drawn.x.shape[1]
    if isinstance(start, StartingPoint):
        size = max(1, min(BLOCK, BLOCK_PARAMETERS // start.theta.shape[-1]))
    for first in range(0, tasks, size):
        block = slice(first, first + size)
        x, y = drawn.x[0, block], drawn.y[0, block]
        task, inputs = drawn.task[0, block], grid[block] if grid.dim() > 1 else grid
        shaped = inputs.view(-1, inputs.shape[-1], 1)
        truth = family.function(shaped, task).squeeze(-1)
        squares, support_losses = [], []
        for steps_done in adapt_in_blocks(
            *(start, x, y, inputs), alpha=alpha, steps=steps, task=task, keep_theta=False
        ):
            squares.append((steps_done.prediction - truth).square())
            support_losses.append(steps_done.support_loss)
        yield torch.cat(squares), diverged(torch.cat(support_losses), y)


def summarise(blocks: Iterable[tuple[Tensor, Tensor]], shots: int) -> Evaluation:
    """Means, medians and intervals over all blocks of `block_errors`."""
    errors, flags = (torch.cat(parts, 1) for parts in zip(*blocks, strict=True))
    mse, ci95 = [], []
    for error, flag in zip(errors.double(), flags, strict=True):
        kept = error[~flag & torch.isfinite(error)]
        mse.append(float(kept.mean()))
        spread = float(kept.std()) if len(kept) > 1 else math.nan
        ci95.append(1.96 * spread / max(len(kept), 1) ** 0.5)
    # Not torch.quantile: it interpolates, and ∞ − ∞ is NaN.
    ranked = torch.where(flags | ~torch.isfinite(errors), torch.inf, errors).double().sort(1).values
    median = (ranked[:, (ranked.shape[1] - 1) // 2] + ranked[:, ranked.shape[1] // 2]) / 2
    return Evaluation(
        shots,
        errors.shape[1],
        tuple(mse),
        tuple(median.tolist()),
        tuple(ci95),
        tuple((flags | ~torch.isfinite(errors)).sum(1).tolist()),
    )


def evaluate(
    start: Start,
    family: Family,
    *,
    shots: int,
    steps: int = 10,
    tasks: int = 600,
    alpha: float = 0.01,
    seed: int = 0,
) -> Evaluation:
    """Adapt to fresh tasks of a distribution and summarise the errors."""
    blocks = block_errors(
        start, family, shots=shots, steps=steps, tasks=tasks, alpha=alpha, seed=seed
    )
    return summarise(blocks, shots)
