"""Joint training on all tasks at once, told which task a point is from or not.

The baselines of section 5.1 of the MAML paper (Finn et al. 2017, arXiv 1703.03400): one network
"pretrained on all of the tasks", and the oracle, "which receives the true amplitude and phase as
input". Both see the same points of the same tasks as MAML, support and query alike, and are
fine-tuned like MAML on a new task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.learners.base import Batch, InnerLoop, Learner, one_gradient
from explorer.core.network.derivatives import losses_and_pass, summed_gradient
from explorer.core.network.mlp import Network, make_network

if TYPE_CHECKING:
    from torch import Tensor


def pretrained_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The gradient of the mean loss over the points of all tasks, and that loss."""
    x, y = batch.support_x, batch.support_y
    if not inner.joint_on_support:
        x, y = torch.cat([x, batch.query_x], -2), torch.cat([y, batch.query_y], -2)
    losses, passed = losses_and_pass(meta, x, y, network)
    return summed_gradient(passed) / losses.size(0), losses.mean().unsqueeze(0)


def oracle_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """As `pretrained_gradient`, for a network whose inputs are x, A and φ."""
    told = StartingPoint(network, meta, sees_task=True)
    batch = batch._replace(
        support_x=told.inputs(batch.support_x, batch.task),
        query_x=told.inputs(batch.query_x, batch.task),
    )
    return pretrained_gradient(meta, batch, network, inner)


def oracle_network(settings: Settings) -> Network:
    """A network whose inputs are x, A and φ."""
    return make_network(settings.hidden, settings.activation, 3)


def oracle_start(meta: Tensor, network: Network, _settings: Settings) -> StartingPoint:
    """Every parameter takes steps of α, and A and φ are given."""
    return StartingPoint(network, meta, sees_task=True)


PRETRAINED = Learner(
    "pretrained", "Pretrained", "Finn et al. 2017, arXiv 1703.03400, section 5.1",
    ("joint loss",), pretrained_gradient, cost=one_gradient,
)  # fmt: skip
ORACLE = Learner(
    "oracle", "Oracle", "Finn et al. 2017, arXiv 1703.03400, section 5.1",
    ("joint loss",), oracle_gradient, oracle_network, start=oracle_start, cost=one_gradient,
)  # fmt: skip
