"""Adaptation to a task: the inner loop of MAML's Algorithm 1, run for as long as one likes.

Sandbox, evaluation and command line all use this one generator, for every learner.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.core.engine import Loop, Tensors
from explorer.core.lazy_torch import torch
from explorer.core.mlp import gradient, hessian_vector, losses_and_pass, predict
from explorer.core.network import Network

if TYPE_CHECKING:
    from torch import Tensor

DIVERGENCE_FACTOR = 10.0
# Multiplications computed before the first of their steps is handed out: some 50 ms of work.
WORK_AT_ONCE = 1e9
KEPT_LOOPS = 8  # for as many shapes of networks


@dataclass(frozen=True)
class AdaptStep:
    """The network after some gradient steps on each of T tasks.

    Attributes:
        step: gradient steps taken so far.
        theta: adapted parameters, ``(T, P)``; None if they were not to be kept.
        support_loss: mean squared error on the support points, ``(T,)``; NaN without points.
        prediction: f on the grid, ``(T, G)``.
    """

    step: int
    theta: Tensor | None
    support_loss: Tensor
    prediction: Tensor


@lru_cache(KEPT_LOOPS)
def adaptation_loop(sizes: tuple[int, ...], tanh: bool, keep_theta: bool) -> Loop:
    """The inner loop of Algorithm 1 for T tasks.

    Carries θ ``(T, P)``, is given α, sees the support points and the inputs ``(T, G, 1)`` at
    which to predict, and makes support losses ``(T,)``, predictions ``(T, G, 1)`` and, to be
    kept, θ as they were before the step.
    """
    network = Network(list(sizes), tanh)

    def body(carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        (theta,), (alpha,), (x, y, inputs) = carried, given, fixed
        losses, passed = losses_and_pass(theta, x, y, network)
        made = losses, predict(theta, inputs, network), *((theta,) if keep_theta else ())
        return (theta - gradient(passed) * alpha,), made

    return Loop(body)


def adapt(
    theta: Tensor,
    network: Network,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    *,
    alpha: float,
    steps: int,
    keep_theta: bool = True,
) -> Iterator[AdaptStep]:
    """Yield the network before adaptation and after each of ``steps`` gradient steps.

    Args:
        theta: ``(P,)``, shared by all tasks, or ``(T, P)``.
        network: its shape.
        support_x: ``(T, K, 1)``; K may be 0, and then nothing changes from step to step.
        support_y: ``(T, K, 1)``.
        grid: inputs at which to predict, ``(G,)``.
        alpha: step size α on the mean squared error.
        steps: number of gradient steps.
        keep_theta: whether the steps hold the adapted parameters too.
    """
    tasks = support_x.shape[0]
    carried: Tensors = (theta.expand(tasks, theta.shape[-1]),)
    fixed = support_x, support_y, grid.view(1, -1, 1).expand(tasks, -1, 1)
    loop = adaptation_loop(tuple(network.sizes), network.tanh, keep_theta)
    work = tasks * theta.shape[-1] * (3 * support_x.shape[1] + len(grid))
    at_once = max(1, int(WORK_AT_ONCE / max(work, 1)))
    for first in range(0, steps + 1, at_once):
        count = min(at_once, steps + 1 - first)
        alphas = torch.full((count,), alpha, dtype=theta.dtype)
        carried, (losses, predictions, *kept) = loop.run(carried, (alphas,), fixed)
        predictions = predictions.squeeze(-1)
        thetas = kept[0] if kept else [None] * count
        for i in range(count):
            yield AdaptStep(first + i, thetas[i], losses[i], predictions[i])


def diverged(support_losses: Tensor, support_y: Tensor) -> Tensor:
    """Which tasks have diverged by each step: bool ``(S + 1, T)``, true from then on.

    Gradient descent lowers the support loss unless the step is too long. A task counts as
    diverged once that loss is not finite, or `DIVERGENCE_FACTOR` times what it was before
    adaptation or what predicting zero would cost, whichever is larger.

    Args:
        support_losses: ``(S + 1, T)``.
        support_y: ``(T, K, 1)``.
    """
    reference = torch.maximum(support_losses[0], support_y.square().mean((-2, -1)))
    beyond = ~torch.isfinite(support_losses) | (support_losses > DIVERGENCE_FACTOR * reference)
    return beyond.cummax(0).values if support_y.shape[-2] else torch.zeros_like(beyond)


@lru_cache(KEPT_LOOPS)
def _power_iteration(sizes: tuple[int, ...], tanh: bool) -> Loop:
    """Carries a vector ``(1, P)``; makes its length and the curvature along it."""
    network = Network(list(sizes), tanh)

    def body(carried: Tensors, _given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        (vector,), (theta, x, y) = carried, fixed
        _, passed = losses_and_pass(theta, x, y, network)
        length = torch.sqrt((vector * vector).sum())
        direction = vector / length
        image = hessian_vector(passed, direction, network)
        return (image,), (length, (direction * image).sum())

    return Loop(body)


def curvature(
    theta: Tensor, network: Network, support_x: Tensor, support_y: Tensor, rounds: int = 40
) -> float:
    """The largest curvature of the support loss at θ ``(P,)``, by power iteration.

    Gradient descent with step size α is stable along a direction only while α times the
    curvature there stays below 2.

    Args:
        theta: ``(P,)``.
        network: its shape.
        support_x: ``(1, K, 1)``.
        support_y: ``(1, K, 1)``.
        rounds: Hessian-vector products spent.
    """
    theta = theta.unsqueeze(0)
    _, passed = losses_and_pass(theta, support_x, support_y, network)
    _, (lengths, sizes) = _power_iteration(tuple(network.sizes), network.tanh).run(
        (gradient(passed),), (theta.new_zeros(rounds),), (theta, support_x, support_y)
    )
    ended = ~torch.isfinite(lengths) | (lengths == 0)  # no direction to go on along
    last = int(ended.int().argmax()) if ended.any() else rounds
    return float(sizes[last - 1]) if last else 0.0


def divergence_sentence(label: str, step: int, alpha: float, curvature: float) -> str:
    """When and why adaptation diverged, for the reader.

    Args:
        label: the learner's name.
        step: gradient step by which it had diverged.
        alpha: step size α.
        curvature: largest curvature of the support loss, as `curvature` finds it.
    """
    product = alpha * curvature
    if not 2 < product < math.inf:  # the curvature grew along the way, or is not finite
        return f"{label} diverged at step {step}: α = {alpha:g} is too large here; lower α."
    return (
        f"{label} diverged at step {step}: α × largest curvature = {product:.3g}, stable only "
        "below 2; lower α."
    )
