"""BOIL, body only in the inner loop (Oh et al. 2021, arXiv 2008.08882, section 3).

ANIL's complement: θₛ₊₁ = θₛ − α·m ⊙ ∇L_support(θₛ), where m is 1 for the body and 0 for the last
layer. The outer loop trains both. A task changes the features, and never how they are read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.core.base.look import Look
from explorer.core.learners.anil import head_only, meta_gradient, start
from explorer.core.learners.base import Learner
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


def body_only(theta: Tensor, network: Network) -> Tensor:
    """0 for every parameter of the last layer and 1 for all others, ``(P,)``."""
    return head_only(theta, network) * -1.0 + 1.0


BOIL = Learner(
    "boil", "BOIL", "Oh et al. 2021, arXiv 2008.08882, section 3", BEFORE_AND_AFTER,
    partial(meta_gradient, mask=body_only), start=partial(start, mask=body_only),
    look=Look("#e0218a", "#ff5fae", (6, 2, 2, 2)),
    hessians=True,
)  # fmt: skip
