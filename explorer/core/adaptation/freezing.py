"""Adaptation with some layers held still, whatever the learner's steps are otherwise.

A step becomes θ′ = θ − α(m ⊙ M∇L + λ(θ − θ₀)), m being 0 for what is held still, which then never
leaves θ₀, and 1 for the rest. Which layers have to adapt is asked so by Raghu et al. 2020
(arXiv 1909.09157, section 3.2).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import masked
from explorer.core.adaptation.ridge_head import RidgeHead
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.network.mlp import parameter_count

if TYPE_CHECKING:
    from torch import Tensor


def part_sizes(start: StartingPoint) -> tuple[int, ...]:
    """Parameters of each layer, weights and biases, from the input to the output.

    Context values, where θ ends in such, are a last part of their own.
    """
    layers = [(n + 1) * m for n, m in pairwise(start.network.sizes)]
    context = start.theta.shape[-1] - parameter_count(start.network)
    return (*layers, context) if context else tuple(layers)


def mask_of(start: StartingPoint, free: Sequence[bool]) -> Tensor:
    """1 for every parameter of the parts that are free and 0 for the others, ``(P + C,)``."""
    each = [
        torch.full((size,), float(is_free), dtype=start.theta.dtype)
        for size, is_free in zip(part_sizes(start), free, strict=True)
    ]
    return torch.cat(each)


def with_free_layers(start: StartingPoint, free: Sequence[bool]) -> StartingPoint:
    """The same start, of which only some parts adapt.

    Args:
        start: where the learner starts, one network.
        free: for each of `part_sizes`, whether it may move as it does otherwise.
    """
    if all(free):
        return start
    mask = mask_of(start, free)
    held = tuple(masked(each, mask) for each in start.preconditioners or (None,))
    return replace(start, preconditioners=held)


def with_frozen_layers(start: Start, frozen: Collection[int]) -> Start:
    """The same start, whose adaptation leaves some layers of the network as they are.

    Context values are no layer and go on adapting. Of a network whose last layer is fitted, that
    layer alone matters. Closed forms have no layers; they are returned as they are, as is a
    network that has none of the frozen ones.

    Args:
        start: of one network, its θ ``(P + C,)``.
        frozen: indices of layers, 0 for the one that sees the inputs.
    """
    if isinstance(start, RidgeHead):
        last = len(start.network.sizes) - 2
        return replace(start, held=True) if last in frozen else start
    if not isinstance(start, StartingPoint):
        return start
    layers = len(start.network.sizes) - 1
    parts = range(len(part_sizes(start)))
    return with_free_layers(start, [part == layers or part not in frozen for part in parts])


def with_every_layer(start: StartingPoint) -> StartingPoint:
    """The network of a learner that only chooses which layers adapt (ANIL, BOIL), with all of them.

    Its preconditioners say 0 or 1 of each parameter; without them every parameter takes steps of α.
    A start with step sizes or context values of its own is returned as it is.
    """
    has_context = len(part_sizes(start)) == len(start.network.sizes)
    if start.has_own_steps or has_context:
        return start
    return replace(start, preconditioners=())
