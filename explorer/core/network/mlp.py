"""The multilayer perceptron as a flat parameter vector θ, and its way to and from PyTorch.

Every learner, optimiser and view handles θ as one vector of shape ``(P,)`` or, for a batch of
tasks, ``(T, P)``. Inside θ the layers follow one another, each as an ``(inputs + 1, outputs)``
matrix in row-major order whose last row is the bias.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


ACTIVATIONS = ("relu", "tanh")
# Of the initial weights in the authors' code, and ten times as wide.
NORMAL_SIGMAS = {"normal": 0.01, "wide-normal": 0.1}


class Network(NamedTuple):
    """The shape of a multilayer perceptron.

    Attributes:
        sizes: units of each layer from input to output, ``[1, 40, 40, 1]`` in the paper.
        tanh: hidden activation, tanh if true and ReLU otherwise; the output is linear.
    """

    sizes: list[int]
    tanh: bool

    @property
    def activation(self) -> str:
        """The hidden activation's name, one of `ACTIVATIONS`."""
        return ACTIVATIONS[self.tanh]


def make_network(hidden: Sequence[int], activation: str = "relu", inputs: int = 1) -> Network:
    """A network with one output and the given hidden layers."""
    return Network([inputs, *hidden, 1], activation == "tanh")


def parameter_count(network: Network) -> int:
    """P, the length of θ."""
    return sum((n + 1) * m for n, m in pairwise(network.sizes))


def unpack(theta: Tensor, sizes: list[int]) -> list[Tensor]:
    """Views of θ ``(…, P)`` as one ``(…, inputs + 1, outputs)`` matrix per layer."""
    layers: list[Tensor] = []
    start = 0
    for i in range(len(sizes) - 1):
        rows, columns = sizes[i] + 1, sizes[i + 1]
        part = theta.narrow(-1, start, rows * columns)
        layers.append(part.unflatten(-1, [rows, columns]))  # type: ignore[no-untyped-call]
        start += rows * columns
    return layers


def initialise(network: Network, generator: torch.Generator, how: str = "uniform") -> Tensor:
    """θ ``(P,)`` in float32.

    Args:
        network: its shape.
        generator: source of randomness.
        how: "uniform", U(±1/√inputs) for weights and biases as `torch.nn.Linear` draws them;
            "normal" and "wide-normal", weights from a normal distribution with σ = 0.01 and 0.1
            cut at 2σ; or "glorot", weights from U(±√(6/(inputs + outputs))) (Glorot and Bengio
            2010). All but the first have no biases.
    """
    theta = torch.rand(parameter_count(network), generator=generator) * 2 - 1
    for layer in unpack(theta, network.sizes):
        inputs, outputs = layer.shape[0] - 1, layer.shape[1]
        if how in NORMAL_SIGMAS:
            within = layer.double() * math.erf(math.sqrt(2))  # so that rounding hides last bits
            layer.copy_(within.erfinv() * NORMAL_SIGMAS[how] * math.sqrt(2))
        elif how == "glorot":
            layer.mul_(math.sqrt(6 / (inputs + outputs)))
        else:
            layer.div_(math.sqrt(inputs))
        if how != "uniform":
            layer[-1] = 0
    return theta


def to_state_dict(theta: Tensor, network: Network) -> dict[str, Tensor]:
    """θ under the names of ``nn.Sequential(Linear, activation, …, Linear)``."""
    state = {}
    for i, layer in enumerate(unpack(theta.detach(), network.sizes)):
        state[f"{2 * i}.weight"] = layer[:-1].T.clone(memory_format=torch.contiguous_format)
        state[f"{2 * i}.bias"] = layer[-1].clone()
    return state


def sizes_of(shapes: Mapping[str, Sequence[int]]) -> list[int]:
    """Layer sizes that follow from the shapes of a `to_state_dict`, in any order.

    Raises:
        ValueError: the names or the shapes are not those of such a network.
    """
    names = [f"{2 * i}.{part}" for i in range(len(shapes) // 2) for part in ("weight", "bias")]
    if not shapes or set(names) != set(shapes):
        raise ValueError(
            "its tensors are not those of nn.Sequential(Linear, activation, …, Linear): "
            f"expected {', '.join(names[:4]) or '0.weight, 0.bias'} …, "
            f"found {', '.join(repr(name)[:40] for name in sorted(shapes)[:4]) or 'none'}"
        )
    sizes: list[int] = []
    for weight, bias in zip(names[::2], names[1::2], strict=True):
        shape = tuple(shapes[weight])
        fits = len(shape) == 2 and min(shape) > 0 and (not sizes or shape[1] == sizes[-1])
        if not fits or tuple(shapes[bias]) != shape[:1]:
            raise ValueError(
                f"{weight} {list(shape)} and {bias} {list(shapes[bias])} do not fit "
                "together or to the layer before them"
            )
        sizes = [*(sizes or [shape[1]]), shape[0]]
    return sizes


def from_state_dict(state: Mapping[str, Tensor]) -> tuple[Tensor, list[int]]:
    """θ ``(P,)`` in float32 and the layer sizes, from the state dict of an ``nn.Sequential``.

    Raises:
        ValueError: as `sizes_of`, or the weights are complex.
    """
    sizes = sizes_of({name: list(tensor.shape) for name, tensor in state.items()})
    if any(tensor.is_complex() for tensor in state.values()):
        raise ValueError("its weights are complex numbers")
    parts = []
    for i in range(len(sizes) - 1):
        parts += [state[f"{2 * i}.weight"].T.reshape(-1), state[f"{2 * i}.bias"]]
    return torch.cat([part.to(torch.float32) for part in parts]), sizes
