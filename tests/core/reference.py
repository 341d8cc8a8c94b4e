"""The network and its loss in plain PyTorch, nothing of the engine's algebra.

Slow and plain on purpose, one task at a time, for autograd to go through. Only the layout of θ is
shared with the engine, and it is read here by code of its own. `tests.core.learners.plain` has the
learners.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "tanh": torch.tanh,
}


def weights_and_biases(theta: Tensor, sizes: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """θ ``(P,)`` as the weight and bias of each `torch.nn.Linear`."""
    layers = []
    start = 0
    for inputs, outputs in pairwise(sizes):
        weight = theta[start : start + inputs * outputs].reshape(inputs, outputs).T
        start += inputs * outputs
        bias = theta[start : start + outputs]
        start += outputs
        layers.append((weight, bias))
    return layers


def predict(theta: Tensor, x: Tensor, sizes: Sequence[int], activation: str) -> Tensor:
    """f(x) ``(K, 1)`` for x ``(K, n)``."""
    nonlinearity = NONLINEARITIES[activation]
    *hidden, (last_weight, last_bias) = weights_and_biases(theta, sizes)
    for weight, bias in hidden:
        x = nonlinearity(functional.linear(x, weight, bias))
    return functional.linear(x, last_weight, last_bias)


def loss(theta: Tensor, x: Tensor, y: Tensor, sizes: Sequence[int], activation: str) -> Tensor:
    """Mean squared error of one task."""
    return functional.mse_loss(predict(theta, x, sizes, activation), y)
