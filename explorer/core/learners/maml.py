"""Model-agnostic meta-learning (Finn et al. 2017, arXiv 1703.03400, Algorithm 2).

The inner loop takes S steps θₛ₊₁ = θₛ − α∇L_support(θₛ), equation (1) of the paper; the
meta-gradient is that of the query loss after the last step or, with the weights of MAML++
(Antoniou et al. 2019, arXiv 1810.09502, section 4), after every step, with respect to θ₀ = θ.
The paper's equation (1) sums over tasks and its equation (2) over points; like the authors'
code, both are means here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.base.look import SOLID, Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.unrolling import through_inner_loop
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
    """The exact second-order meta-gradient; losses before and after the inner loop.

    "Before" is the loss of θ on the support points, which θ has not seen either: it estimates
    the same expectation as the query loss before adaptation, and comes for free.
    """
    return through_inner_loop(meta, [inner.alpha] * inner.steps, batch, network, weights)


BEFORE_AND_AFTER = ("before the inner step", "after the inner step")

MAML = Learner(
    "maml", "MAML", "Finn et al. 2017, arXiv 1703.03400, Algorithm 2", BEFORE_AND_AFTER,
    meta_gradient, look=Look("#0072b2", "#56b4e9", SOLID), hessians=True,
)  # fmt: skip
