"""Many networks, each trained on a sine of its own, and their weights averaged.

The multi-task baselines of Table 2 and appendix C of the MAML paper (Finn et al. 2017,
arXiv 1703.03400): 500 regressors, one task each, whose averaged weights are fine-tuned on a new
task. The loss of network i is its mean squared error Lᵢ plus nothing or λ‖θᵢ‖². The
meta-parameters are the θᵢ, one after the other, and all are trained as one batch; Adam follows
each network's own gradient, so that each trains as if alone. The third variant, which pulls each
network to the mean of those before it, cannot: see `pulled`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.learners.base import Batch, InnerLoop, Learner, one_gradient
from explorer.core.network.derivatives import gradient, losses_and_pass
from explorer.core.network.mlp import Network, initialise, parameter_count

if TYPE_CHECKING:
    from torch import Tensor

NETWORKS_AT_ONCE = 10  # what they need stays in the processor's cache


def _blocks(networks: int) -> list[tuple[int, int]]:
    """First and number of the networks of each block."""
    starts = range(0, networks, NETWORKS_AT_ONCE)
    return [(first, min(NETWORKS_AT_ONCE, networks - first)) for first in starts]


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
    *,
    to_zero: bool = False,
) -> tuple[Tensor, Tensor]:
    """The gradient of every network's own loss, and the mean squared error of them all."""
    networks = batch.support_x.size(0)
    thetas = meta.view(networks, -1)
    gradients, total = [], None
    for first, count in _blocks(networks):
        theta = thetas.narrow(0, first, count)
        here = Batch(*(part.narrow(0, first, count) for part in batch))
        x = torch.cat([here.support_x, here.query_x], -2)
        y = torch.cat([here.support_y, here.query_y], -2)
        losses, passed = losses_and_pass(theta, x, y, network)
        descent = gradient(passed)
        if to_zero:
            descent = descent + theta * (2 * inner.penalty)
        gradients.append(descent.flatten())
        total = losses.sum() if total is None else total + losses.sum()
    assert total is not None
    return torch.cat(gradients), (total / networks).unsqueeze(0)


def begin(theta: Tensor, settings: Settings) -> Tensor:
    """The initial weights of each network: the one drawn, and others drawn here."""
    generator = stream(settings.seed, "averaged initialisation")
    network = AVERAGED.network(settings)
    others = [
        initialise(network, generator, settings.initialisation)
        for _ in range(settings.networks - 1)
    ]
    return torch.cat([theta, *others])


def start(meta: Tensor, network: Network, _settings: Settings) -> StartingPoint:
    """Adaptation starts from the mean of the networks' weights."""
    return StartingPoint(network, meta.view(-1, parameter_count(network)).mean(0))


SOURCE = "Finn et al. 2017, arXiv 1703.03400, Table 2 and appendix C"
AVERAGED = Learner(
    "averaged", "Averaged", SOURCE, ("mean loss of the networks",), meta_gradient,
    begin=begin, start=start, own_tasks=True,
    cost=one_gradient,
)  # fmt: skip
AVERAGED_L2 = Learner(
    "averaged-l2", "Averaged, l2", SOURCE, ("mean loss of the networks",),
    partial(meta_gradient, to_zero=True), begin=begin, start=start, own_tasks=True,
    cost=one_gradient,
)  # fmt: skip
