"""Support error by mode, before and after each step that was actually taken.

To first order a step takes the residuals r on the K support points to (I − A)r, where
A = (2α/K) J M Jᵀ and J is ∇f at these points (`explorer.core.insight.tangent`). Along an
eigenvector of A with eigenvalue λ the residual is multiplied by 1 − λ: it shrinks for 0 < λ < 2 and
grows for λ > 2. A follows θ, so that every step has modes of its own; nothing here is carried on
from one step to the next. λ are α times the eigenvalues of the Gauss-Newton part of the support
loss's Hessian, not of all of it.

Where M is not symmetric, as with Meta-Curvature, λ and modes are those of A's symmetric part: what
vᵀAv is along them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.insight.tangent import jacobian, preconditioned, symmetric
from explorer.core.network.derivatives import predict

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 2.0  # λ beyond which a mode grows


class Modes(NamedTuple):
    """The modes at θ₀ … θ_S of T tasks, in the order of falling λ.

    Attributes:
        eigenvalues: λ, ``(S + 1, T, K)``; NaN where θ is not finite.
        before: the part of the support loss in each mode at θₛ, ``(S + 1, T, K)``; their sum is the
            loss.
        after: the same parts, in the same modes, after the step from θₛ to θₛ₊₁, ``(S, T, K)``;
            their sum is the loss after it.
        vectors: the modes, ``(S + 1, T, K, K)``, one in each column.
    """

    eigenvalues: Tensor
    before: Tensor
    after: Tensor
    vectors: Tensor


def step_matrix(
    start: StartingPoint, x: Tensor, theta: Tensor, *, alpha: float, task: Tensor | None = None
) -> Tensor:
    """A = (2α/K) J M Jᵀ at each θₛ: ``(S + 1, T, K, K)``.

    Args:
        start: whose steps.
        x: support inputs, ``(T, K, 1)``.
        theta: parameters after 0 … S steps, ``(S + 1, T, P + C)``.
        alpha: step size α.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
    """
    steps, tasks, points = theta.shape[0], *x.shape[:2]
    told = None if task is None else task.repeat(steps, 1, 1)
    rows = jacobian(start, x.repeat(steps, 1, 1), told, theta.flatten(0, 1))
    rows = rows.view(steps, tasks, points, rows.shape[-1])
    if len(start.preconditioners) > 1:
        pulls = torch.stack([preconditioned(start, each, step) for step, each in enumerate(rows)])
    else:
        pulls = preconditioned(start, rows)
    return rows @ pulls.mT * (2 * alpha / max(points, 1))


def modes(
    start: StartingPoint,
    x: Tensor,
    y: Tensor,
    theta: Tensor,
    *,
    alpha: float,
    task: Tensor | None = None,
) -> Modes:
    """The modes at every step, and what the steps did to them; y is ``(T, K, 1)``.

    The other arguments are those of `step_matrix`; θ is as `adapt` left it.
    """
    steps = theta.shape[0]
    matrices = symmetric(step_matrix(start, x, theta, alpha=alpha, task=task))
    broken = ~torch.isfinite(matrices).all(-1).all(-1)
    ascending, vectors = torch.linalg.eigh(
        matrices.masked_fill(broken[..., None, None], 0.0) if broken.any() else matrices
    )
    vectors = vectors.flip(-1)
    eigenvalues = ascending.flip(-1).masked_fill(broken[..., None], torch.nan)
    inputs = x if task is None else start.inputs(x, task)
    predictions = predict(theta.flatten(0, 1), inputs.repeat(steps, 1, 1), start.network)
    residuals = (predictions.view(steps, *y.shape) - y).mT
    before = (residuals @ vectors).squeeze(-2).square() / max(y.shape[1], 1)
    after = (residuals[1:] @ vectors[:-1]).squeeze(-2).square() / max(y.shape[1], 1)
    return Modes(eigenvalues, before, after, vectors)
