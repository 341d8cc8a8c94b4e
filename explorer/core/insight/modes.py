"""Support error by mode, before and after each step that was actually taken.

To first order a step takes the residuals r on the K support points to (I − A)r, where
A = (2α/K) J M Jᵀ and J is ∇f at these points (`explorer.core.insight.tangent`). Along an
eigenvector of A with eigenvalue λ the residual is multiplied by 1 − λ: it shrinks for 0 < λ < 2 and
grows for λ > 2. A follows θ, so that every step has modes of its own, and only `frozen_losses`
carries anything on from one step to the next. λ are α times the eigenvalues of the Gauss-Newton
part of the support loss's Hessian, not of all of it.

Where M is not symmetric, as with Meta-Curvature, λ and modes are those of A's symmetric part: what
vᵀAv is along them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.insight.tangent import kernel, symmetric
from explorer.core.network.derivatives import predict

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 2.0  # λ beyond which a mode grows
GRADIENTS_AT_ONCE = 5_000_000  # numbers in ∇f of the points of several steps: 20 MB


class Modes(NamedTuple):
    """The modes at θ₀ … θ_S of T tasks, in the order of falling λ.

    Attributes:
        eigenvalues: λ, ``(S + 1, T, K)``; NaN where θ is not finite.
        before: the part of the support loss in each mode at θₛ, ``(S + 1, T, K)``; their sum is the
            loss.
        after: the same parts, in the same modes, after the step from θₛ to θₛ₊₁, ``(S, T, K)``;
            their sum is the loss after it.
    """

    eigenvalues: Tensor
    before: Tensor
    after: Tensor


def step_matrix(
    start: StartingPoint,
    x: Tensor,
    theta: Tensor,
    *,
    alpha: float,
    task: Tensor | None = None,
    first: int = 0,
) -> Tensor:
    """A = (2α/K) J M Jᵀ at each θₛ: ``(S + 1, T, K, K)``.

    Args:
        start: whose steps.
        x: support inputs, ``(T, K, 1)``.
        theta: parameters after 0 … S steps, ``(S + 1, T, P + C)``.
        alpha: step size α.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
        first: steps taken before the first of them, where it is not 0.
    """
    parameters = max(x.shape[0] * x.shape[1] * theta.shape[-1], 1)
    at_once = max(1, GRADIENTS_AT_ONCE // parameters)
    if len(start.preconditioners) > 1:
        at_once = 1  # each step has an M of its own
    each = [
        _kernels(start, x, theta[done : done + at_once], task, first + done)
        for done in range(0, len(theta), at_once)
    ]
    return torch.cat(each) * (2 * alpha / max(x.shape[1], 1))


def _kernels(
    start: StartingPoint, x: Tensor, theta: Tensor, task: Tensor | None, step: int
) -> Tensor:
    """J M Jᵀ with the M of one step at several θ: ``(S, T, K, K)``."""
    steps, tasks, points = len(theta), *x.shape[:2]
    told = None if task is None else task.repeat(steps, 1, 1)
    inputs = x.repeat(steps, 1, 1)
    found = kernel(start, inputs, task=told, theta=theta.flatten(0, 1), step=step)
    return found.view(steps, tasks, points, points)


def eigenvalues(
    start: StartingPoint,
    x: Tensor,
    theta: Tensor,
    *,
    alpha: float,
    task: Tensor | None = None,
    first: int = 0,
) -> Tensor:
    """λ alone, falling, ``(S + 1, T, K)``; the arguments are those of `step_matrix`."""
    matrices = symmetric(step_matrix(start, x, theta, alpha=alpha, task=task, first=first))
    broken, sound = _sound(matrices)
    ascending: Tensor = torch.linalg.eigvalsh(sound)
    return ascending.flip(-1).masked_fill(broken, torch.nan)


def _sound(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Which matrices are not finite, ``(…, 1)``, and all of them with zeros in place of these."""
    broken = ~torch.isfinite(matrices).all(-1).all(-1, keepdim=True)
    return broken, matrices.masked_fill(broken.unsqueeze(-1), 0.0) if broken.any() else matrices


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
    broken, sound = _sound(matrices)
    ascending, vectors = torch.linalg.eigh(sound)
    vectors, falling = vectors.flip(-1), ascending.flip(-1).masked_fill(broken, torch.nan)
    inputs = x if task is None else start.inputs(x, task)
    predictions = predict(theta.flatten(0, 1), inputs.repeat(steps, 1, 1), start.network)
    residuals = (predictions.view(steps, *y.shape) - y).mT
    before = (residuals @ vectors).squeeze(-2).square() / max(y.shape[1], 1)
    after = (residuals[1:] @ vectors[:-1]).squeeze(-2).square() / max(y.shape[1], 1)
    return Modes(falling, before, after)


def frozen_losses(
    start: StartingPoint,
    x: Tensor,
    y: Tensor,
    *,
    alpha: float,
    steps: int,
    task: Tensor | None = None,
) -> Tensor:
    """Support loss if ∇f stayed as it is at θ₀ while steps are taken: ``(S + 1, T)``.

    Of f(θ₀) + ∇f(θ₀)ᵀ(θ − θ₀) in place of f, which is what the frozen kernel stands for:
    r ← (I − Aₛ)r, where Aₛ has each step's own M. It is not that of a start with a pull, whose
    steps depend on θ besides r.

    Args:
        start: whose steps; `pull` is 0.
        x: support inputs, ``(T, K, 1)``.
        y: their targets, ``(T, K, 1)``.
        alpha: step size α.
        steps: gradient steps S.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
    """
    theta = start.theta.expand(1, x.shape[0], -1)
    own = [
        step_matrix(start, x, theta, alpha=alpha, task=task, first=step)[0]
        for step in range(max(min(len(start.preconditioners), steps), 1))
    ]
    inputs = x if task is None else start.inputs(x, task)
    residuals = [predict(theta[0], inputs, start.network) - y]
    for step in range(steps):
        residuals.append(residuals[-1] - own[min(step, len(own) - 1)] @ residuals[-1])
    return torch.stack(residuals).square().mean((-2, -1))
