"""Which layer adapts: where the gradient is, how far each moves, what each reaches alone.

The parts of θ are the layers from the input to the output, weights with their biases, and the
context values, where there are such, as a last part (`explorer.core.adaptation.freezing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from explorer.core.adaptation.freezing import part_sizes, with_every_layer, with_free_layers
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.network.derivatives import gradient, losses_and_pass

if TYPE_CHECKING:
    from torch import Tensor

MOST_IN_ALL_SUBSETS = 4  # parts: 16 subsets


def by_part(vectors: Tensor, start: StartingPoint) -> Tensor:
    """‖·‖² of each part of vectors ``(…, P + C)``: ``(…, L)``."""
    pieces = vectors.split(part_sizes(start), -1)  # type: ignore[no-untyped-call]
    return torch.stack([piece.square().sum(-1) for piece in pieces], -1)


def gradient_shares(
    start: StartingPoint, x: Tensor, y: Tensor, task: Tensor | None = None
) -> Tensor:
    """The share of each part in ‖∇L‖² before adaptation, ``(T, L)``; NaN without a gradient.

    ∇L is the gradient itself, before anything that the learner multiplies it by.

    Args:
        start: whose network.
        x: support inputs, ``(T, K, 1)``.
        y: their targets, ``(T, K, 1)``.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
    """
    inputs = x if task is None else start.inputs(x, task)
    squares = by_part(gradient(losses_and_pass(start.theta, inputs, y, start.network)[1]), start)
    return squares / squares.sum(-1, keepdim=True)


def movement(start: StartingPoint, theta: Tensor) -> Tensor:
    """How far each part has moved from θ₀, ‖θₛ − θ₀‖, ``(…, L)``, for parameters ``(…, P + C)``."""
    return by_part(theta - start.theta, start).sqrt()


def subsets(parts: int) -> tuple[tuple[bool, ...], ...]:
    """Which parts may move: every choice from none to all, each as one flag for each part.

    With more than `MOST_IN_ALL_SUBSETS` parts: none, each alone, all but each, and all.
    """
    if parts <= MOST_IN_ALL_SUBSETS:
        return tuple(sorted(product((False, True), repeat=parts), key=sum))
    all_but_one = tuple(tuple(not flag for flag in flags) for flags in alone(parts))
    return ((False,) * parts, *alone(parts), *all_but_one, (True,) * parts)


def alone(parts: int) -> tuple[tuple[bool, ...], ...]:
    """Each part alone, from the first to the last."""
    return tuple(tuple(i == j for j in range(parts)) for i in range(parts))


def subset_errors(
    start: StartingPoint,
    choices: Sequence[Sequence[bool]],
    x: Tensor,
    y: Tensor,
    grid: Tensor,
    truth: Tensor,
    *,
    alpha: float,
    steps: int = 1,
    task: Tensor | None = None,
) -> Tensor:
    """Mean squared error after each step with only some parts free: ``(C, S + 1, T)``.

    Of a learner whose only rule is which layers adapt, such as ANIL, it is the network that is
    tried, with the choice in place of that rule; other learners keep their own step sizes.

    Args:
        start: where the learner starts.
        choices: C choices, each one flag for each part.
        x: support inputs, ``(T, K, 1)``.
        y: their targets, ``(T, K, 1)``.
        grid: where errors are taken, ``(G,)`` or ``(T, G)``.
        truth: the true functions there, ``(T, G)``.
        alpha: step size α.
        steps: gradient steps S.
        task: parameters of the tasks, ``(T, 1, P)``, for a network that is told them.
    """
    network = with_every_layer(start)
    errors = []
    for free in choices:
        blocks = adapt_in_blocks(
            *(with_free_layers(network, free), x, y, grid),
            alpha=alpha,
            steps=steps,
            task=task,
            keep_theta=False,
        )
        prediction = torch.cat([block.prediction for block in blocks])
        errors.append((prediction - truth).square().mean(-1))
    return torch.stack(errors)
