"""MAML with one learned step size per layer (Antoniou et al. 2019, arXiv 1810.09502, section 4).

"Per-layer learning rates" of MAML++, shared by all inner steps: θₛ₊₁ = θₛ − r ⊙ ∇L_support(θₛ)
where r has one value for the weights and biases of each layer. The meta-parameters are θ and
these values, each α before training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings
from explorer.core.learners.unrolling import backwards, by_rates, summed, unroll
from explorer.core.network.mlp import Network, parameter_count, unpack

if TYPE_CHECKING:
    from torch import Tensor


def of_parameters(rates: Tensor, theta: Tensor, network: Network) -> Tensor:
    """The step size of each parameter ``(P,)``, from those of the layers."""
    each = [
        torch.ones_like(layer).flatten() * rates.narrow(-1, i, 1)
        for i, layer in enumerate(unpack(theta, network.sizes))
    ]
    return torch.cat(each)


def of_layers(by_parameter: Tensor, network: Network) -> Tensor:
    """The derivative by the step size of each layer, from those by each parameter ``(P,)``."""
    return torch.cat([part.sum().unsqueeze(0) for part in unpack(by_parameter, network.sizes)])


def _parts(meta: Tensor, network: Network) -> tuple[Tensor, Tensor]:
    """θ ``(P,)`` and the step size of each of its parameters ``(P,)``."""
    parameters = parameter_count(network)
    theta = meta.narrow(-1, 0, parameters)
    rates = meta.narrow(-1, parameters, len(network.sizes) - 1)
    return theta, of_parameters(rates, theta, network)


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ and the step sizes; losses before and after the inner loop."""
    theta, rates = _parts(meta, network)
    steps = [Scale(rates)] * inner.steps
    unrolled = unroll(theta, steps, batch, network, weights is not None)
    derivative = backwards(unrolled, steps, network, weights)
    by_parameter = summed(by_rates(unrolled, derivative))
    both = torch.cat([derivative.by_theta, of_layers(by_parameter, network)])
    return both / batch.support_x.size(0), unrolled.losses


def begin(theta: Tensor, settings: CommonSettings) -> Tensor:
    """θ and a step size α for each layer."""
    layers = len(settings.hidden) + 1
    return torch.cat([theta, theta.new_full((layers,), settings.effective_alpha)])


def start(meta: Tensor, network: Network, settings: CommonSettings) -> StartingPoint:
    """Every layer takes steps of its own size."""
    theta, rates = _parts(meta, network)
    return StartingPoint(network, theta, (Scale(rates / settings.effective_alpha),))


LAYER_RATES = Learner(
    "layer-rates", "MAML, α per layer", "Antoniou et al. 2019, arXiv 1810.09502, section 4",
    BEFORE_AND_AFTER, meta_gradient, begin=begin, start=start,
    look=Look("#007a87", "#4fc9d6", (8, 2, 1, 2)),
    hessians=True,
)  # fmt: skip
