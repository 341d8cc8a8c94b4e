"""Adaptation in which some layers stay as they are.

Which layers have to adapt is asked by Raghu et al. 2020 (arXiv 1909.09157, section 3.2), who
freeze them while a trained network adapts. Here m is 0 for the weights and biases of the frozen
layers and 1 for all else, and the steps are θₛ₊₁ = θₛ − α(m ⊙ Mₛ∇L(θₛ) + λ(θₛ − θ₀)), which leave
the frozen layers at θ₀.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import masked
from explorer.core.adaptation.ridge_head import RidgeHead
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.network.mlp import Network, unpack

if TYPE_CHECKING:
    from torch import Tensor


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
    if not isinstance(start, StartingPoint) or not layers_of(start.network) & {*frozen}:
        return start
    mask = free_parameters(start.theta, start.network, frozen)
    maps = tuple(masked(each, mask) for each in start.preconditioners or (None,))
    return replace(start, preconditioners=maps)


def layers_of(network: Network) -> frozenset[int]:
    """The indices of a network's layers of weights and biases."""
    return frozenset(range(len(network.sizes) - 1))


def free_parameters(theta: Tensor, network: Network, frozen: Collection[int]) -> Tensor:
    """The mask m: 0 for each parameter of the frozen layers and 1 for all others, ``(…, P + C)``.

    Args:
        theta: parameters ``(…, P + C)``, for shape and type.
        network: their network.
        frozen: indices of layers.
    """
    mask = torch.ones_like(theta)
    for index, layer in enumerate(unpack(mask, network.sizes)):
        if index in frozen:
            layer.zero_()
    return mask
