"""Weights under the names that other programs give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from explorer.core.network.mlp import sizes_of

if TYPE_CHECKING:
    from torch import Tensor

# The layer, and what of it: the weight is called a kernel by Keras and Flax.
_NAME = re.compile(r"(.*?)[./]?(weight|kernel|bias)", re.DOTALL)
_NUMBER = re.compile(r"(\d+)")


def as_sequential(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a network under the names of an ``nn.Sequential`` state dict.

    Their names may be any that differ in one number, such as ``model.fc1.weight``, and layers
    follow one another as these numbers do. Weights may all be ``(inputs, outputs)``, as TensorFlow
    and JAX have them, instead of ``(outputs, inputs)``: a bias has as many values as its layer
    has outputs, so that both fit only where every layer has as many inputs as outputs, which is
    one, and then it makes no difference. What follows no such order is returned as it is.
    """
    named = {name: _NAME.fullmatch(name) for name in tensors}
    order = _in_order({match[1] for match in named.values() if match})
    if order is None or not all(named.values()):
        return dict(tensors)
    renamed = {
        f"{2 * order.index(match[1])}.{'bias' if match[2] == 'bias' else 'weight'}": tensors[name]
        for name, match in named.items()
        if match
    }
    if len(renamed) < len(tensors):  # a weight and a kernel of the same layer
        return dict(tensors)
    turned = {name: each.T if each.ndim == 2 else each for name, each in renamed.items()}
    return renamed if _fits(renamed) or not _fits(turned) else turned


def _in_order(layers: Iterable[str]) -> list[str] | None:
    """The layers by the one number in which their names differ; None if they do in more or less."""
    parts = {layer: _NUMBER.split(layer) for layer in layers}
    if len({len(each) for each in parts.values()}) != 1:
        return None
    columns = list(zip(*parts.values(), strict=True))
    differing = [place for place, column in enumerate(columns) if len(set(column)) > 1]
    if len(differing) != 1 or differing[0] % 2 == 0:
        return None
    (place,) = differing
    numbers = {layer: int(part[place]) for layer, part in parts.items()}
    if len(set(numbers.values())) < len(numbers):
        return None
    return sorted(numbers, key=numbers.__getitem__)


def _fits(tensors: Mapping[str, Tensor]) -> bool:
    try:
        sizes_of({name: list(tensor.shape) for name, tensor in tensors.items()})
    except ValueError:
        return False
    return True
