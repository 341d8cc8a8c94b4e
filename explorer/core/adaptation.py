"""Adaptation to a task: the inner loop of MAML's Algorithm 1, run for as long as one likes.

Sandbox, evaluation and command line all use this one generator, for every learner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from explorer.core.compiling import compiled
from explorer.core.lazy_torch import no_grad, torch
from explorer.core.mlp import gradient, hessian_vector, losses_and_pass, predict
from explorer.core.network import Network

if TYPE_CHECKING:
    from torch import Tensor

DIVERGENCE_FACTOR = 10.0
STEPS_AT_ONCE = 11  # computed before the first of them is handed out


@dataclass(frozen=True)
class AdaptStep:
    """The network after some gradient steps on each of T tasks.

    Attributes:
        step: gradient steps taken so far.
        theta: adapted parameters, ``(T, P)``.
        support_loss: mean squared error on the support points, ``(T,)``; NaN without points.
        prediction: f on the grid, ``(T, G)``.
    """

    step: int
    theta: Tensor
    support_loss: Tensor
    prediction: Tensor


def plain_steps(
    theta: Tensor, network: Network, x: Tensor, y: Tensor, grid: Tensor, alpha: float, count: int
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """A number of steps from θ ``(T, P)`` on: θ, losses ``(T,)`` and predictions ``(T, G)``.

    The list of θ is one longer than the others: it ends with where to go on.
    """
    thetas = [theta]
    losses: list[Tensor] = []
    predictions: list[Tensor] = []
    for _ in range(count):
        loss, passed = losses_and_pass(thetas[-1], x, y, network)
        losses.append(loss)
        predictions.append(predict(thetas[-1], grid, network).squeeze(-1))
        thetas.append(thetas[-1] - gradient(passed) * alpha)
    return thetas, losses, predictions


@cache
def compiled_steps() -> Callable[..., tuple[list[Tensor], list[Tensor], list[Tensor]]]:
    """`plain_steps`, compiled where possible: a window that paints does not hold it up then."""
    return compiled(plain_steps)


def adapt(
    theta: Tensor,
    network: Network,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    *,
    alpha: float,
    steps: int,
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
    """
    tasks = support_x.shape[0]
    theta = theta.expand(tasks, theta.shape[-1])
    inputs = grid.view(1, -1, 1).expand(tasks, -1, 1)
    for first in range(0, steps + 1, STEPS_AT_ONCE):
        count = min(STEPS_AT_ONCE, steps + 1 - first)
        with torch.no_grad():
            thetas, losses, predictions = compiled_steps()(
                theta, network, support_x, support_y, inputs, alpha, count
            )
        for i in range(count):
            yield AdaptStep(first + i, thetas[i], losses[i], predictions[i])
        theta = thetas[-1]


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


@no_grad
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
    _, passed = losses_and_pass(theta.unsqueeze(0), support_x, support_y, network)
    vector = gradient(passed)
    size = torch.zeros(1)
    for _ in range(rounds):
        norm = vector.norm()
        if not torch.isfinite(norm) or norm == 0:
            break
        vector = vector / norm
        image = hessian_vector(passed, vector, network)
        size = (vector * image).sum()
        vector = image
    return float(size)


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
