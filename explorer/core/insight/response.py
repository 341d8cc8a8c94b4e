"""What one real step does: the curve's answer to a pull at one input, and the error along α."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.insight.tangent import jacobian, preconditioned
from explorer.core.network.derivatives import predict

if TYPE_CHECKING:
    from torch import Tensor

# Parameters that are held at once along a ray: 20 MB.
PARAMETERS_AT_ONCE = 5_000_000


def poke(
    start: StartingPoint,
    places: Tensor,
    pulls: Tensor,
    grid: Tensor,
    *,
    alpha: float,
    points: int,
    task: Tensor | None = None,
    theta: Tensor | None = None,
    step: int = 0,
) -> Tensor:
    """How one real step answers to residuals at single inputs: ``(N, G)``.

    Δf(x) = f(x; θ + α(2/K)ε·M∇f(x′)) − f(x; θ): the whole of what one of K support points does
    that lies ε above the curve at x′, not the first order of it, which is (2α/K)·ε·k(x, x′).

    Args:
        start: whose network.
        places: x′ of N pulls, each tried by itself, ``(N,)``.
        pulls: ε of each, ``(N,)``.
        grid: where the curve is looked at, ``(G,)``.
        alpha: step size α.
        points: K, among how many points the loss is a mean.
        task: parameters of one task, ``(1, 1, P)``, for a network that is told it.
        theta: parameters at which the curve is pulled, ``(P + C,)``; those before adaptation if not
            given.
        step: the gradient step, counted from 0, whose M it is.
    """
    at = start.theta if theta is None else theta
    (rows,) = jacobian(start, places.view(1, -1, 1), task, at)
    moved = preconditioned(start, rows, step) * (pulls * (2 * alpha / max(points, 1))).unsqueeze(-1)
    inputs = grid.view(1, -1, 1)
    inputs = inputs if task is None else start.inputs(inputs, task)
    before = predict(at, inputs, start.network)
    after = predict(at + moved, inputs.expand(len(moved), -1, -1), start.network)
    return (after - before).squeeze(-1)


def ray(
    start: StartingPoint,
    x: Tensor,
    y: Tensor,
    grid: Tensor,
    truth: Tensor,
    alphas: Sequence[float],
    *,
    task: Tensor | None = None,
) -> Tensor:
    """Mean squared error after one step of each size α from θ₀: ``(A, T)``.

    A first step is θ₀ − α·d with the same d for every α: a step of size 1 finds it.

    Args:
        start: where the learner starts.
        x: support inputs, ``(T, K, 1)``.
        y: their targets, ``(T, K, 1)``.
        grid: where errors are taken, ``(G,)`` or ``(T, G)``.
        truth: the true functions there, ``(T, G)``.
        alphas: step sizes α.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
    """
    blocks = adapt_in_blocks(start, x, y, grid[..., :1], alpha=1.0, steps=1, task=task)
    theta = torch.cat([block.theta for block in blocks if block.theta is not None])
    tasks = x.shape[0]
    inputs = grid.view(-1, grid.shape[-1], 1).expand(tasks, -1, 1)
    inputs = inputs if task is None else start.inputs(inputs, task)
    sizes = torch.tensor(alphas, dtype=theta.dtype).view(-1, 1, 1)
    at_once = max(1, PARAMETERS_AT_ONCE // max(theta[0].numel(), 1))
    errors = []
    for first in range(0, len(sizes), at_once):
        some = sizes[first : first + at_once]
        along = torch.lerp(theta[0], theta[1], some).flatten(0, 1)
        curves = predict(along, inputs.repeat(len(some), 1, 1), start.network)
        errors.append((curves.view(len(some), tasks, -1) - truth).square().mean(-1))
    return torch.cat(errors)
