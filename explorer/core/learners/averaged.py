"""Many networks, each trained on a task of its own, and their weights averaged.

The multi-task baselines of Table 2 and appendix C of the MAML paper (Finn et al. 2017,
arXiv 1703.03400): 500 regressors, one task each, whose averaged weights are fine-tuned on a new
task. The loss of network i is its mean squared error Lᵢ plus nothing or λ‖θᵢ‖². The
meta-parameters are the θᵢ, one after the other, and all are trained as one batch; Adam follows
each network's own gradient, so that each trains as if alone. The third variant, which pulls each
network to the mean of those before it, cannot: see `pulled`. The paper does not say whether the
networks start from the same weights, which decides what their mean is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.base.random_streams import stream
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import Cost, InnerLoop, Learner, OwnTasks
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.derivatives import gradient, losses_and_pass
from explorer.core.network.mlp import Network, initialise, parameter_count

if TYPE_CHECKING:
    from torch import Tensor

NETWORKS_AT_ONCE = 10  # what they need stays in the processor's cache


@dataclass(frozen=True)
class AveragedOptions(Options):
    """The networks that are averaged."""

    networks: int = setting(
        500, "Averaged networks", "Averaged networks", "integer", 1, 1000, "networks",
        "Networks that are trained on one task each and then averaged.",
    )  # fmt: skip
    penalty: float = setting(
        0.003, "Averaged networks", "Penalty λ", "number", 0.0, 10.0, "",
        "Weight of ‖θ‖² or of ‖θ − mean‖² in the loss of each averaged network that has one.",
        0.001,
    )  # fmt: skip
    averaged_start: str = setting(
        "own", "Averaged networks", "They start from", "choice", choices=("own", "shared"),
        help="Initial weights of each averaged network: its own, so that they end far apart, or "
        "the same for all.",
    )  # fmt: skip


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
            descent = descent + theta * (2 * inner.options.penalty)
        gradients.append(descent.flatten())
        total = losses.sum() if total is None else total + losses.sum()
    assert total is not None
    return torch.cat(gradients), (total / networks).unsqueeze(0)


def begin(theta: Tensor, settings: CommonSettings) -> Tensor:
    """The initial weights of each network: the one drawn, and again that or others drawn here."""
    if shared_start(settings):
        return theta.repeat(networks(settings))
    generator = stream(settings.seed, "averaged initialisation")
    network = AVERAGED.network(settings)
    others = [
        initialise(network, generator, settings.initialisation)
        for _ in range(networks(settings) - 1)
    ]
    return torch.cat([theta, *others])


def start(meta: Tensor, network: Network, _settings: CommonSettings) -> StartingPoint:
    """Adaptation starts from the mean of the networks' weights."""
    return StartingPoint(network, meta.view(-1, parameter_count(network)).mean(0))


def networks(settings: CommonSettings) -> int:
    """How many networks are averaged, and so how many tasks there are."""
    return settings.options_of(AveragedOptions).networks


def shared_start(settings: CommonSettings) -> bool:
    """Whether all networks start from the same weights."""
    return settings.options_of(AveragedOptions).averaged_start == "shared"


def cost(settings: CommonSettings) -> Cost:
    """A single gradient of all points, which are always fresh."""
    points = settings.shots + settings.query
    return Cost(1, points, 0, points)


REMEDY = "the number of averaged networks"
SOURCE = "Finn et al. 2017, arXiv 1703.03400, Table 2 and appendix C"
INSTEAD = "Each averaged network has a task of its own: there is no meta-batch and no inner loop."
AVERAGED = Learner(
    "averaged", "Averaged", SOURCE, ("mean loss of the networks",), meta_gradient,
    begin=begin, start=start, own_tasks=OwnTasks(networks),
    options=AveragedOptions, cost=cost, group="Baselines", remedy=REMEDY,
    look=Look("#5b5f66", "#b4bac2", (4, 4)), instead=INSTEAD,
)  # fmt: skip
AVERAGED_L2 = Learner(
    "averaged-l2", "Averaged, l2", SOURCE, ("mean loss of the networks",),
    partial(meta_gradient, to_zero=True), begin=begin, start=start,
    own_tasks=OwnTasks(networks), options=AveragedOptions, cost=cost, group="Baselines",
    remedy=REMEDY, look=Look("#6b4fa0", "#c0a6ee", (4, 2, 1, 2, 1, 2, 1, 2)), instead=INSTEAD,
)  # fmt: skip
