"""JAX: `jax.grad` through the inner step, `vmap` over tasks, `jit` of a `lax.scan`.

Adam is written by hand, on the same tree of parameters, and the tasks are drawn beforehand: both
were the fastest of the ways tried (a flat parameter vector, unrolled scans and drawing tasks with
`jax.random` inside the loop were level or slower).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import Array
from torch import Tensor

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.network.mlp import Network, from_state_dict, make_network, to_state_dict
from explorer.core.training.outer_loop import BETA_1, BETA_2, EPSILON

Parameters = list[tuple[Array, Array]]  # weight (inputs, outputs) and bias of each layer
Points = tuple[Array, ...]  # the points of a `Batch`


def to_tree(theta: Tensor, network: Network) -> Parameters:
    """θ as weights and biases."""
    parts = [jnp.asarray(part.numpy()) for part in to_state_dict(theta, network).values()]
    return [(weight.T, bias) for weight, bias in zip(parts[::2], parts[1::2], strict=True)]


def to_theta(parameters: Parameters) -> Tensor:
    """Weights and biases as θ."""
    state = {}
    for i, (weight, bias) in enumerate(parameters):
        state[f"{2 * i}.weight"] = torch.tensor(np.asarray(weight).T)
        state[f"{2 * i}.bias"] = torch.tensor(np.asarray(bias))
    return from_state_dict(state)[0]


def to_points(batch: Batch) -> Points:
    """The points of a batch, or of many, as JAX's arrays."""
    return tuple(jnp.asarray(part.contiguous().numpy()) for part in batch[:4])


class JaxPeer:
    """MAML in JAX."""

    def __init__(self, settings: Settings) -> None:
        self.network = make_network(settings.hidden, settings.activation)
        self.nonlinearity = jnp.tanh if self.network.tanh else jax.nn.relu
        self.settings = settings
        self.gradient = jax.jit(jax.grad(self.meta_loss))
        self.scan = jax.jit(lambda state, batches: jax.lax.scan(self.step, state, batches))

    def loss(self, parameters: Parameters, x: Array, y: Array) -> Array:
        """Mean squared error of one task."""
        *hidden, (last_weight, last_bias) = parameters
        for weight, bias in hidden:
            x = self.nonlinearity(x @ weight + bias)
        return jnp.mean((x @ last_weight + last_bias - y) ** 2)

    def adapted_loss(self, parameters: Parameters, *points: Array) -> Array:
        """Query loss of one task after the inner steps."""
        support_x, support_y, query_x, query_y = points
        for _ in range(self.settings.inner_steps):
            gradient = jax.grad(self.loss)(parameters, support_x, support_y)
            parameters = jax.tree.map(
                lambda p, g: p - self.settings.alpha * g, parameters, gradient
            )
        return self.loss(parameters, query_x, query_y)

    def meta_loss(self, parameters: Parameters, points: Points) -> Array:
        """`adapted_loss` averaged over tasks."""
        in_axes = (None, *(0 for _ in points))
        return jnp.mean(jax.vmap(self.adapted_loss, in_axes)(parameters, *points))

    def step(self, state: Any, points: Points) -> tuple[Any, Array]:
        """One meta-iteration: the meta-gradient, and Adam's step."""
        parameters, m, v, t = state
        value, g = jax.value_and_grad(self.meta_loss)(parameters, points)
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, g)
        rate, root = self.settings.beta / (1 - BETA_1**t), jnp.sqrt(1 - BETA_2**t)
        parameters = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPSILON), parameters, m, v
        )
        return (parameters, m, v, t), value

    def meta_gradient(self, theta: Tensor, batch: Batch) -> Tensor:
        """See `Peer`."""
        return to_theta(self.gradient(to_tree(theta, self.network), to_points(batch)))

    def trainer(self, theta: Tensor, batches: Batch) -> Callable[[], Tensor]:
        """See `Peer`."""
        tree, points = to_tree(theta, self.network), to_points(batches)
        zero = jax.tree.map(jnp.zeros_like, tree)
        begin = (tree, zero, zero, jnp.float32(0))

        def train() -> Tensor:
            (parameters, *_), _ = jax.block_until_ready(self.scan(begin, points))
            return to_theta(parameters)

        return train


def make(settings: Settings) -> JaxPeer:
    """See the package."""
    return JaxPeer(settings)
