"""TorchOpt: its documented loop for MAML, `MetaSGD` for one task after another."""

import torch
import torchopt
from torch.nn.functional import mse_loss

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from tests.benchmarks.peers.torch_peer import TorchPeer


class TorchOptPeer(TorchPeer):
    """MAML in TorchOpt."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.inner = torchopt.MetaSGD(self.net, lr=settings.alpha)

    def backward(self, batch: Batch) -> None:
        """See `TorchPeer`."""
        net, inner = (torchopt.extract_state_dict(part) for part in (self.net, self.inner))
        losses = []
        for support_x, support_y, query_x, query_y, _ in zip(*batch, strict=True):
            for _ in range(self.settings.inner_steps):
                self.inner.step(mse_loss(self.net(support_x), support_y))
            losses.append(mse_loss(self.net(query_x), query_y))
            torchopt.recover_state_dict(self.net, net)
            torchopt.recover_state_dict(self.inner, inner)
        torch.stack(losses).mean().backward()


def make(settings: Settings) -> TorchOptPeer:
    """See the package."""
    return TorchOptPeer(settings)
