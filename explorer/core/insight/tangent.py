"""The tangent kernel of a network: how much a pull at one input lifts the curve at another.

A gradient step on the support points (x_k, y_k) changes the curve to first order by
Δf(x) = −(2α/K) Σ_k k(x, x_k)·(f(x_k) − y_k) with k(x, x′) = ∇f(x)ᵀ M ∇f(x′), where M is what the
learner multiplies its gradients by and ∇ is by θ, context values included (Jacot et al. 2018,
arXiv 1806.07572, with M = 1). "Sensitive" has its numbers here: how strong k is, and how like the
kernel of the tasks themselves, b₁(x)b₁(x′) + b₂(x)b₂(x′).

Shapes: T tasks or parameter vectors, A and B inputs, G of a grid. All dtypes are those of θ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.network.derivatives import output_factors, output_gradient, output_products

if TYPE_CHECKING:
    from torch import Tensor


def jacobian(
    start: StartingPoint, x: Tensor, task: Tensor | None = None, theta: Tensor | None = None
) -> Tensor:
    """∇f at inputs: ``(T, A, P + C)``.

    Args:
        start: whose network.
        x: inputs, ``(T, A, 1)``; T is 1 where they are the same for all θ.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
        theta: parameters, ``(T, P + C)`` or ``(P + C,)``; those before adaptation if not given.
    """
    return output_gradient(*_asked(start, x, task, theta), start.network)


def _asked(
    start: StartingPoint, x: Tensor, task: Tensor | None, theta: Tensor | None
) -> tuple[Tensor, Tensor]:
    """θ and what its network is given, for as many tasks as either has."""
    at = start.theta if theta is None else theta
    inputs = x if task is None else start.inputs(x, task)
    rows = at.shape[0] if at.dim() > 1 else inputs.shape[0]
    return at, inputs.expand(rows, -1, -1)


def preconditioned(start: StartingPoint, rows: Tensor, step: int = 0) -> Tensor:
    """M of a step applied to each of the gradients ``(…, P + C)``.

    The start is one network: its preconditioners have no axis of tasks.
    """
    preconditioner = start.preconditioner(step)
    if preconditioner is None:
        return rows
    return preconditioner.apply(rows.reshape(-1, rows.shape[-1]), start.network).view_as(rows)


def kernel(
    start: StartingPoint,
    left: Tensor,
    right: Tensor | None = None,
    *,
    task: Tensor | None = None,
    theta: Tensor | None = None,
    step: int = 0,
) -> Tensor:
    """k(x, x′) = ∇f(x)ᵀ M ∇f(x′) ``(T, A, B)``: x answers to a pull at x′.

    Args:
        start: whose network.
        left: x, ``(T, A, 1)``.
        right: x′, ``(T, B, 1)``; the same as x if not given.
        task: as in `jacobian`.
        theta: as in `jacobian`.
        step: the gradient step, counted from 0, whose M it is.
    """
    if start.preconditioner(step) is None:  # then there is no need for the gradients themselves
        factors = output_factors(*_asked(start, left, task, theta), start.network)
        if right is None:
            return output_products(factors, factors)
        others = output_factors(*_asked(start, right, task, theta), start.network)
        return output_products(factors, others)
    answers = jacobian(start, left, task, theta)
    pulls = answers if right is None else jacobian(start, right, task, theta)
    return answers @ preconditioned(start, pulls, step).mT


def strength(kernel: Tensor, alpha: float) -> Tensor:
    """2α·k(x, x), the mean over inputs, ``(…)``, of a kernel ``(…, G, G)``.

    It is how far one step moves the curve at a lone point (K = 1) whose residual is 1.
    """
    return 2 * alpha * kernel.diagonal(dim1=-2, dim2=-1).mean(-1)


def plane_kernel(basis: Tensor) -> Tensor:
    """b₁(x)b₁(x′) + b₂(x)b₂(x′) ``(G, G)``, from b₁ and b₂ on a grid ``(2, G)``."""
    return basis.mT @ basis


def likeness(kernel: Tensor, other: Tensor) -> Tensor:
    """Pearson's correlation of a kernel ``(…, G, G)`` with another ``(G, G)``, over all pairs."""
    mine = kernel.flatten(-2)
    mine = mine - mine.mean(-1, keepdim=True)
    theirs = other.to(kernel.dtype).flatten()
    theirs = theirs - theirs.mean()
    found: Tensor = (mine @ theirs) / (mine.norm(dim=-1) * theirs.norm())
    return found


def symmetric(kernel: Tensor) -> Tensor:
    """The symmetric part of a kernel ``(…, G, G)``: all of it unless M is not symmetric."""
    return (kernel + kernel.mT) / 2


def effective_rank(kernel: Tensor) -> Tensor:
    """(Σw)²/Σw² ``(…)`` of the eigenvalues w of a kernel ``(…, G, G)``.

    How many directions it moves, weighted; it says nothing about which these are.
    """
    parts = symmetric(kernel)
    trace = parts.diagonal(dim1=-2, dim2=-1).sum(-1)
    return trace.square() / parts.square().sum((-2, -1))


def leading_share(kernel: Tensor, basis: Tensor) -> Tensor:
    """Share ``(…)`` of span{b₁, b₂} that lies in the kernel's two leading eigenvectors.

    Half of ‖QᵀV‖², Q being an orthonormal basis of the span and V these eigenvectors: 1 if both
    span the same plane, 0 if they are at right angles.
    """
    leading = torch.linalg.eigh(symmetric(kernel)).eigenvectors[..., -2:]
    plane = torch.linalg.qr(basis.to(kernel.dtype).mT).Q
    share: Tensor = (plane.mT @ leading).square().sum((-2, -1)) / 2
    return share


def plane_gains(kernel: Tensor, basis: Tensor, alpha: float) -> Tensor:
    """What one step on points everywhere removes of an error within the plane, ``(…, 2)``.

    To first order it takes the error d = u·b₁ + v·b₂ to d − 2α⟨k(·, x′)d(x′)⟩ₓ′, whose projection
    on the plane is (1 − Γ)(u, v). The gains are the eigenvalues of Γ = 2α·(BBᵀ)⁻¹BkBᵀ/G, ascending,
    and belong to the two directions that a step treats apart. With 1 and 1 a single step would do;
    below it falls short, and above 2 it makes worse.

    Args:
        kernel: k on the grid, ``(…, G, G)``.
        basis: b₁ and b₂ there, ``(2, G)``.
        alpha: step size α.
    """
    plane = basis.to(kernel.dtype)
    points = plane.shape[-1]
    moved = plane @ symmetric(kernel) @ plane.mT * (2 * alpha / points)
    root = torch.linalg.inv(torch.linalg.cholesky(plane @ plane.mT))
    gains: Tensor = torch.linalg.eigvalsh(root @ moved @ root.mT)
    return gains
