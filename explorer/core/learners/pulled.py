"""Networks trained one after the other, each pulled to the mean of those before it.

The third multi-task baseline of Table 2 and appendix C of the MAML paper (Finn et al. 2017,
arXiv 1703.03400), which trains 500 regressors sequentially, with "weight regularization to the
mean parameter vector thus far of the trained regressors". The loss of network i is
Lᵢ + λ‖θᵢ − θ̄‖², θ̄ being the mean of networks 1 to i − 1; nothing pulls the first. What one is
pulled to needs those before it finished, so these networks cannot be trained as one batch: pulled
to the present mean of all, they stay close to zero and the average predicts next to nothing.

The meta-parameters are θᵢ of the network whose turn it is, θ̄, and whether there is one, 0 or 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.base.random_streams import stream
from explorer.core.families.sampling import Batch
from explorer.core.learners.averaged import (
    INSTEAD,
    REMEDY,
    SOURCE,
    AveragedOptions,
    cost,
    networks,
    shared_start,
)
from explorer.core.learners.base import InnerLoop, Learner, OwnTasks
from explorer.core.learners.joint import all_points, joint_gradient
from explorer.core.learners.settings import CommonSettings
from explorer.core.network.mlp import Network, initialise

if TYPE_CHECKING:
    from torch import Tensor


def _parts(meta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    size = len(meta) // 2
    return meta[:size], meta[size : 2 * size], meta[2 * size :]


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The gradient of the present network's loss, none for the mean, and its squared error."""
    theta, mean, is_mean = _parts(meta)
    descent, losses = joint_gradient(theta, *all_points(batch), network)
    pull = (theta - mean) * is_mean * (2 * inner.options.penalty)
    return torch.cat([descent + pull, torch.zeros_like(mean), torch.zeros_like(is_mean)]), losses


def begin(theta: Tensor, _settings: CommonSettings) -> Tensor:
    """The first network, which stands in for the mean until there is one."""
    return torch.cat([theta, theta, theta.new_zeros(1)])


def next_network(meta: Tensor, network: int, settings: CommonSettings) -> Tensor:
    """The initial weights of a network, counted from 0, and the mean as it is."""
    first = "initialisation"  # what the first network's weights were drawn from
    name = first if shared_start(settings) else f"averaged initialisation/{network}"
    generator = stream(settings.seed, name)
    theta = initialise(PULLED.network(settings), generator, settings.initialisation)
    return torch.cat([theta, *_parts(meta)[1:]])


def finished(meta: Tensor, network: int) -> Tensor:
    """The present network, counted from 0, joins the mean."""
    theta, mean, is_mean = _parts(meta)
    return torch.cat([theta, mean + (theta - mean) / (network + 1), torch.ones_like(is_mean)])


def start(meta: Tensor, network: Network, _settings: CommonSettings) -> StartingPoint:
    """Adaptation starts from the mean of the networks that are finished."""
    return StartingPoint(network, _parts(meta)[1])


PULLED = Learner(
    "averaged-pulled", "Averaged, pulled", SOURCE, ("loss of the network in turn",),
    meta_gradient, begin=begin, start=start,
    own_tasks=OwnTasks(networks, next_network, finished), options=AveragedOptions, cost=cost,
    group="Baselines", remedy=REMEDY,
    look=Look("#8a5a00", "#e0b060", (2, 5)), instead=INSTEAD,
)  # fmt: skip
