"""The fan: where a learner takes many tasks from the same points, seen in the plane of tasks.

Before adaptation all tasks are one point, that of the network's curve; adaptation unfolds them
towards their targets (u*, v*). How far it has come is the determinant of the affine map
(u*, v*) ↦ (u, v) that fits best (least squares): 1 for a fan as large as the tasks themselves,
0 for one without area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.families import Family
from explorer.core.insight.plane import Plane
from explorer.core.network.derivatives import predict

if TYPE_CHECKING:
    from torch import Tensor

LEAST_TASKS = 3  # that fix an affine map of the plane
THIN = 4  # every so many points of the plane's grid are looked at: places change by .01 at most


class Fan(NamedTuple):
    """N tasks after some numbers of steps on points at the same inputs; float64.

    Attributes:
        places: (u, v) of the adapted curves, ``(S, N, 2)`` for S numbers of steps.
        targets: (u, v) of the tasks, ``(N, 2)``.
        diverged: which have diverged by each, ``(S, N)``.
        areas: of the fan over that of its targets, ``(S,)``; diverged tasks are left out, and it is
            NaN where too few are left.
    """

    places: Tensor
    targets: Tensor
    diverged: Tensor
    areas: Tensor


def fan_of(
    start: Start,
    family: Family,
    plane: Plane,
    x: Tensor,
    *,
    alpha: float,
    steps: Sequence[int],
    tasks: Tensor | None = None,
) -> Fan:
    """Adapt to many tasks by the same inputs, without noise in their targets.

    Args:
        start: where the learner starts, in the precision of x.
        family: of the tasks.
        plane: of the family.
        x: support inputs, ``(K,)``.
        alpha: step size α.
        steps: after how many gradient steps the fan is looked at, one number or several.
        tasks: ``(N, P)``; those of the plane if not given.
    """
    chosen = plane.fan if tasks is None else tasks
    rows = chosen.to(x.dtype).unsqueeze(-2)
    inputs = x.view(1, -1, 1).expand(len(rows), -1, 1)
    targets = family.function(inputs, rows)
    grid = torch.linspace(family.x.low, family.x.high, plane.basis.shape[-1], dtype=x.dtype)
    losses, curves = curves_after(
        start, inputs, targets, grid[::THIN], rows, alpha=alpha, steps=steps
    )
    places = curves.double() @ _projection(plane)
    gone = diverged(losses, targets)[list(steps)]
    ends = plane.targets if tasks is None else _places_of(family, plane, chosen)
    areas = torch.stack([area(p, ends, ~g) for p, g in zip(places, gone, strict=True)])
    return Fan(places, ends, gone, areas)


def curves_after(
    start: Start,
    x: Tensor,
    y: Tensor,
    grid: Tensor,
    task: Tensor,
    *,
    alpha: float,
    steps: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """Support losses after every step ``(…, N)``, and the curves ``(S, N, G)`` after those wanted.

    Networks predict only after those, which is most of the work.
    """
    network = start if isinstance(start, StartingPoint) else None
    everywhere = grid.view(1, -1, 1).expand(len(x), -1, 1)
    inputs = everywhere if network is None else network.inputs(everywhere, task)
    losses, found = [], {}
    for block in adapt_in_blocks(
        *(start, x, y, grid if network is None else grid[:1]),
        alpha=alpha,
        steps=max(steps),
        task=task,
        keep_theta=network is not None,
    ):  # block by block, since the parameters of all steps may take more memory than there is
        losses.append(block.support_loss)
        for row, step in enumerate(range(block.first, block.first + len(block.prediction))):
            if step not in steps:
                continue
            if network is None or block.theta is None:
                found[step] = block.prediction[row]
            else:
                found[step] = predict(block.theta[row], inputs, network.network).squeeze(-1)
    return torch.cat(losses), torch.stack([found[step] for step in steps])


def _projection(plane: Plane) -> Tensor:
    """From curves on every `THIN`-th point of the grid to (u, v): ``(G, 2)``.

    Weighted, so that each point stands for those left out around it, of which the ends have half.
    """
    basis = plane.basis[:, ::THIN]
    weight = torch.full((basis.shape[-1],), float(THIN), dtype=basis.dtype)
    weight[[0, -1]] = (THIN + 1) / 2
    weighted = basis * weight
    projection: Tensor = torch.linalg.solve(weighted @ basis.T, weighted).T
    return projection


def area(places: Tensor, targets: Tensor, kept: Tensor | None = None) -> Tensor:
    """The determinant ``()`` of the affine map that takes targets to places best, in float64.

    Args:
        places: (u, v) after adaptation, ``(N, 2)``.
        targets: (u, v) of the tasks, ``(N, 2)``.
        kept: the tasks that count, ``(N,)``; all if not given.
    """
    found = torch.isfinite(places).all(-1)
    found = found if kept is None else found & kept
    if int(found.sum()) < LEAST_TASKS:
        return torch.tensor(torch.nan, dtype=torch.float64)
    ends = targets[found].double()
    ends = ends - ends.mean(0)
    moved = places[found].double()
    # The mean is taken off both, which leaves the linear part of the affine map.
    linear = torch.linalg.pinv(ends) @ (moved - moved.mean(0))
    determinant: Tensor = torch.linalg.det(linear)
    return determinant


def _places_of(family: Family, plane: Plane, tasks: Tensor) -> Tensor:
    """(u, v) of tasks ``(N, P)``: ``(N, 2)``."""
    grid = torch.linspace(*family.x, plane.basis.shape[-1], dtype=torch.float64).view(-1, 1)
    return plane.coordinates(family.function(grid, tasks.double().unsqueeze(-2)).squeeze(-1))
