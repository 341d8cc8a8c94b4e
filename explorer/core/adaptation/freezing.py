"""Adaptation with some layers held still, whatever the learner's steps are otherwise.

A step becomes θ′ = θ − α(m ⊙ M∇L + λ(θ − θ₀)), m being 0 for what is held still, which then never
leaves θ₀, and 1 for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Preconditioner, Scale
from explorer.core.adaptation.starting_point import Kind, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.network.mlp import Network, parameter_count

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
    held = tuple(_held(each, mask) for each in start.preconditioners)
    return replace(start, preconditioners=held or (Scale(mask),))


def with_every_layer(start: StartingPoint) -> StartingPoint:
    """The network of a learner that only chooses which layers adapt (ANIL, BOIL), with all of them.

    Its preconditioners say 0 or 1 of each parameter; without them every parameter takes steps of α.
    A start with step sizes or context values of its own is returned as it is.
    """
    has_context = len(part_sizes(start)) == len(start.network.sizes)
    if start.has_own_steps or has_context:
        return start
    return replace(start, preconditioners=())


def _held(preconditioner: Preconditioner, mask: Tensor) -> Preconditioner:
    if isinstance(preconditioner, Scale):
        return Scale(preconditioner.factors * mask)
    return _held_kind(type(preconditioner))(mask, *preconditioner)


@lru_cache
def _held_kind(kind: Kind) -> Callable[..., Preconditioner]:
    """The kind of preconditioner whose tensors are a mask and those of another kind."""

    class Held(tuple["Tensor", ...]):
        """The mask, and what it is laid upon."""

        __slots__ = ()

        def __new__(cls, *parts: Tensor) -> Held:
            return super().__new__(cls, parts)

        def __iter__(self) -> Iterator[Tensor]:
            return super().__iter__()

        def apply(self, gradient: Tensor, network: Network) -> Tensor:
            return kind(*self[1:]).apply(gradient, network) * self[0]

        def transposed(self, vector: Tensor, network: Network) -> Tensor:
            return kind(*self[1:]).transposed(vector * self[0], network)

        @property
        def own_steps(self) -> bool:
            return kind(*self[1:]).own_steps

    return Held
