"""Forward pass, gradient and Hessian-vector product of the MLP in closed form.

The only home of derivative algebra. Every function takes a batch of tasks at once and runs both
as plain PyTorch and in the loops of `explorer.core.engine`.

With h₀ = [x, 1], zₗ = hₗ₋₁Wₗ, hₗ = [σ(zₗ), 1] and f = z_L, the loss of a task is
L = (1/K) Σₖ (f(xₖ) − yₖ)². Backwards, δ_L = (2/K)(f − y), ∂L/∂Wₗ = hₗ₋₁ᵀδₗ and
δₗ₋₁ = δₗWₗᵀ ⊙ σ′(zₗ₋₁), where Wᵀ leaves out the bias row. The Hessian-vector product is
the derivative of these equations in direction V (Pearlmutter 1994, the R-operator).

θ may end in context values: C more inputs of the network, the same at every point of a task
(CAVIA, Zintgraf et al. 2019, arXiv 1810.03642). They are parameters like any other here.

Shapes: T tasks, K points, n inputs; θ is ``(P + C,)`` (shared by all tasks) or ``(T, P + C)``;
x is ``(T, K, n)`` and y ``(T, K, 1)``; the network has n + C inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch
from explorer.core.network.mlp import Network, unpack

if TYPE_CHECKING:
    from torch import Tensor


class Pass(NamedTuple):
    """One forward and backward pass, kept for the Hessian-vector product.

    Attributes:
        layers: weight matrices Wₗ, ``(…, n + 1, m)`` each.
        inputs: hₗ₋₁, the input of each layer with its column of ones, ``(T, K, n + 1)`` each.
        deltas: δₗ, the loss by each layer's pre-activation, ``(T, K, m)`` each.
        context: C, how many of the network's inputs θ holds itself.
    """

    layers: list[Tensor]
    inputs: list[Tensor]
    deltas: list[Tensor]
    context: int


def slope_times(delta: Tensor, activation: Tensor, tanh: bool) -> Tensor:
    """δ ⊙ σ′(z), where σ′ is read off the activation σ(z)."""
    if tanh:
        return delta * (1 - activation * activation)
    return torch.ops.aten.threshold_backward(delta, activation, 0)  # type: ignore[no-any-return]


def _context_of(theta: Tensor, x: Tensor, context: int) -> Tensor:
    """The context values at the end of θ, at every point: ``(T, K, C)``."""
    values = theta.narrow(-1, theta.size(-1) - context, context).unsqueeze(-2)
    return values.expand(x.size(0), x.size(1), context)


def _by_context(delta: Tensor, layer: Tensor, context: int) -> Tensor:
    """The loss by the context, ``(T, C)``, from δ₁ and W₁."""
    rows = layer.narrow(-2, layer.size(-2) - 1 - context, context)
    return torch.matmul(delta, rows.transpose(-1, -2)).sum(-2)


def forward(
    theta: Tensor, x: Tensor, network: Network
) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """Layers, layer inputs and predictions f(x) ``(T, K, 1)``."""
    layers = unpack(theta, network.sizes)
    ones = torch.ones_like(x[..., :1])
    context = network.sizes[0] - x.size(-1)
    if context:
        inputs = [torch.cat([x, _context_of(theta, x, context), ones], -1)]
    else:
        inputs = [torch.cat([x, ones], -1)]
    for layer in layers[:-1]:
        z = torch.matmul(inputs[-1], layer)
        h = torch.tanh(z) if network.tanh else torch.relu(z)
        inputs.append(torch.cat([h, ones], -1))
    return layers, inputs, torch.matmul(inputs[-1], layers[-1])


def predict(theta: Tensor, x: Tensor, network: Network) -> Tensor:
    """f(x) ``(T, K, 1)``."""
    return forward(theta, x, network)[2]


def losses_and_pass(theta: Tensor, x: Tensor, y: Tensor, network: Network) -> tuple[Tensor, Pass]:
    """L of each task ``(T,)``, the mean over its points, and the pass that led there."""
    layers, inputs, prediction = forward(theta, x, network)
    residual = prediction - y
    losses = (residual * residual).mean(-2).squeeze(-1)
    delta = residual * (2.0 / max(x.size(-2), 1))  # K may be 0
    deltas = _deltas(delta, layers, inputs, network)
    return losses, Pass(layers, inputs, deltas, network.sizes[0] - x.size(-1))


def _deltas(
    delta: Tensor, layers: list[Tensor], inputs: list[Tensor], network: Network
) -> list[Tensor]:
    """δₗ of every layer up to one, from the last of these."""
    deltas = [delta]
    for i in range(len(layers) - 1, 0, -1):
        back = torch.matmul(deltas[-1], layers[i].narrow(-2, 0, network.sizes[i]).transpose(-1, -2))
        deltas.append(slope_times(back, inputs[i].narrow(-1, 0, network.sizes[i]), network.tanh))
    deltas.reverse()
    return deltas


def summed_body_gradient(
    by_features: Tensor, layers: list[Tensor], inputs: list[Tensor], network: Network
) -> Tensor:
    """Σ over tasks of the derivative by the weights of all layers but the last.

    Args:
        by_features: the derivative by the last layer's inputs [h, 1] ``(T, K, n + 1)``.
        layers: of `forward`.
        inputs: of `forward`.
        network: the shape of the network.
    """
    n = network.sizes[-2]
    delta = slope_times(by_features.narrow(-1, 0, n), inputs[-1].narrow(-1, 0, n), network.tanh)
    deltas = _deltas(delta, layers[:-1], inputs[:-1], network)
    return flat_products([h.flatten(0, 1) for h in inputs[:-1]], [d.flatten(0, 1) for d in deltas])


def flat_products(lefts: list[Tensor], rights: list[Tensor]) -> Tensor:
    """hᵀδ of every layer, laid out like θ: ``(T, P)``, or ``(P,)`` from ``(K, n)`` factors."""
    products: list[Tensor] = []
    for i in range(len(lefts)):
        products.append(torch.matmul(lefts[i].transpose(-1, -2), rights[i]).flatten(-2))
    return torch.cat(products, -1)


def gradient(passed: Pass) -> Tensor:
    """∇L of each task, ``(T, P + C)``."""
    products = flat_products(passed.inputs, passed.deltas)
    if passed.context:
        by_context = _by_context(passed.deltas[0], passed.layers[0], passed.context)
        return torch.cat([products, by_context], -1)
    return products


class OutputFactors(NamedTuple):
    """∇f(x) of points as outer products: that by Wₗ is hₗ₋₁δₗᵀ, from δ_L = 1 backwards.

    Attributes:
        lefts: hₗ₋₁ of each layer, ``(T, K, n + 1)`` each.
        rights: δₗ of each layer, ``(T, K, m)`` each.

    By the context it is δ₁W₁ᵀ in the context's rows; that and a 1 are one more pair.
    """

    lefts: list[Tensor]
    rights: list[Tensor]


def output_factors(theta: Tensor, x: Tensor, network: Network) -> OutputFactors:
    """How f(x) at each point changes with θ, in factors."""
    layers, lefts, prediction = forward(theta, x, network)
    one = torch.ones_like(prediction)
    rights = _deltas(one, layers, lefts, network)
    context = network.sizes[0] - x.size(-1)
    if context:
        rows = layers[0].narrow(-2, x.size(-1), context)
        by_context = torch.matmul(rights[0], rows.transpose(-1, -2))
        return OutputFactors([*lefts, by_context], [*rights, one])
    return OutputFactors(lefts, rights)


def output_gradient(theta: Tensor, x: Tensor, network: Network) -> Tensor:
    """∇f(x) of each point ``(T, K, P + C)``: row k is how f(xₖ) changes with θ."""
    factors = output_factors(theta, x, network)
    pairs = zip(*factors, strict=True)
    return torch.cat([(h.unsqueeze(-1) * d.unsqueeze(-2)).flatten(-2) for h, d in pairs], -1)


def output_products(left: OutputFactors, right: OutputFactors) -> Tensor:
    """∇f(x)·∇f(x′) of all pairs of points, ``(T, K, K′)``, without the gradients themselves.

    Of two outer products it is (h·h′)(δ·δ′), layer by layer.
    """
    total: Tensor | None = None
    for h, d, other_h, other_d in zip(*left, *right, strict=True):
        both = torch.matmul(h, other_h.transpose(-1, -2))
        both = both * torch.matmul(d, other_d.transpose(-1, -2))
        total = both if total is None else total + both
    assert total is not None
    return total


def summed_gradient(passed: Pass) -> Tensor:
    """Σ over tasks of ∇L by the weights ``(P,)``, as one matrix product per layer over all rows."""
    return flat_products(
        [h.flatten(0, 1) for h in passed.inputs], [d.flatten(0, 1) for d in passed.deltas]
    )


class Tangent(NamedTuple):
    """The derivative of a `Pass` in a direction: R{hₗ₋₁} and R{δₗ} of each layer."""

    inputs: list[Tensor]
    deltas: list[Tensor]


def tangent(passed: Pass, vector: Tensor, network: Network) -> Tangent:
    """The R-operator: how a pass changes along the vectors V ``(T, P + C)``."""
    directions = unpack(vector, network.sizes)
    layers, inputs, deltas = passed.layers, passed.inputs, passed.deltas
    r_inputs = [torch.zeros_like(inputs[0])]
    r_z = torch.matmul(inputs[0], directions[0])
    if passed.context:
        before = inputs[0].size(-1) - 1 - passed.context
        moved = _context_of(vector, inputs[0], passed.context)
        still = torch.zeros_like(inputs[0])
        r_inputs = [torch.cat([still.narrow(-1, 0, before), moved, still.narrow(-1, 0, 1)], -1)]
        r_z = r_z + torch.matmul(r_inputs[0], layers[0])
    r_hidden = [r_z]
    for i in range(1, len(layers)):
        n = network.sizes[i]
        r_h = slope_times(r_z, inputs[i].narrow(-1, 0, n), network.tanh)
        r_hidden.append(r_h)
        r_inputs.append(torch.cat([r_h, torch.zeros_like(inputs[i][..., :1])], -1))
        r_z = torch.matmul(r_h, layers[i].narrow(-2, 0, n)) + torch.matmul(inputs[i], directions[i])
    r_delta = r_z * (2.0 / max(inputs[0].size(-2), 1))
    r_deltas = [r_delta]
    for i in range(len(layers) - 1, 0, -1):
        n = network.sizes[i]
        weights = layers[i].narrow(-2, 0, n).transpose(-1, -2)
        vectors = directions[i].narrow(-2, 0, n).transpose(-1, -2)
        back = torch.matmul(r_delta, weights) + torch.matmul(deltas[i], vectors)
        h = inputs[i].narrow(-1, 0, n)
        r_delta = slope_times(back, h, network.tanh)
        if network.tanh:  # σ″(z)R{z} = −2σ(z)·σ′(z)R{z}; ReLU has none
            r_delta = r_delta - 2 * h * r_hidden[i] * torch.matmul(deltas[i], weights)
        r_deltas.append(r_delta)
    r_deltas.reverse()
    return Tangent(r_inputs, r_deltas)


def hessian_vector_factors(passed: Pass, along: Tangent) -> tuple[list[Tensor], list[Tensor]]:
    """Factors whose `flat_products` are ∇²L·V, by the weights.

    R{hᵀδ} = R{h}ᵀδ + hᵀR{δ} = [R{h}; h]ᵀ[δ; R{δ}], stacked along the points.
    """
    layers = range(len(passed.layers))
    lefts = [torch.cat([along.inputs[i], passed.inputs[i]], -2) for i in layers]
    rights = [torch.cat([passed.deltas[i], along.deltas[i]], -2) for i in layers]
    return lefts, rights


def hessian_vector(passed: Pass, vector: Tensor, network: Network) -> Tensor:
    """∇²L·V of each task, ``(T, P + C)``, for the vectors V ``(T, P + C)``."""
    along = tangent(passed, vector, network)
    products = flat_products(*hessian_vector_factors(passed, along))
    if passed.context:
        first = unpack(vector, network.sizes)[0]
        by_context = _by_context(along.deltas[0], passed.layers[0], passed.context) + _by_context(
            passed.deltas[0], first, passed.context
        )
        return torch.cat([products, by_context], -1)
    return products


def summed_hessian_vector(passed: Pass, vector: Tensor, network: Network) -> Tensor:
    """Σ over tasks of ∇²L·V by the weights ``(P,)``, as one matrix product per layer."""
    lefts, rights = hessian_vector_factors(passed, tangent(passed, vector, network))
    return flat_products([h.flatten(0, 1) for h in lefts], [d.flatten(0, 1) for d in rights])
