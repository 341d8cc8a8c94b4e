"""ANIL, almost no inner loop (Raghu et al. 2020, arXiv 1909.09157, section 4.1).

MAML whose inner loop adapts the last layer alone: θₛ₊₁ = θₛ − α·m ⊙ ∇L_support(θₛ), where m is 1
for the head and 0 for the body. The outer loop trains both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings
from explorer.core.learners.unrolling import through_inner_loop
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


Mask = Callable[["Tensor", Network], "Tensor"]  # from θ to what adapts, 1 or 0 for each parameter


def head_only(theta: Tensor, network: Network) -> Tensor:
    """1 for every parameter of the last layer and 0 for all others, ``(P,)``."""
    head = (network.sizes[-2] + 1) * network.sizes[-1]
    body = theta.size(-1) - head
    return torch.cat(
        [torch.zeros_like(theta.narrow(-1, 0, body)), torch.ones_like(theta.narrow(-1, body, head))]
    )


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
    *,
    mask: Mask = head_only,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of body and head; losses before and after the inner loop."""
    rates = Scale(mask(meta, network) * inner.alpha)
    return through_inner_loop(meta, [rates] * inner.steps, batch, network, weights)


def start(
    meta: Tensor, network: Network, _settings: CommonSettings, *, mask: Mask = head_only
) -> StartingPoint:
    """Adaptation moves the head alone, or what the mask says."""
    return StartingPoint(network, meta, (Scale(mask(meta, network)),))


ANIL = Learner(
    "anil", "ANIL", "Raghu et al. 2020, arXiv 1909.09157, section 4.1", BEFORE_AND_AFTER,
    meta_gradient, start=start,
    look=Look("#776a00", "#d6c63a", (4, 2, 1, 2, 1, 2)),
    hessians=True,
)  # fmt: skip
