"""Meta-SGD (Li et al. 2017, arXiv 1707.09835, equation (2) and Algorithm 1).

The step sizes are learned with θ, one for each parameter: θₛ₊₁ = θₛ − r ⊙ ∇L_support(θₛ). The
meta-parameters are (θ, r), with every r = α before training.
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
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


def _parts(meta: Tensor) -> tuple[Tensor, Tensor]:
    parameters = meta.size(-1) // 2
    return meta.narrow(-1, 0, parameters), meta.narrow(-1, parameters, parameters)


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ and r; losses before and after the inner loop."""
    theta, rates = _parts(meta)
    steps = [Scale(rates)] * inner.steps
    unrolled = unroll(theta, steps, batch, network, weights is not None)
    derivative = backwards(unrolled, steps, network, weights)
    both = torch.cat([derivative.by_theta, summed(by_rates(unrolled, derivative))])
    return both / batch.support_x.size(0), unrolled.losses


def begin(theta: Tensor, settings: CommonSettings) -> Tensor:
    """θ and as many step sizes α."""
    return torch.cat([theta, torch.full_like(theta, settings.effective_alpha)])


def start(meta: Tensor, network: Network, settings: CommonSettings) -> StartingPoint:
    """Every parameter takes steps of its own size."""
    theta, rates = _parts(meta)
    return StartingPoint(network, theta, (Scale(rates / settings.effective_alpha),))


META_SGD = Learner(
    "meta-sgd", "Meta-SGD", "Li et al. 2017, arXiv 1707.09835, Algorithm 1", BEFORE_AND_AFTER,
    meta_gradient, begin=begin, start=start,
    look=Look("#4c4fa8", "#a9abf2", (8, 3)),
    hessians=True,
)  # fmt: skip
