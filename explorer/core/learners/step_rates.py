"""MAML with step sizes learned per layer and inner step (Antoniou et al. 2019, arXiv 1810.09502).

"Learning per-layer per-step learning rates" of MAML++, section 4: θₛ₊₁ = θₛ − rₛ ⊙ ∇L_support(θₛ)
where rₛ has one value for the weights and biases of each layer. The meta-parameters are θ and the
values of r₀ … r_{S−1}, each α before training. Where adaptation goes on beyond S steps, it takes
those of the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.layer_rates import of_layers, of_parameters
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings
from explorer.core.learners.unrolling import backwards, by_rates, unroll
from explorer.core.network.mlp import Network, parameter_count

if TYPE_CHECKING:
    from torch import Tensor


def _parts(meta: Tensor, network: Network) -> tuple[Tensor, list[Tensor]]:
    """θ ``(P,)`` and, for each inner step, the step size of each parameter ``(P,)``."""
    parameters, layers = parameter_count(network), len(network.sizes) - 1
    theta = meta.narrow(-1, 0, parameters)
    firsts = range(parameters, meta.size(-1), layers)
    return theta, [of_parameters(meta.narrow(-1, i, layers), theta, network) for i in firsts]


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ and the step sizes; losses before and after the inner loop."""
    theta, rates = _parts(meta, network)
    steps = [Scale(rate) for rate in rates]
    unrolled = unroll(theta, steps, batch, network, weights is not None)
    derivative = backwards(unrolled, steps, network, weights)
    by_step = reversed(by_rates(unrolled, derivative))
    parts = [derivative.by_theta, *(of_layers(each, network) for each in by_step)]
    return torch.cat(parts) / batch.support_x.size(0), unrolled.losses


def begin(theta: Tensor, settings: CommonSettings) -> Tensor:
    """θ and a step size α for each layer and inner step."""
    rates = settings.inner_steps * (len(settings.hidden) + 1)
    return torch.cat([theta, theta.new_full((rates,), settings.effective_alpha)])


def start(meta: Tensor, network: Network, settings: CommonSettings) -> StartingPoint:
    """Every layer takes steps of its own size, another in each step."""
    theta, rates = _parts(meta, network)
    scales = tuple(Scale(rate / settings.effective_alpha) for rate in rates)
    return StartingPoint(network, theta, scales)


STEP_RATES = Learner(
    "step-rates", "MAML, α per step", "Antoniou et al. 2019, arXiv 1810.09502, section 4",
    BEFORE_AND_AFTER, meta_gradient, begin=begin, start=start,
    look=Look("#00695c", "#7fe0c8", (8, 2, 1, 2, 1, 2, 1, 2)),
    hessians=True,
)  # fmt: skip
