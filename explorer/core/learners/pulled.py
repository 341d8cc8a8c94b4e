"""Networks trained one after the other, each pulled to the mean of those before it.

The third multi-task baseline of Table 2 and appendix C of the MAML paper (Finn et al. 2017,
arXiv 1703.03400), which trains 500 regressors sequentially, with "weight regularization to the
mean parameter vector thus far of the trained regressors". The loss of network i is
Lᵢ + λ‖θᵢ − θ̄‖², θ̄ being the mean of networks 1 to i − 1; the first is pulled to its own initial
weights. The meta-parameters are θ̄ and then θᵢ, of the network whose turn it is. What one is
pulled to needs the others before it finished, so these networks cannot be trained as one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.lazy_torch import torch
from explorer.core.learners.averaged import SOURCE
from explorer.core.learners.base import Batch, InnerLoop, Learner, one_gradient
from explorer.core.learners.joint import pretrained_gradient
from explorer.core.network import Network, initialise
from explorer.core.schema import Settings
from explorer.core.starting_point import StartingPoint
from explorer.core.streams import stream

if TYPE_CHECKING:
    from torch import Tensor


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The gradient of the present network's loss, none for the mean, and its squared error."""
    mean, theta = meta.view(2, -1)
    all_points = inner._replace(joint_on_support=False)
    descent, losses = pretrained_gradient(theta, batch, network, all_points)
    pull = (theta - mean) * (2 * inner.penalty)
    return torch.cat([torch.zeros_like(mean), descent + pull]), losses


def begin(theta: Tensor, _settings: Settings) -> Tensor:
    """The first network, for lack of others also the mean."""
    return theta.repeat(2)


def next_network(meta: Tensor, network: int, settings: Settings) -> Tensor:
    """The mean as it is, and the initial weights of a network, counted from 0."""
    mean = meta.view(2, -1)[0]
    generator = stream(settings.seed, f"averaged initialisation/{network}")
    theta = initialise(PULLED.network(settings), generator, settings.initialisation)
    return torch.cat([mean, theta])


def finished(meta: Tensor, network: int) -> Tensor:
    """The present network, counted from 0, joins the mean."""
    mean, theta = meta.view(2, -1)
    return torch.cat([mean + (theta - mean) / (network + 1), theta])


def start(meta: Tensor, network: Network, _settings: Settings) -> StartingPoint:
    """Adaptation starts from the mean of the networks that are finished."""
    return StartingPoint(network, meta.view(2, -1)[0])


PULLED = Learner(
    "averaged-pulled", "Averaged, pulled", SOURCE, ("loss of the network in turn",),
    meta_gradient, begin=begin, start=start, own_tasks=True, in_turn=True, cost=one_gradient,
)  # fmt: skip
