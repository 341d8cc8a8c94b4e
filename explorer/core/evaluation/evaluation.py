"""Loss against gradient steps over many held-out tasks (Figure 3 and Table 2 of the paper)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.intervals import Array, Mean, mean_over_tasks
from explorer.core.evaluation.task_errors import Flags, TaskErrors, judged, usual_zero
from explorer.core.families import Family
from explorer.core.families.sampling import Tasks, sample_evenly

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 25  # tasks adapted at once: larger blocks leave the processor's cache
BLOCK_PARAMETERS = 300_000  # and no more than this many adapted parameters: some 50 ms of work
MOST_LOST = 0.05  # share of lost tasks beyond which the mean of the kept is withheld


@dataclass(frozen=True)
class Evaluation:
    """Mean squared error after 0, 1, … gradient steps, noise-free, on an even grid.

    Attributes:
        shots: support points K per task.
        tasks: number of tasks.
        full: mean over all tasks, a lost one counting with what predicting zero costs on it
            (`TaskErrors.counted`): what ranks, verdicts and comparisons are made of.
        full_ci95: half-width of its 95 % interval (`mean_over_tasks`); NaN for one task.
        mse: mean over the tasks that are kept, which flatters, since the hardest are lost; NaN
            where more than `MOST_LOST` of them are lost.
        ci95: half-width of its 95 % interval; NaN where it is withheld, and for one task.
        median: over all tasks, a lost one counting as infinite.
        diverged: tasks that have diverged by each step (`adaptation.diverged`).
        astray: further tasks that are lost by each step (`task_errors.judged`).
    """

    shots: int
    tasks: int
    full: tuple[float, ...]
    full_ci95: tuple[float, ...]
    mse: tuple[float, ...]
    ci95: tuple[float, ...]
    median: tuple[float, ...]
    diverged: tuple[int, ...]
    astray: tuple[int, ...]

    @property
    def lost(self) -> tuple[int, ...]:
        """Tasks that are lost by each step in either way."""
        return tuple(one + other for one, other in zip(self.diverged, self.astray, strict=True))

    def up_to(self, steps: int) -> Evaluation:
        """The same without what came after so many steps."""
        first = slice(steps + 1)
        return replace(
            self,
            full=self.full[first],
            full_ci95=self.full_ci95[first],
            mse=self.mse[first],
            ci95=self.ci95[first],
            median=self.median[first],
            diverged=self.diverged[first],
            astray=self.astray[first],
        )


class Squares(NamedTuple):
    """Squared errors on a block of B tasks.

    Attributes:
        errors: after 0, 1, … S steps at G inputs, ``(S + 1, B, G)``.
        zero: of predicting zero, ``(B, G)``.
        diverged: whether each task has diverged, ``(S + 1, B)``.
        usual: what predicting zero costs on average over the family.
    """

    errors: Tensor
    zero: Tensor
    diverged: Tensor
    usual: float

    def over(self, part: Tensor | None = None) -> TaskErrors:
        """Means over a part of the inputs, bool ``(G,)``, or over all; and who is lost there."""
        errors, zero = self.errors, self.zero
        if part is not None:
            errors, zero = errors[..., part], zero[..., part]
        means = errors.mean(-1).numpy(), zero.mean(-1).numpy()
        return judged(*means, self.diverged.numpy(), self.usual)


def evaluation_tasks(family: Family, *, shots: int, tasks: int, seed: int) -> Tasks:
    """The tasks of an evaluation, spread evenly (see `sample_evenly`), with K points each.

    They depend on the seed and on K alone, never on the learner, so two learners evaluated with
    the same seed meet the same tasks.
    """
    streams = stream(seed, f"evaluation/{shots}"), stream(seed, f"evaluation noise/{shots}")
    return sample_evenly(family, tasks, shots, *streams)


def block_errors(
    start: Start,
    family: Family,
    *,
    shots: int,
    steps: int,
    tasks: int,
    alpha: float,
    seed: int,
) -> Iterator[TaskErrors]:
    """Errors on the tasks of `evaluation_tasks`.

    Yields:
        One block of tasks after another, so that a caller can show progress in between.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    drawn = evaluation_tasks(family, shots=shots, tasks=tasks, seed=seed)
    grid = family.grid(GRID_POINTS, drawn.task[0])
    for squares in squared_errors(start, family, drawn, grid, steps=steps, alpha=alpha):
        yield squares.over()


def squared_errors(
    start: Start, family: Family, drawn: Tasks, grid: Tensor, *, steps: int, alpha: float
) -> Iterator[Squares]:
    """Adapt to the points of tasks, block by block.

    Args:
        start: where adaptation starts.
        family: what the tasks are drawn from.
        drawn: one batch of tasks with their support points.
        grid: where errors are taken, ``(G,)``, or ``(T, G)`` if each task has its own.
        steps: gradient steps S.
        alpha: step size α.

    Yields:
        One block of tasks after another.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    size, tasks, usual = BLOCK, drawn.x.shape[1], usual_zero(family)
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
        gone = diverged(torch.cat(support_losses), y)
        yield Squares(torch.cat(squares), truth.square(), gone, usual)


def summarise(errors: TaskErrors, shots: int) -> Evaluation:
    """Means, medians and intervals over all tasks."""
    lost, tasks = errors.lost, errors.tasks
    full = [mean_over_tasks(each) for each in errors.counted]
    kept = [_mean_of_kept(*each) for each in zip(errors.mse, lost, strict=True)]
    # Not np.median: it averages the middle two, and would warn of ∞ − ∞.
    ranked = np.sort(np.where(lost, np.inf, errors.mse).astype(np.float64), 1)
    median = (ranked[:, (tasks - 1) // 2] + ranked[:, tasks // 2]) / 2
    return Evaluation(
        shots,
        tasks,
        full=tuple(mean.value for mean in full),
        full_ci95=tuple(mean.ci95 for mean in full),
        mse=tuple(mean.value for mean in kept),
        ci95=tuple(mean.ci95 for mean in kept),
        median=tuple(median.tolist()),
        diverged=tuple(errors.diverged.sum(1).tolist()),
        astray=tuple(errors.astray.sum(1).tolist()),
    )


def _mean_of_kept(mse: Array, lost: Flags) -> Mean:
    if lost.sum() > MOST_LOST * len(lost):
        return Mean(math.nan, math.nan)
    return mean_over_tasks(mse.astype(np.float64), ~lost)


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
    return summarise(TaskErrors.joined(blocks), shots)
