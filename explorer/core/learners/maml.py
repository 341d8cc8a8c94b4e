"""Model-agnostic meta-learning (Finn et al. 2017, arXiv 1703.03400, Algorithm 2).

The inner loop takes S steps θₛ₊₁ = θₛ − α∇L_support(θₛ); the meta-gradient of the query loss
L_query(θ_S) with respect to θ₀ = θ is (I − αH₀)(I − αH₁)…(I − αH_{S−1})∇L_query(θ_S) with
Hₛ = ∇²L_support(θₛ): a chain of Hessian-vector products, walked backwards.
The paper's equation (1) sums over tasks and its equation (2) over points; like the authors'
code, both are means here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.lazy_torch import torch
from explorer.core.learners.base import Batch, InnerLoop, Learner
from explorer.core.mlp import (
    Pass,
    gradient,
    hessian_vector,
    losses_and_pass,
    summed_hessian_vector,
)
from explorer.core.network import Network

if TYPE_CHECKING:
    from torch import Tensor


def meta_gradient(
    theta: Tensor, batch: Batch, network: Network, inner: InnerLoop
) -> tuple[Tensor, Tensor]:
    """The exact second-order meta-gradient; losses before and after the inner loop.

    "Before" is the loss of θ on the support points, which θ has not seen either: it estimates
    the same expectation as the query loss before adaptation, and comes for free.
    """
    adapted = theta
    losses: list[Tensor] = []
    passes: list[Pass] = []
    for _ in range(inner.steps):
        loss, passed = losses_and_pass(adapted, batch.support_x, batch.support_y, network)
        losses.append(loss)
        passes.append(passed)
        adapted = adapted - gradient(passed) * inner.alpha
    after, passed = losses_and_pass(adapted, batch.query_x, batch.query_y, network)
    vector = gradient(passed)
    for step in range(inner.steps - 1, 0, -1):
        vector = vector - hessian_vector(passes[step], vector, network) * inner.alpha
    # The first pass shares θ over all tasks, so its products can be summed as they are formed.
    summed = vector.sum(0) - summed_hessian_vector(passes[0], vector, network) * inner.alpha
    return summed / vector.size(0), torch.stack([losses[0].mean(), after.mean()])


MAML = Learner("maml", "MAML", ("before the inner step", "after the inner step"), meta_gradient)
