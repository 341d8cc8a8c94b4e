"""What the peers written in PyTorch share: an `nn.Module`, `torch.optim.Adam` and the loop."""

from abc import abstractmethod
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.network.mlp import from_state_dict, make_network, to_state_dict
from explorer.core.training.outer_loop import BETA_1, BETA_2, EPSILON


class TorchPeer:
    """MAML on an `nn.Sequential`; a library says how a batch's meta-gradient comes about."""

    def __init__(self, settings: Settings) -> None:
        self.network = make_network(settings.hidden, settings.activation)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(self.network.sizes):
            layers += [nn.Linear(inputs, outputs), nn.Tanh() if self.network.tanh else nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
        self.settings = settings

    @abstractmethod
    def backward(self, batch: Batch) -> None:
        """Add the meta-gradient to the gradients of `net`'s parameters."""

    def meta_gradient(self, theta: Tensor, batch: Batch) -> Tensor:
        """See `Peer`."""
        self.net.load_state_dict(to_state_dict(theta, self.network))
        self.net.zero_grad()
        self.backward(batch)
        gradients = {n: p.grad for n, p in self.net.named_parameters() if p.grad is not None}
        return from_state_dict(gradients)[0]

    def trainer(self, theta: Tensor, batches: Batch) -> Callable[[], Tensor]:
        """See `Peer`."""
        each = [Batch(*parts) for parts in zip(*(part.unbind() for part in batches), strict=True)]
        state = to_state_dict(theta, self.network)

        def train() -> Tensor:
            self.net.load_state_dict(state)
            optimiser = torch.optim.Adam(
                self.net.parameters(), self.settings.beta, (BETA_1, BETA_2), EPSILON
            )
            for batch in each:
                optimiser.zero_grad()
                self.backward(batch)
                optimiser.step()
            return from_state_dict(self.net.state_dict())[0]

        return train
