"""Layers are found under the names that other programs give them, or not at all."""

from collections.abc import Callable

import pytest
import torch

from explorer.core.files.tensor_names import as_sequential
from tests.foreign import plain_net

NUMBERS = ("0", "2", "4")  # of the layers in nn.Sequential
Names = Callable[[int, str], str]


def named(names: Names, turned: bool = False) -> dict[str, torch.Tensor]:
    """The network's tensors under other names, its weights transposed if wanted."""
    state = plain_net(3).state_dict()
    found = {
        names(layer, part): state[f"{number}.{part}"]
        for layer, number in enumerate(NUMBERS)
        for part in ("bias", "weight")
    }
    return {n: t.T if turned and t.ndim == 2 else t for n, t in reversed(found.items())}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        lambda layer, part: f"{2 * layer}.{part}",
        lambda layer, part: f"module.net.{2 * layer}.{part}",
        lambda layer, part: f"model.fc{layer + 1}.{part}",
        lambda layer, part: f"fc_layers.{layer}.{part}",
        lambda layer, part: f"net2.layers.{layer + 8}.linear.{part}",  # 8, 9, 10: as numbers
        lambda layer, part: f"params/Dense_{layer}/{part.replace('weight', 'kernel')}",
    ],
)
def test_layers_are_found(names: Names, turned: bool) -> None:
    """Under any names that differ in one number, and (inputs, outputs) as (outputs, inputs)."""
    found, expected = as_sequential(named(names, turned)), plain_net(3).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize(
    "names",
    [
        lambda layer, part: f"{('first', 'second', 'third')[layer]}.{part}",
        lambda layer, part: f"block{layer}.layer{layer}.{part}",
        lambda layer, part: f"{layer}.{layer}.{part}",
        lambda layer, part: f"fc{'0' * layer}1.{part}",
        lambda layer, part: f"{layer}.{part}" if layer else f"in.{part}",
        lambda layer, part: f"{layer}.{part}.data",
    ],
)
def test_what_tells_no_order_is_left(names: Names) -> None:
    """No order is guessed."""
    tensors = named(names)
    assert as_sequential(tensors) == tensors


def test_a_mixture_of_both_ways_is_left() -> None:
    """One transposed weight among others is not put right."""
    tensors = named(lambda layer, part: f"{2 * layer}.{part}")
    tensors["2.weight"] = tensors["2.weight"].T
    assert as_sequential(tensors)["2.weight"].shape == (6, 5)
    assert as_sequential(tensors)["0.weight"].shape == (6, 3)


def test_other_tensors_are_not_passed_over() -> None:
    """One more than layers have, or two weights of one layer: nothing is renamed."""
    tensors = named(lambda layer, part: f"fc{layer}.{part}")
    for name in ("context", "fc1.kernel"):
        assert "fc0.weight" in as_sequential({**tensors, name: torch.zeros(2)})
