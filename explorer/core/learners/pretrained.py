"""The baseline of section 5.1 of the MAML paper: one network trained jointly on all tasks.

It sees the same points of the same tasks as MAML, support and query alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.lazy_torch import torch
from explorer.core.learners.base import Batch, InnerLoop, Learner
from explorer.core.mlp import losses_and_pass, summed_gradient
from explorer.core.network import Network

if TYPE_CHECKING:
    from torch import Tensor


def meta_gradient(
    theta: Tensor, batch: Batch, network: Network, inner: InnerLoop
) -> tuple[Tensor, Tensor]:
    """The gradient of the mean loss over every point of every task, and that loss."""
    x = torch.cat([batch.support_x, batch.query_x], -2)
    y = torch.cat([batch.support_y, batch.query_y], -2)
    losses, passed = losses_and_pass(theta, x, y, network)
    return summed_gradient(passed) / losses.size(0), losses.mean().unsqueeze(0)


PRETRAINED = Learner("pretrained", "Pretrained", ("joint loss",), meta_gradient)
