"""Networks and MAML as the papers write them: autograd, nothing of the engine's algebra.

Slow and plain on purpose, one task at a time. Only the layout of θ is shared with the engine, and
it is read here by code of its own. `tests.core.learners.plain` has the other learners.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from explorer.core.learners import Batch

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


def adapt(
    theta: Tensor,
    x: Tensor,
    y: Tensor,
    sizes: Sequence[int],
    activation: str,
    alpha: float,
    steps: int,
) -> Tensor:
    """θ after gradient steps on one task, differentiable in the θ it started from."""
    for _ in range(steps):
        support_loss = loss(theta, x, y, sizes, activation)
        (gradient,) = torch.autograd.grad(support_loss, theta, create_graph=True)
        theta = theta - alpha * gradient
    return theta


def meta_loss(
    theta: Tensor, batch: Batch, sizes: Sequence[int], activation: str, alpha: float, steps: int
) -> Tensor:
    """Query loss after adaptation, averaged over tasks: what MAML minimises."""
    losses = []
    for support_x, support_y, query_x, query_y, _ in zip(*batch, strict=True):
        adapted = adapt(theta, support_x, support_y, sizes, activation, alpha, steps)
        losses.append(loss(adapted, query_x, query_y, sizes, activation))
    return torch.stack(losses).mean()


def meta_gradient(
    theta: Tensor, batch: Batch, sizes: Sequence[int], activation: str, alpha: float, steps: int
) -> Tensor:
    """The gradient of `meta_loss` ``(P,)``, through all inner steps."""
    theta = theta.detach().requires_grad_()
    value = meta_loss(theta, batch, sizes, activation, alpha, steps)
    return torch.autograd.grad(value, theta)[0]


def joint_loss(theta: Tensor, batch: Batch, sizes: Sequence[int], activation: str) -> Tensor:
    """Loss over every point of every task, support and query: what pretraining minimises."""
    x = torch.cat([batch.support_x, batch.query_x], 1).flatten(0, 1)
    y = torch.cat([batch.support_y, batch.query_y], 1).flatten(0, 1)
    return loss(theta, x, y, sizes, activation)


def joint_gradient(theta: Tensor, batch: Batch, sizes: Sequence[int], activation: str) -> Tensor:
    """The gradient of `joint_loss` ``(P,)``."""
    theta = theta.detach().requires_grad_()
    return torch.autograd.grad(joint_loss(theta, batch, sizes, activation), theta)[0]
