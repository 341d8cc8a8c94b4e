"""higher: its documented loop for MAML, an `innerloop_ctx` for one task after another."""

import higher
import torch
from torch.nn.functional import mse_loss

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from tests.benchmarks.peers.torch_peer import TorchPeer


class HigherPeer(TorchPeer):
    """MAML in higher."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.inner = torch.optim.SGD(self.net.parameters(), lr=settings.alpha)

    def backward(self, batch: Batch) -> None:
        """See `TorchPeer`."""
        tasks = batch.support_x.size(0)
        for support_x, support_y, query_x, query_y, _ in zip(*batch, strict=True):
            with higher.innerloop_ctx(self.net, self.inner, copy_initial_weights=False) as (
                net,
                inner,
            ):
                for _ in range(self.settings.inner_steps):
                    inner.step(mse_loss(net(support_x), support_y))
                (mse_loss(net(query_x), query_y) / tasks).backward()


def make(settings: Settings) -> HigherPeer:
    """See the package."""
    return HigherPeer(settings)
