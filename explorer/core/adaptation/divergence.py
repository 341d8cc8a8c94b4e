"""How adaptation goes wrong: which tasks diverged, and why, for the reader."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Kind
from explorer.core.adaptation.starting_point import Start, StartingPoint, kind_and_parts
from explorer.core.base.lazy_torch import torch
from explorer.core.engine import Loop, Tensors
from explorer.core.network.derivatives import gradient, hessian_vector, losses_and_pass
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor

DIVERGENCE_FACTOR = 10.0
KEPT_LOOPS = 8  # for as many shapes of networks


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
def _power_iteration(sizes: tuple[int, ...], tanh: bool, kind: Kind | None, pull: float) -> Loop:
    """Carries a vector ``(1, P + C)``; makes its length and the curvature along it."""
    network = Network(list(sizes), tanh)

    def body(carried: Tensors, _given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        (vector,), (theta, x, y, *parts) = carried, fixed
        _, passed = losses_and_pass(theta, x, y, network)
        length = torch.sqrt((vector * vector).sum())
        direction = vector / length
        image = hessian_vector(passed, direction, network)
        if kind is not None:
            image = kind(*parts).apply(image, network)
        if pull:
            image = image + direction * pull
        return (image,), (length, (direction * image).sum())

    return Loop(body)


def curvature(
    start: StartingPoint,
    support_x: Tensor,
    support_y: Tensor,
    task: Tensor | None = None,
    rounds: int = 40,
) -> float:
    """The largest curvature of the support loss where adaptation starts, by power iteration.

    It is the largest eigenvalue of M∇²L + λ, M being the preconditioner of the first step and λ the
    pull: gradient descent with step size α is stable along a direction only while α times the
    curvature there stays below 2.

    Args:
        start: where adaptation starts, its θ ``(P + C,)``.
        support_x: ``(1, K, 1)``.
        support_y: ``(1, K, 1)``.
        task: parameters of the task, ``(1, 1, P)``, for a network that is told them.
        rounds: Hessian-vector products spent.
    """
    theta, network = start.theta.unsqueeze(0), start.network
    x = support_x if task is None else start.inputs(support_x, task)
    _, passed = losses_and_pass(theta, x, support_y, network)
    kind, parts = kind_and_parts(start, 0)
    _, (lengths, sizes) = _power_iteration(
        tuple(network.sizes), network.tanh, kind, start.pull
    ).run((gradient(passed),), (theta.new_zeros(rounds),), (theta, x, support_y, *parts))
    ended = ~torch.isfinite(lengths) | (lengths == 0)  # no direction to go on along
    last = int(ended.int().argmax()) if ended.any() else rounds
    return float(sizes[last - 1]) if last else 0.0


def takes_own_steps(start: Start) -> bool:
    """Whether adaptation takes steps of other sizes than α."""
    return isinstance(start, StartingPoint) and start.has_own_steps


def divergence_sentence(
    label: str, step: int, alpha: float, curvature: float, own_steps: bool = False
) -> str:
    """When and why adaptation diverged, for the reader.

    Args:
        label: the learner's name.
        step: gradient step by which it had diverged.
        alpha: step size α.
        curvature: largest curvature of the support loss, as `curvature` finds it.
        own_steps: whether the learner takes steps of its own sizes, which α scales.
    """
    product = alpha * curvature
    if own_steps:
        reason = "the step sizes that it learned are too long here"
        if 2 < product < math.inf:
            reason = f"its step sizes × largest curvature = {product:.3g}, stable only below 2"
        return f"{label} diverged at step {step}: {reason}; lower α, which scales them."
    if not 2 < product < math.inf:  # the curvature grew along the way, or is not finite
        return f"{label} diverged at step {step}: α = {alpha:g} is too large here; lower α."
    return (
        f"{label} diverged at step {step}: α × largest curvature = {product:.3g}, stable only "
        "below 2; lower α."
    )
