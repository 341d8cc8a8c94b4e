"""Joint training on all tasks at once, told which task a point is from or not.

The baselines of section 5.1 of the MAML paper (Finn et al. 2017, arXiv 1703.03400): one network
"pretrained on all of the tasks", and the oracle, which also receives the true parameters of the
task as inputs. Both see the same points of the same tasks as MAML, support and query alike, and are
fine-tuned like MAML on a new task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import Cost, InnerLoop, Learner, points_drawn
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.derivatives import losses_and_pass, summed_gradient
from explorer.core.network.mlp import Network, make_network

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class JointOptions(Options):
    """Which points joint training sees."""

    pretrain_on: str = setting(
        "all", "Pretrained and oracle", "Pretrain on", "choice", choices=("all", "support"),
        help="Points that the pretrained network and the oracle learn from: all that MAML sees, "
        "or the support points alone as in the authors' code.",
    )  # fmt: skip


def all_points(batch: Batch) -> tuple[Tensor, Tensor]:
    """Inputs and targets of support and query points together, ``(T, 2K, 1)`` each."""
    return (
        torch.cat([batch.support_x, batch.query_x], -2),
        torch.cat([batch.support_y, batch.query_y], -2),
    )


def joint_gradient(theta: Tensor, x: Tensor, y: Tensor, network: Network) -> tuple[Tensor, Tensor]:
    """The gradient ``(P,)`` of the mean loss over the points of all tasks, and that loss."""
    losses, passed = losses_and_pass(theta, x, y, network)
    return summed_gradient(passed) / losses.size(0), losses.mean().unsqueeze(0)


def pretrained_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The gradient of the mean loss over the points of all tasks, and that loss."""
    if inner.options.pretrain_on == "all":
        return joint_gradient(meta, *all_points(batch), network)
    return joint_gradient(meta, batch.support_x, batch.support_y, network)


def oracle_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """As `pretrained_gradient`, for a network whose inputs are x and the task."""
    told = StartingPoint(network, meta, sees_task=True)
    batch = batch._replace(
        support_x=told.inputs(batch.support_x, batch.task),
        query_x=told.inputs(batch.query_x, batch.task),
    )
    return pretrained_gradient(meta, batch, network, inner)


def cost(settings: CommonSettings) -> Cost:
    """A single gradient of all points that it sees."""
    if settings.options_of(JointOptions).pretrain_on == "support":
        return Cost(1, settings.shots, 0, settings.shots)
    return Cost(1, settings.shots + settings.query, 0, points_drawn(settings))


def oracle_network(settings: CommonSettings) -> Network:
    """A network whose inputs are x and the parameters of the task."""
    return make_network(settings.hidden, settings.activation, 1 + settings.family.size)


def oracle_start(meta: Tensor, network: Network, _settings: CommonSettings) -> StartingPoint:
    """Every parameter takes steps of α, and the parameters of the task are given."""
    return StartingPoint(network, meta, sees_task=True)


INSTEAD = "Joint training follows the plain gradient of all points and has no inner loop."
PRETRAINED = Learner(
    "pretrained", "Pretrained", "Finn et al. 2017, arXiv 1703.03400, section 5.1",
    ("joint loss",), pretrained_gradient, options=JointOptions, cost=cost, group="Baselines",
    look=Look("#d55e00", "#f0912d", (4, 2)), instead=INSTEAD,
)  # fmt: skip
ORACLE = Learner(
    "oracle", "Oracle", "Finn et al. 2017, arXiv 1703.03400, section 5.1",
    ("joint loss",), oracle_gradient, oracle_network, start=oracle_start, options=JointOptions,
    cost=cost, group="Baselines", look=Look("#b3123d", "#ff8a9b", (4, 2, 4, 2, 1, 2)),
    instead=INSTEAD,
)  # fmt: skip
