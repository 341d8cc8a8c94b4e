"""First-order MAML that goes a share of the way; the program does not know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import setting
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners import first_order
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TimidOptions(Options):
    """How timid it is."""

    timid_share: float = setting(
        0.5, "Timid", "Share of a step", "number", 0.01, 1.0, help="Its steps are this times α."
    )


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """First-order MAML's with shorter steps."""
    shorter = inner._replace(alpha=inner.alpha * inner.options.timid_share)
    return first_order.meta_gradient(meta, batch, network, shorter, weights)


def start(meta: Tensor, network: Network, settings: CommonSettings) -> StartingPoint:
    """Every parameter takes shorter steps."""
    share = settings.options_of(TimidOptions).timid_share
    return StartingPoint(network, meta, (Scale(meta * 0.0 + share),))


TIMID = Learner(
    "timid", "Timid", "made up", first_order.FIRST_ORDER.losses, meta_gradient, start=start,
    options=TimidOptions, cost=first_order.FIRST_ORDER.cost,
    look=Look("#123456", "#abcdef", (7, 7)),
)  # fmt: skip
