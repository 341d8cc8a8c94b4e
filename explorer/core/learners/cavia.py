"""CAVIA, context adaptation (Zintgraf et al. 2019, arXiv 1810.03642, equations (4) and (5)).

The network has C more inputs, the context φ, which are 0 before adaptation and the only thing
that adapts: φₛ₊₁ = φₛ − α_φ ∇_φ L_support(θ, φₛ). The outer loop trains θ through these steps. As θ
here ends in the context (`explorer.core.network.derivatives`), this is an inner loop whose step
size is 0 for every weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.learners.base import Batch, InnerLoop, Learner
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.unrolling import through_inner_loop
from explorer.core.network.mlp import Network, make_network

if TYPE_CHECKING:
    from torch import Tensor


def _with_context(theta: Tensor, network: Network) -> tuple[Tensor, Tensor]:
    """θ followed by the context before adaptation, and 1 for each context value, else 0."""
    context = theta.narrow(-1, 0, network.sizes[0] - 1)
    return (
        torch.cat([theta, torch.zeros_like(context)]),
        torch.cat([torch.zeros_like(theta), torch.ones_like(context)]),
    )


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ; losses before and after the inner loop."""
    theta, adapts = _with_context(meta, network)
    rates = adapts * inner.context_alpha
    return through_inner_loop(theta, rates, batch, network, inner.steps, weights)


def network_of(settings: Settings) -> Network:
    """A network whose inputs are x and the context."""
    return make_network(settings.hidden, settings.activation, 1 + settings.context)


def start(meta: Tensor, network: Network, settings: Settings) -> StartingPoint:
    """Adaptation moves the context alone."""
    theta, adapts = _with_context(meta, network)
    return StartingPoint(
        network, theta, adapts * (settings.context_alpha / settings.effective_alpha)
    )


CAVIA = Learner(
    "cavia", "CAVIA", "Zintgraf et al. 2019, arXiv 1810.03642, equations (4) and (5)",
    BEFORE_AND_AFTER, meta_gradient, network_of, start=start,
)  # fmt: skip
