"""The plane in which tasks are points, and where in it the functions of networks lie.

A family whose functions are u·b₁ + v·b₂ has its tasks as points (u, v) of a plane, and every curve
f has its nearest function there: (u, v) = argmin Σ_g (f(g) − u·b₁(g) − v·b₂(g))². What is left is
the ripple, which is no function of the family at all. The mean squared error against a task splits
into the two directions and the ripple. A family that lies in no plane has the plane in which most
of its tasks' squares lie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.families import Family
from explorer.core.families.numerics import CURVE_POINTS
from explorer.core.families.sampling import sample_evenly
from explorer.core.families.task_plane import TaskPlane

if TYPE_CHECKING:
    from torch import Tensor

SAMPLED_TASKS = 1024
FAN_TASKS = 64
# Below this share of the tasks' squares the plane would leave out too much to be called theirs.
LEAST_SHARE = 0.8
# And below this size beside the first, a second direction is none.
LEAST_SECOND = 1e-3
KEPT_PLANES = 8


@dataclass(frozen=True, eq=False)
class Plane:
    """Two functions b₁ and b₂, and the tasks of a family as points in their span.

    All tensors are float64.

    Attributes:
        labels: of the coordinates u and v.
        basis: b₁ and b₂ on the grid, ``(2, G)``.
        share: of the tasks' mean square that lies in the plane; 1 where all of it does.
        outline: a line around all tasks, ``(N, 2)``; without points where it is not known.
        fan: tasks that cover the plane, ``(N, P)``.
        targets: where these are, ``(N, 2)``.
        mesh: the two sizes of the mesh that these make, of which the second runs faster; None if
            they lie anyhow.
        task_at: the task at (u, v), or the nearest known.
        reaches_beyond: whether `task_at` finds tasks outside the family's ranges too.
    """

    labels: tuple[str, str]
    basis: Tensor
    share: float
    outline: Tensor
    fan: Tensor
    targets: Tensor
    mesh: tuple[int, int] | None
    task_at: Callable[[float, float], tuple[float, ...]]
    reaches_beyond: bool

    def coordinates(self, curves: Tensor) -> Tensor:
        """(u, v) ``(…, 2)`` of the functions in the plane nearest to curves ``(…, G)``."""
        return curves.to(self.basis.dtype) @ self._projection

    @cached_property
    def _projection(self) -> Tensor:
        projection: Tensor = torch.linalg.pinv(self.basis)
        return projection

    def parts(self, curves: Tensor, truth: Tensor) -> Tensor:
        """The mean squared error of curves ``(…, G)`` against ``(…, G)`` in three parts.

        Returns:
            Along u, along v, and the ripple outside of the plane, ``(…, 3)``, whose sum is the
            error. Where b₁ and b₂ are not orthogonal, the second is along what b₂ has beyond b₁.
        """
        away = (curves - truth).to(self.basis.dtype)
        u, v = self.coordinates(away).unbind(-1)
        ripple = away - (torch.stack([u, v], -1) @ self.basis)
        gram = self.basis @ self.basis.T / self.basis.shape[-1]
        shared = gram[0, 1] / gram[0, 0]
        along_u = gram[0, 0] * (u + shared * v).square()
        along_v = (gram[1, 1] - shared * gram[0, 1]) * v.square()
        return torch.stack([along_u, along_v, ripple.square().mean(-1)], -1)


@lru_cache(KEPT_PLANES)
def plane_of(family: Family) -> Plane | None:
    """The plane of a family's tasks; None if they have none.

    Which is where they lie on a line, or where no plane holds `LEAST_SHARE` of them.
    """
    grid = torch.linspace(*family.x, CURVE_POINTS, dtype=torch.float64).view(-1, 1)
    known = family.plane()
    plane = _leading(family, grid) if known is None else _known(known, grid)
    return plane if plane is not None and plane.share >= LEAST_SHARE else None


def _known(plane: TaskPlane, grid: Tensor) -> Plane:
    fan = torch.from_numpy(plane.fan)
    return Plane(
        labels=plane.labels,
        basis=plane.basis(grid).mT.contiguous(),
        share=1.0,
        outline=torch.from_numpy(plane.outline),
        fan=fan,
        targets=plane.place(fan),
        mesh=plane.mesh,
        task_at=plane.task_at,
        reaches_beyond=True,
    )


def _leading(family: Family, grid: Tensor) -> Plane | None:
    """The two leading directions of many tasks, by their singular values, around zero.

    Around zero since a learner has to find the whole function. The directions have mean square 1.
    """
    draws = stream(0, "plane"), stream(0, "plane noise")
    tasks = sample_evenly(family, SAMPLED_TASKS, 1, *draws, sets=1).task[0].double()
    curves = family.function(grid, tasks).squeeze(-1)
    if not torch.isfinite(curves).all():
        return None
    _, sizes, directions = torch.linalg.svd(curves, full_matrices=False)
    if not sizes[1] > LEAST_SECOND * sizes[0]:
        return None  # a line, or functions without values
    scale = grid.shape[0] ** 0.5
    # Turned so that each is positive on the whole: their signs are arbitrary.
    signs = torch.where(directions[:2].sum(-1, keepdim=True) < 0, -1.0, 1.0)
    basis = directions[:2] * scale * signs
    places = curves @ basis.T / grid.shape[0]
    tasks = tasks.squeeze(-2)

    def nearest(u: float, v: float) -> tuple[float, ...]:
        away = (places - places.new_tensor([u, v])).square().sum(-1)
        return tuple(tasks[int(away.argmin())].tolist())

    return Plane(
        labels=("first direction", "second direction"),
        basis=basis,
        share=float(sizes[:2].square().sum() / sizes.square().sum()),
        outline=places.new_empty(0, 2),
        fan=tasks[:FAN_TASKS],
        targets=places[:FAN_TASKS],
        mesh=None,
        task_at=nearest,
        reaches_beyond=False,
    )
