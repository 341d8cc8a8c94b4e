"""First-order MAML (Finn et al. 2017, arXiv 1703.03400, section 5.2).

MAML's meta-gradient with every Hessian left out: the gradient of the query loss where the inner
loop ends (with MAML++'s weights, where each of its steps ends), as if θ_S did not depend on θ
otherwise than by θ_S = θ + constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner, first_order
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.unrolling import unroll
from explorer.core.network.derivatives import summed_gradient
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Σₛ wₛ∇L_query(θₛ); losses before and after the inner loop, as MAML's."""
    unrolled = unroll(meta, [inner.alpha] * inner.steps, batch, network, weights is not None)
    total = torch.zeros_like(meta)
    for step, judged in enumerate(unrolled.query):
        if judged is not None:
            summed = summed_gradient(judged)
            total = total + (summed if weights is None else summed * weights.narrow(0, step, 1))
    return total / batch.support_x.size(0), unrolled.losses


FIRST_ORDER = Learner(
    "first-order", "First-order MAML", "Finn et al. 2017, arXiv 1703.03400, section 5.2",
    BEFORE_AND_AFTER, meta_gradient, cost=first_order,
    look=Look("#a8407f", "#e38ec4", (4, 2, 1, 2)),
    hessians=False,
)  # fmt: skip
