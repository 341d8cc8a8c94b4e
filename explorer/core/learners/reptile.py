"""Reptile (Nichol et al. 2018, arXiv 1803.02999, Algorithm 2, with Adam as in section 2).

From θ, k gradient steps on the task lead to φ, and (θ − φ)/α takes the place of the
meta-gradient: it is the sum of the k gradients. The steps use the support and the query points in
turn, so that successive minibatches differ; that is where Reptile's second-order effect comes
from (section 5). With one step, on all points, it would be joint training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import Cost, InnerLoop, Learner, points_drawn
from explorer.core.learners.joint import all_points
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.derivatives import gradient, losses_and_pass
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ReptileOptions(Options):
    """How far Reptile goes on a task."""

    reptile_steps: int = setting(
        10, "Reptile", "Reptile's steps", "integer", 1, 100, "",
        "Inner steps of Reptile, on support and query points in turn.",
    )  # fmt: skip


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """(θ − φ)/α, averaged over tasks; losses at the first and at the last inner step."""
    if inner.options.reptile_steps == 1:
        minibatches = [all_points(batch)]
    else:
        minibatches = [(batch.support_x, batch.support_y), (batch.query_x, batch.query_y)]
    adapted, total, losses = meta, torch.zeros_like(meta), []
    for step in range(inner.options.reptile_steps):
        loss, passed = losses_and_pass(adapted, *minibatches[step % len(minibatches)], network)
        losses.append(loss)
        descent = gradient(passed)
        total = total + descent.sum(0)
        adapted = adapted - descent * inner.alpha
    means = torch.stack([losses[0].mean(), losses[-1].mean()])
    return total / batch.support_x.size(0), means


def cost(settings: CommonSettings) -> Cost:
    """A gradient for each of its inner steps, of support and query points in turn."""
    steps, drawn = settings.options_of(ReptileOptions).reptile_steps, points_drawn(settings)
    if steps == 1:
        return Cost(1, settings.shots + settings.query, 0, drawn)
    on_query = steps // 2
    return Cost(steps, (steps - on_query) * settings.shots + on_query * settings.query, 0, drawn)


REPTILE = Learner(
    "reptile", "Reptile", "Nichol et al. 2018, arXiv 1803.02999, Algorithm 2",
    ("at the first inner step", "at the last inner step"), meta_gradient, cost=cost,
    options=ReptileOptions, remedy="Reptile's steps",
    look=Look("#7a4a21", "#d3a178", (2, 2)),
    instead="Reptile follows where several gradient steps lead and has no query loss whose "
    "gradient would go back through them.",
)  # fmt: skip
