"""Everything about one learner in numbers: what ``maml-explorer inspect`` prints."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.freezing import part_sizes
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.evaluation import BLOCK, BLOCK_PARAMETERS, evaluation_tasks, summarise
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.task_errors import TaskErrors, judged, usual_zero
from explorer.core.families import Family
from explorer.core.insight.fan import fan_of
from explorer.core.insight.layers import alone, gradient_shares, subset_errors
from explorer.core.insight.modes import LIMIT, eigenvalues
from explorer.core.insight.one_step_floor import basis_at
from explorer.core.insight.plane import Plane, plane_of
from explorer.core.insight.tangent import (
    effective_rank,
    kernel,
    likeness,
    plane_gains,
    plane_kernel,
    strength,
)

if TYPE_CHECKING:
    from torch import Tensor

SHOWN_MODES = 4  # λ₁ … λ₄


@dataclass(frozen=True)
class Plan:
    """What a learner is inspected on; the tasks and points are those of `evaluation.evaluate`.

    Attributes:
        family: of the tasks.
        shots: support points K.
        tasks: how many.
        steps: gradient steps S.
        alpha: step size α.
        seed: draws the tasks and their points.
    """

    family: Family
    shots: int = 10
    tasks: int = 200
    steps: int = 5
    alpha: float = 0.01
    seed: int = 0


@dataclass(frozen=True)
class Inspection:
    """What was found. What a learner or its family does not have is None.

    A learner without gradient steps has no kernel, no modes and no layers that adapt; a family
    whose tasks lie in no plane has no kernel to compare with, no gains and no fan. Figures of the
    kernel of a network that is told its task are means over the tasks.

    Attributes:
        strength: 2α·k(x, x), the mean over `GRID_POINTS` inputs (`tangent.strength`).
        likeness: correlation of k with the kernel of the tasks' plane, on these inputs.
        rank: effective rank of k.
        gains: in the plane, ascending (`tangent.plane_gains`).
        area: of the fan after one step on K evenly spaced points (`fan.fan_of`).
        eigenvalues: for each step, λ₁ to λ₄ or as many as there are points, the means over the
            tasks that have not diverged.
        unstable: for each step, the share of tasks with λ₁ > 2; a diverged task counts as one.
        measured: for each step, the median of the error, a lost task counting as infinite.
        layers: for each layer, its share of ‖∇L‖² at θ, the mean over tasks; context values last.
        alone: for each of these, the mean error after one step of it alone; diverged tasks are left
            out (`layers.subset_errors`).
    """

    strength: float | None
    likeness: float | None
    rank: float | None
    gains: tuple[float, ...] | None
    area: float | None
    eigenvalues: tuple[tuple[float, ...], ...] | None
    unstable: tuple[float, ...] | None
    measured: tuple[float, ...]
    layers: tuple[float, ...] | None
    alone: tuple[float, ...] | None


@dataclass
class _Found:
    """Pieces of every block of tasks, to be put together along their axis of tasks."""

    errors: list[TaskErrors] = field(default_factory=list)
    figures: list[Tensor] = field(default_factory=list)  # (B, 5) each
    eigenvalues: list[Tensor] = field(default_factory=list)  # (S + 1, B, 4) each
    shares: list[Tensor] = field(default_factory=list)  # (B, L) each
    alone: list[Tensor] = field(default_factory=list)  # (L, B) each


def inspecting(start: Start, plan: Plan) -> Generator[float, None, Inspection]:
    """Inspect one learner.

    Yields:
        The share of the work that is done.

    Returns:
        What was found.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    plane = plane_of(plan.family)
    found = _Found()
    for done, part in _blocks(start, plan):
        _take_in(found, start, plan, *part)
        if isinstance(start, StartingPoint) and (start.sees_task or not found.figures):
            found.figures.append(_kernel_figures(start, plan, plane, part[2]))
        yield done
    return _together(found, start, plan, plane)


def _blocks(start: Start, plan: Plan) -> Iterator[tuple[float, tuple[Tensor, Tensor, Tensor]]]:
    """The share done by the end of each block, and its x, y ``(B, K, 1)`` and task ``(B, 1, P)``.

    Precision is the start's, in float32 for those without a network.
    """
    drawn = evaluation_tasks(plan.family, shots=plan.shots, tasks=plan.tasks, seed=plan.seed)
    size, dtype = BLOCK, drawn.x.dtype
    if isinstance(start, StartingPoint):
        size = max(1, min(BLOCK, BLOCK_PARAMETERS // start.theta.shape[-1]))
        dtype = start.theta.dtype
    for first in range(0, plan.tasks, size):
        block = slice(first, first + size)
        whole = (drawn.x[0, block], drawn.y[0, block], drawn.task[0, block])
        x, y, task = (part.to(dtype) for part in whole)
        yield min(first + size, plan.tasks) / plan.tasks, (x, y, task)


def _take_in(found: _Found, start: Start, plan: Plan, x: Tensor, y: Tensor, task: Tensor) -> None:
    """Adapt to a block of tasks and keep what is found on them."""
    grid = plan.family.grid(GRID_POINTS, task).to(x.dtype)
    truth = plan.family.function(grid.view(-1, grid.shape[-1], 1), task).squeeze(-1)
    errors, losses, values = [], [], []
    for block in adapt_in_blocks(
        *(start, x, y, grid), alpha=plan.alpha, steps=plan.steps, task=task
    ):
        errors.append((block.prediction - truth).square().mean(-1))
        losses.append(block.support_loss)
        if isinstance(start, StartingPoint) and block.theta is not None:
            each = eigenvalues(
                *(start, x, block.theta), alpha=plan.alpha, task=task, first=block.first
            )
            values.append(each[..., :SHOWN_MODES])
    means = torch.cat(errors).numpy(), truth.square().mean(-1).numpy()
    gone = diverged(torch.cat(losses), y).numpy()
    found.errors.append(judged(*means, gone, usual_zero(plan.family)))
    if isinstance(start, StartingPoint):
        found.eigenvalues.append(torch.cat(values))
        found.shares.append(gradient_shares(start, x, y, task))
        choices = alone(len(part_sizes(start)))
        found.alone.append(
            subset_errors(start, choices, x, y, grid, truth, alpha=plan.alpha, task=task)[:, 1]
        )


def _kernel_figures(start: StartingPoint, plan: Plan, plane: Plane | None, task: Tensor) -> Tensor:
    """Strength, rank, likeness and both gains of each kernel ``(T, 5)``, NaN without a plane.

    T is 1 unless the network is told its task.
    """
    grid = plan.family.grid(GRID_POINTS).to(start.theta.dtype)
    x = grid.view(1, -1, 1)
    if start.sees_task:
        x = x.expand(len(task), -1, -1)
    k = kernel(start, x, task=task if start.sees_task else None).double()
    figures = [strength(k, plan.alpha), effective_rank(k)]
    if plane is None:
        nothing = torch.full_like(figures[0], torch.nan)
        return torch.stack([*figures, nothing, nothing, nothing], -1)
    basis = basis_at(plan.family, plane, grid.double()).mT
    figures += [likeness(k, plane_kernel(basis)), *plane_gains(k, basis, plan.alpha).unbind(-1)]
    return torch.stack(figures, -1)


def _together(found: _Found, start: Start, plan: Plan, plane: Plane | None) -> Inspection:
    together = TaskErrors.joined(found.errors)
    measured = summarise(together, plan.shots).median
    area = None if plane is None else _area(start, plan, plane)
    if not found.figures:
        return Inspection(None, None, None, None, area, None, None, measured, None, None)
    strong, rank, alike, *gains = torch.cat(found.figures).mean(0).tolist()
    gone = torch.from_numpy(together.diverged)
    values = torch.cat(found.eigenvalues, 1).double()
    unstable = (values[..., 0] > LIMIT) | gone | values[..., 0].isnan()
    kept = values.masked_fill(gone.unsqueeze(-1), torch.nan)
    return Inspection(
        strength=strong,
        likeness=None if plane is None else alike,
        rank=rank,
        gains=None if plane is None else tuple(gains),
        area=area,
        eigenvalues=tuple(tuple(step) for step in kept.nanmean(1).tolist()),
        unstable=tuple(unstable.double().mean(1).tolist()),
        measured=measured,
        layers=tuple(torch.cat(found.shares).double().nanmean(0).tolist()),
        alone=tuple(_mean_of_finite(each) for each in torch.cat(found.alone, 1).double()),
    )


def _mean_of_finite(errors: Tensor) -> float:
    return float(errors[torch.isfinite(errors)].mean())


def _area(start: Start, plan: Plan, plane: Plane) -> float:
    """Of the fan after one step on K evenly spaced points, each in the middle of its K-th part."""
    x, shots = plan.family.x, plan.shots
    dtype = start.theta.dtype if isinstance(start, StartingPoint) else torch.float32
    middles = (torch.arange(shots, dtype=dtype) + 0.5) / shots
    even = x.low + (x.high - x.low) * middles
    found = fan_of(start, plan.family, plane, even, alpha=plan.alpha, steps=(1,))
    return float(found.areas[0])
