"""Networks of plain PyTorch, as other programs save them, and ours with the same weights."""

from pathlib import Path

import torch
from torch import nn

from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import save
from explorer.core.network.mlp import from_state_dict
from explorer.core.training.loop import start

HIDDEN = (6, 5)


def plain_net(inputs: int = 1, tanh: bool = False, dtype: torch.dtype | None = None) -> nn.Module:
    """A network with two hidden layers; its weights are always the same."""
    generator = torch.Generator().manual_seed(3)
    sizes = [inputs, *HIDDEN, 1]
    layers: list[nn.Module] = []
    for i in range(len(sizes) - 1):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), nn.Tanh() if tanh else nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 2
    return net.to(dtype) if dtype else net


def ours(path: Path, net: nn.Module, learner: str, settings: Settings) -> Path:
    """A file of this program, of a run in which a learner stands at a network's weights."""
    theta, _ = from_state_dict(net.state_dict())
    save(path, start(settings, (learner,), theta), learner)
    return path
