"""One network's whole way through adaptation to one task, ready to be shown or printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation.divergence import curvature, diverged
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.preconditioners import Preconditioner
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch

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
class Trajectory:
    """One network after 0, 1, … S gradient steps on K points.

    Attributes:
        prediction: f on the grid, ``(S + 1, G)``.
        mse: mean squared error against the true function on the grid, ``(S + 1,)``.
        support_mse: mean squared error on the support points, ``(S + 1,)``; NaN without points.
        divergence: what went wrong, or None.
        deviation: standard deviation of targets on the grid, ``(S + 1, G)``; None where it is not
            known.
    """

    prediction: Array
    mse: Array
    support_mse: Array
    divergence: Divergence | None
    deviation: Array | None = None


def trajectory_of(
    start: Start,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    truth: Tensor,
    *,
    alpha: float,
    steps: int,
    task: Tensor | None = None,
) -> Trajectory:
    """Adapt one network with `adapt` and measure every step; see `trajectories_of`."""
    (trajectory,) = trajectories_of(
        [start],
        support_x,
        support_y,
        grid,
        truth,
        alpha=alpha,
        steps=steps,
        task=task,
    )
    return trajectory


def trajectories_of(
    starts: Sequence[Start],
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    truth: Tensor,
    *,
    alpha: float,
    steps: int,
    task: Tensor | None = None,
) -> list[Trajectory]:
    """Adapt R learners to the same points with `adapt` and measure every step.

    Args:
        starts: where they start; together they are faster if their networks have one shape.
        support_x: ``(1, K, 1)``.
        support_y: ``(1, K, 1)``.
        grid: inputs at which to predict, ``(G,)``.
        truth: the true function there, ``(G,)``.
        alpha: step size α.
        steps: number of gradient steps S.
        task: parameters of the task, ``(1, 1, P)``, for networks that are told them.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    trajectories: dict[int, Trajectory] = {}
    for members, course_start in _of_one_shape(starts):
        rows = len(members)
        points = support_x.expand(rows, -1, -1), support_y.expand(rows, -1, -1)
        tasks = None if task is None else task.expand(rows, -1, -1)
        losses, predictions, deviations = [], [], []
        for block in adapt_in_blocks(
            *(course_start, *points, grid), alpha=alpha, steps=steps, task=tasks, keep_theta=False
        ):
            losses.append(block.support_loss)
            predictions.append(block.prediction)
            if block.deviation is not None:
                deviations.append(block.deviation)
        support_losses = torch.cat(losses).T.contiguous()
        prediction = torch.cat(predictions).transpose(0, 1).contiguous()
        mse = (prediction - truth).square().mean(-1)
        flags = diverged(support_losses.T, points[1]).T
        for row, member in enumerate(members):
            start = starts[member]
            divergence = None
            if flags[row].any() and isinstance(start, StartingPoint):
                sharpest = curvature(start, support_x, support_y, task)
                divergence = Divergence(int(flags[row].int().argmax()), sharpest)
            curves, errors, losses_here = (
                part[row].double().numpy() for part in (prediction, mse, support_losses)
            )
            band = torch.cat(deviations)[:, row].double().numpy() if deviations else None
            trajectories[member] = Trajectory(curves, errors, losses_here, divergence, band)
    return [trajectories[i] for i in range(len(starts))]


def _of_one_shape(
    starts: Sequence[Start],
) -> Iterator[tuple[list[int], Start]]:
    """Those that can go together, by their places, and all of them as one start."""
    groups: dict[object, list[int]] = {}
    for i, start in enumerate(starts):
        key: object = i
        if isinstance(start, StartingPoint):
            kinds = tuple(type(each) for each in start.preconditioners)
            network = start.network
            key = tuple(network.sizes), network.tanh, kinds, start.pull, start.sees_task
        groups.setdefault(key, []).append(i)
    for members in groups.values():
        first = starts[members[0]]
        if isinstance(first, StartingPoint):
            alike = [s for s in (starts[i] for i in members) if isinstance(s, StartingPoint)]
            of_steps = zip(*(s.preconditioners for s in alike), strict=True)
            first = replace(
                first,
                theta=torch.stack([s.theta for s in alike]),
                preconditioners=tuple(_together(of_step) for of_step in of_steps),
            )
        yield members, first


def _together(of_step: Sequence[Preconditioner]) -> Preconditioner:
    """The preconditioners of several networks, which are of one kind, as one of all of them."""
    kind: Callable[..., Preconditioner] = type(of_step[0])
    return kind(*(torch.stack(parts) for parts in zip(*of_step, strict=True)))
