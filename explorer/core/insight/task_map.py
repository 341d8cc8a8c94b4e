"""The error on every task of a plane, those included that training never draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.families import Family
from explorer.core.insight.fan import curves_after
from explorer.core.insight.plane import Plane

if TYPE_CHECKING:
    from torch import Tensor

CELLS = 25
CURVE_POINTS = 81
REACH = 2.0  # times the distance of the task furthest from the middle


@dataclass(frozen=True, eq=False)
class TaskMap:
    """Errors over a disc of the plane, in square cells; rows run along v, the lowest first.

    Attributes:
        middle: (u, v) of the disc's middle.
        reach: its radius.
        errors: mean squared errors, ``(C, C)``; NaN outside of the disc, infinite where adaptation
            diverged.
        inside: which cells lie within the outline of the tasks that training draws, ``(C, C)``.
    """

    middle: tuple[float, float]
    reach: float
    errors: Tensor
    inside: Tensor

    @property
    def centres(self) -> tuple[Tensor, Tensor]:
        """U of each column and v of each row, ``(C,)`` both."""
        u, v = _centres(self.middle, self.reach)
        return u, v


def task_map(
    start: StartingPoint,
    family: Family,
    plane: Plane,
    x: Tensor,
    *,
    alpha: float,
    step: int,
) -> TaskMap:
    """Adapt to the task of every cell by the same inputs x ``(K,)``, without noise.

    Args:
        start: where the learner starts.
        family: of the tasks.
        plane: of the family, whose tasks are known beyond its ranges.
        x: support inputs, ``(K,)``.
        alpha: step size α.
        step: gradient steps taken.
    """
    middle, reach = disc_of(plane)
    u, v = _centres(middle, reach)
    inside = _within(plane.outline, u, v)
    disc = torch.hypot(u - middle[0], (v - middle[1]).unsqueeze(-1)) <= reach
    rows, columns = torch.nonzero(disc, as_tuple=True)
    places = torch.stack([u[columns], v[rows]], -1).tolist()
    tasks = torch.tensor([plane.task_at(*place) for place in places], dtype=x.dtype).unsqueeze(-2)
    points = x.view(1, -1, 1).expand(len(tasks), -1, 1)
    targets = family.function(points, tasks)
    grid = torch.linspace(family.x.low, family.x.high, CURVE_POINTS, dtype=x.dtype)
    losses, (curves,) = curves_after(
        start, points, targets, grid, tasks, alpha=alpha, steps=(step,)
    )
    truth = family.function(grid.view(1, -1, 1), tasks).squeeze(-1)
    found = (curves - truth).square().mean(-1).double()
    errors = torch.full((CELLS, CELLS), torch.nan, dtype=torch.float64)
    errors[rows, columns] = found.masked_fill(diverged(losses, targets)[-1], torch.inf)
    return TaskMap(middle, reach, errors, inside & disc)


def disc_of(plane: Plane) -> tuple[tuple[float, float], float]:
    """Its middle, the origin if that lies among the tasks or at their edge, and its radius."""
    low, high = plane.outline.min(0).values, plane.outline.max(0).values
    slack = 0.01 * (high - low)
    at_origin = bool(((low <= slack) & (high >= -slack)).all())
    middle = torch.zeros_like(low) if at_origin else (low + high) / 2
    reach = REACH * float((plane.outline - middle).norm(dim=-1).max())
    u, v = middle.tolist()
    return (u, v), reach


def _centres(middle: tuple[float, float], reach: float) -> tuple[Tensor, Tensor]:
    along = ((torch.arange(CELLS, dtype=torch.float64) + 0.5) / CELLS * 2 - 1) * reach
    return middle[0] + along, middle[1] + along


def _within(outline: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Whether points lie inside a closed line ``(N, 2)``, by the even-odd rule: ``(C, C)``."""
    rows = v.unsqueeze(-1)
    inside = torch.zeros(len(v), len(u), dtype=torch.bool)
    for (x0, y0), (x1, y1) in pairwise(outline.tolist()):
        if y0 != y1:
            crosses = (y0 > rows) != (y1 > rows)
            inside ^= crosses & (u < (x1 - x0) * (rows - y0) / (y1 - y0) + x0)
    return inside
