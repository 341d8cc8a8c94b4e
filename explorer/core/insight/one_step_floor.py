"""The floor of one step: what the best step leaves that answers K residuals one by one.

A step whose answer to a residual is c times the plane's own kernel b(x)ᵀb(x′) takes the error d in
the plane to d₁ = (1 − (c/K) Σ_k b(x_k)b(x_k)ᵀ)d₀, b = (b₁, b₂). Points that are few or lie badly
leave much of it, whoever steps: this is the floor of steps that are linear in the residuals. The
mean over uniform inputs of the square of d₁, with C the covariance of the tasks and W = ⟨bbᵀ⟩, is
tr(WC) − 2c·tr(WWC) + c²·tr(ZC) with Z = ⟨bbᵀWbbᵀ⟩/K + (1 − 1/K)WWW, so that the best c is
tr(WWC)/tr(ZC). Later steps use the same tool on what is left.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.families import Family
from explorer.core.families.sampling import sample_evenly
from explorer.core.families.task_plane import TaskPlane
from explorer.core.insight.plane import SAMPLED_TASKS, Plane, plane_of

if TYPE_CHECKING:
    from torch import Tensor

KEPT = 128  # families times numbers of points


class Ideal(NamedTuple):
    """The best step from K points, on the whole.

    Attributes:
        factor: c.
        floor: the mean squared error that it leaves, the mean over tasks and uniform inputs.
    """

    factor: float
    floor: float


@lru_cache(KEPT)
def ideal_step(family: Family, points: int) -> Ideal | None:
    """The best c for so many points, and its floor; None for a family without a plane.

    The step starts from the best single function, and the tasks are those of the family.
    """
    plane = plane_of(family)
    if plane is None:
        return None
    basis, size = plane.basis, plane.basis.shape[-1]
    w = basis @ basis.T / size
    spread = torch.cov(_tasks_in(plane, family).T)
    before = float((w @ spread).trace())
    if not points:
        return Ideal(0.0, before)
    outer = torch.einsum("ig,jg->gij", basis, basis)
    z = (outer @ w @ outer).mean(0) / points + (1 - 1 / points) * (w @ w @ w)
    linear, square = float((w @ w @ spread).trace()), float((z @ spread).trace())
    return Ideal(linear / square, before - linear * linear / square)


def after_ideal_step(
    family: Family, plane: Plane, x: Tensor, before: Tensor, residuals: Tensor
) -> Tensor:
    """Where a step (c/K) Σ_k b(x_k)r_k from these points leads, (u, v) ``(2,)`` in float64.

    Where the residuals r are those of a task in the plane this is d₁ above.

    Args:
        family: of the task.
        plane: of the family.
        x: support inputs, ``(K,)``.
        before: (u, v) of the curve before the step, ``(2,)``.
        residuals: r = y − f there, ``(K,)``.
    """
    ideal, place = ideal_step(family, len(x)), before.double()
    if ideal is None or not len(x):
        return place
    at = basis_at(family, plane, x.double())
    return place + (ideal.factor / len(x)) * (residuals.double() @ at)


def error_in_plane(plane: Plane, places: Tensor, target: Tensor) -> Tensor:
    """The mean squared error ``(…)`` of functions of the plane at places ``(…, 2)``."""
    away = places.double() - target.double()
    w = plane.basis @ plane.basis.T / plane.basis.shape[-1]
    error: Tensor = ((away @ w) * away).sum(-1)
    return error


def basis_at(family: Family, plane: Plane, x: Tensor) -> Tensor:
    """b₁ and b₂ at inputs ``(K,)``: ``(K, 2)``, in float64.

    Where the family does not know them as functions, between the points of the plane's grid and no
    further than its ends.
    """
    known = _functions_of(family)
    if known is not None:
        values: Tensor = known.basis(x.double().unsqueeze(-1))
        return values
    last = plane.basis.shape[-1] - 1
    place = (x.double() - family.x.low) / (family.x.high - family.x.low) * last
    place = place.clamp(0, last)
    left = place.floor().clamp(max=last - 1).long()
    return torch.lerp(plane.basis[:, left], plane.basis[:, left + 1], place - left).mT


@lru_cache(KEPT)
def _functions_of(family: Family) -> TaskPlane | None:
    return family.plane()


def _tasks_in(plane: Plane, family: Family) -> Tensor:
    """(u, v) ``(N, 2)`` of many tasks as the family draws them."""
    draws = stream(0, "one-step floor"), stream(0, "one-step floor noise")
    tasks = sample_evenly(family, SAMPLED_TASKS, 1, *draws, sets=1).task[0].double()
    grid = torch.linspace(*family.x, plane.basis.shape[-1], dtype=torch.float64).view(-1, 1)
    return plane.coordinates(family.function(grid, tasks).squeeze(-1))
