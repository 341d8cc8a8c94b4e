"""Adaptation to a task: the inner loop of MAML's Algorithm 1, run for as long as one likes.

Sandbox, evaluation and command line all use this one generator, for every learner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Kind
from explorer.core.adaptation.starting_point import Start, StartingPoint, kind_and_parts
from explorer.core.base.cancellation import check_cancelled
from explorer.core.base.lazy_torch import torch
from explorer.core.engine import Loop, Tensors
from explorer.core.families.base import Estimator, Uncertain
from explorer.core.network.derivatives import gradient, losses_and_pass, predict
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


# Multiplications computed before the first of their steps is handed out: some 50 ms of work.
WORK_AT_ONCE = 1e9
KEPT_LOOPS = 8  # for as many shapes of networks


@dataclass(frozen=True)
class AdaptBlock:
    """The network after B gradient steps that were computed together, on each of T tasks.

    Attributes:
        first: gradient steps taken before the first of them.
        theta: adapted parameters, ``(B, T, P + C)``; None if they were not to be kept.
        support_loss: mean squared error on the support points, ``(B, T)``; NaN without points.
        prediction: f on the grid, ``(B, T, G)``.
        deviation: standard deviation of f there, ``(B, T, G)``; None of who knows of none.
    """

    first: int
    theta: Tensor | None
    support_loss: Tensor
    prediction: Tensor
    deviation: Tensor | None = None


@dataclass(frozen=True)
class AdaptStep:
    """The network after some gradient steps on each of T tasks.

    Attributes:
        step: gradient steps taken so far.
        theta: adapted parameters, ``(T, P + C)``; None if they were not to be kept.
        support_loss: mean squared error on the support points, ``(T,)``; NaN without points.
        prediction: f on the grid, ``(T, G)``.
        deviation: standard deviation of targets on the grid, ``(T, G)``; None where it is not
            known.
    """

    step: int
    theta: Tensor | None
    support_loss: Tensor
    prediction: Tensor
    deviation: Tensor | None = None


@lru_cache(KEPT_LOOPS)
def adaptation_loop(
    sizes: tuple[int, ...], tanh: bool, keep_theta: bool, kind: Kind | None, pull: float
) -> Loop:
    """The inner loop of Algorithm 1 for T tasks.

    Carries θ ``(T, P + C)``, is given α, sees the support points, the inputs ``(T, G, n)`` at
    which to predict, the θ₀ that pulls and the tensors of the preconditioner, if there is one, and
    makes support losses ``(T,)``, predictions ``(T, G, 1)`` and, to be kept, θ as they were before
    the step.
    """
    network = Network(list(sizes), tanh)

    def body(carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        (theta,), (alpha,), (x, y, inputs, home, *parts) = carried, given, fixed
        losses, passed = losses_and_pass(theta, x, y, network)
        made = losses, predict(theta, inputs, network), *((theta,) if keep_theta else ())
        descent = gradient(passed)
        if kind is not None:
            descent = kind(*parts).apply(descent, network)
        if pull:
            descent = descent + (theta - home) * pull
        return (theta - descent * alpha,), made

    return Loop(body)


def adapt(
    start: Start,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    *,
    alpha: float,
    steps: int,
    task: Tensor | None = None,
    keep_theta: bool = True,
) -> Iterator[AdaptStep]:
    """Yield the network before adaptation and after each of ``steps`` gradient steps.

    Args:
        start: where to start, shared by all tasks, or T networks of one shape: then its θ is
            ``(T, P + C)``, and its preconditioners have a leading axis T. What needs no network
            is estimated with the first step.
        support_x: ``(T, K, 1)``; K may be 0, and then nothing changes from step to step.
        support_y: ``(T, K, 1)``.
        grid: inputs at which to predict, ``(G,)``, or ``(T, G)`` if each task has its own.
        alpha: step size α on the mean squared error.
        steps: number of gradient steps.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
        keep_theta: whether the steps hold the adapted parameters too.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    for block in adapt_in_blocks(
        *(start, support_x, support_y, grid),
        alpha=alpha,
        steps=steps,
        task=task,
        keep_theta=keep_theta,
    ):
        nothing = [None] * len(block.prediction)
        thetas = nothing if block.theta is None else block.theta
        deviations = nothing if block.deviation is None else block.deviation
        parts = zip(thetas, block.support_loss, block.prediction, deviations, strict=True)
        for i, each in enumerate(parts):
            yield AdaptStep(block.first + i, *each)


def adapt_in_blocks(
    start: Start,
    support_x: Tensor,
    support_y: Tensor,
    grid: Tensor,
    *,
    alpha: float,
    steps: int,
    task: Tensor | None = None,
    keep_theta: bool = True,
) -> Iterator[AdaptBlock]:
    """As `adapt`, with all steps that are computed at once as one piece."""
    tasks = support_x.shape[0]
    inputs = grid.view(-1, grid.shape[-1], 1).expand(tasks, -1, 1)
    if not isinstance(start, StartingPoint):
        yield from _estimated(start, support_x, support_y, inputs, steps)
        return
    theta = start.theta
    carried: Tensors = (theta.expand(tasks, theta.shape[-1]),)
    if task is not None:
        support_x, inputs = start.inputs(support_x, task), start.inputs(inputs, task)
    network = tuple(start.network.sizes), start.network.tanh
    work = tasks * theta.shape[-1] * (3 * support_x.shape[1] + grid.shape[-1])
    at_once = max(1, int(WORK_AT_ONCE / max(work, 1)))
    for first, count in _rounds(steps, len(start.preconditioners), at_once):
        kind, parts = kind_and_parts(start, first)
        loop = adaptation_loop(*network, keep_theta, kind, start.pull)
        alphas = torch.full((count,), alpha, dtype=theta.dtype)
        fixed = support_x, support_y, inputs, theta, *parts
        check_cancelled()
        carried, (losses, predictions, *kept) = loop.run(carried, (alphas,), fixed)
        yield AdaptBlock(first, kept[0] if kept else None, losses, predictions.squeeze(-1))


def _rounds(steps: int, preconditioners: int, at_once: int) -> Iterator[tuple[int, int]]:
    """First and number of the rounds that run together: they share a preconditioner."""
    first = 0
    while first <= steps:
        lasting = first + 1 >= preconditioners
        count = min(at_once, steps + 1 - first) if lasting else 1
        yield first, count
        first += count


def _estimated(
    start: Estimator, support_x: Tensor, support_y: Tensor, inputs: Tensor, steps: int
) -> Iterator[AdaptBlock]:
    """There are no gradient steps; the estimate comes with the first and stays."""
    shots = support_x.shape[1]
    everywhere = torch.cat([support_x, inputs], 1)

    def block(first: int, count: int, values: Tensor, points: Tensor) -> AdaptBlock:
        loss = (values[:, :shots] - support_y.squeeze(-1)).square().mean(-1)
        made: list[Tensor] = [values[:, shots:]]
        if isinstance(start, Uncertain):
            made.append(start.deviation(points, inputs))
        prediction, *deviation = (each.expand(count, *each.shape) for each in made)
        return AdaptBlock(first, None, loss.expand(count, -1), prediction, *deviation)

    check_cancelled()
    yield block(0, 1, start.before(everywhere), support_x[:, :0])
    if steps:
        seen = start.after(support_x, support_y, everywhere)
        yield block(1, steps, seen, support_x)
