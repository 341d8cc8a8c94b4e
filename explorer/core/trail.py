"""One network's whole way through adaptation to one sine, ready to be shown or printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation import adapt, curvature, diverged
from explorer.core.lazy_torch import torch
from explorer.core.network import Network

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Divergence:
    """How adaptation went wrong.

    Attributes:
        step: the first gradient step at which it had diverged.
        curvature: largest curvature of the support loss at θ, before adaptation.
    """

    step: int
    curvature: float


@dataclass(frozen=True)
class Trail:
    """One network after 0, 1, … S gradient steps on K points.

    Attributes:
        prediction: f on the grid, ``(S + 1, G)``.
        mse: mean squared error against the true sine on the grid, ``(S + 1,)``.
        support_mse: mean squared error on the support points, ``(S + 1,)``; NaN without points.
        divergence: what went wrong, or None.
    """

    prediction: Array
    mse: Array
    support_mse: Array
    divergence: Divergence | None


def walk(
    theta: Tensor,
    network: Network,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    truth: Tensor,
    *,
    alpha: float,
    steps: int,
    check_wanted: Callable[[], None] = lambda: None,
) -> Trail:
    """Adapt θ ``(P,)`` with `adapt` and measure every step; see `walk_together`."""
    (trail,) = walk_together(
        theta.unsqueeze(0),
        network,
        support_x,
        support_y,
        grid,
        truth,
        alpha=alpha,
        steps=steps,
        check_wanted=check_wanted,
    )
    return trail


def walk_together(
    thetas: Tensor,
    network: Network,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    truth: Tensor,
    *,
    alpha: float,
    steps: int,
    check_wanted: Callable[[], None] = lambda: None,
) -> list[Trail]:
    """Adapt R networks of one shape to the same points with `adapt` and measure every step.

    Args:
        thetas: their parameters, ``(R, P)``.
        network: their shape.
        support_x: ``(1, K, 1)``.
        support_y: ``(1, K, 1)``.
        grid: inputs at which to predict, ``(G,)``.
        truth: the true sine there, ``(G,)``.
        alpha: step size α.
        steps: number of gradient steps S.
        check_wanted: called after every step; may raise to give up.
    """
    points = support_x.expand(len(thetas), -1, -1), support_y.expand(len(thetas), -1, -1)
    losses, predictions = [], []
    for step in adapt(thetas, network, *points, grid, alpha=alpha, steps=steps, keep_theta=False):
        check_wanted()
        losses.append(step.support_loss)
        predictions.append(step.prediction)
    support_losses, prediction = torch.stack(losses, 1), torch.stack(predictions, 1)
    mse = (prediction - truth).square().mean(-1)
    flags = diverged(support_losses.T, points[1]).T
    trails = []
    for r, theta in enumerate(thetas):
        divergence = None
        if flags[r].any():
            sharpest = curvature(theta, network, support_x, support_y)
            divergence = Divergence(int(flags[r].int().argmax()), sharpest)
        curves, errors, losses_here = (
            part[r].double().numpy() for part in (prediction, mse, support_losses)
        )
        trails.append(Trail(curves, errors, losses_here, divergence))
    return trails
