"""θ as a flat vector, and its way to and from plain PyTorch."""

import math
from collections import OrderedDict
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.network.derivatives import predict
from explorer.core.network.mlp import (
    Network,
    from_state_dict,
    initialise,
    make_network,
    parameter_count,
    sizes_of,
    to_state_dict,
    unpack,
)
from explorer.core.training.loop import start

HIDDEN = [(5,), (40, 40), (3, 7, 4), (2, 3, 4, 5, 6)]


def sequential(network: Network) -> nn.Sequential:
    """The network as everybody would write it in PyTorch."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(network.sizes):
        layers += [nn.Linear(inputs, outputs), nn.Tanh() if network.tanh else nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def random_theta(network: Network, seed: int = 0) -> Tensor:
    return torch.randn(parameter_count(network), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("hidden", HIDDEN)
def test_parameter_count_is_pytorchs(hidden: tuple[int, ...]) -> None:
    """P counts every weight and bias of the Sequential."""
    network = make_network(hidden)
    assert parameter_count(network) == sum(p.numel() for p in sequential(network).parameters())


@pytest.mark.parametrize("hidden", HIDDEN)
def test_state_dict_round_trip(hidden: tuple[int, ...]) -> None:
    """θ comes back from its state dict bit for bit, with the sizes, whatever the order."""
    network = make_network(hidden, inputs=2)
    theta = random_theta(network)
    state = to_state_dict(theta, network)
    shuffled = OrderedDict(reversed(state.items()))
    for given in (state, shuffled):
        back, sizes = from_state_dict(given)
        assert torch.equal(back, theta)
        assert sizes == network.sizes


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_predictions_are_those_of_sequential(hidden: tuple[int, ...], activation: str) -> None:
    """An nn.Sequential with our state dict, strictly loaded, predicts the same."""
    network = make_network(hidden, activation)
    theta = random_theta(network)
    net = sequential(network)
    net.load_state_dict(to_state_dict(theta, network), strict=True)
    x = torch.linspace(-5, 5, 50).view(1, 50, 1)
    with torch.no_grad():
        torch.testing.assert_close(predict(theta, x, network), net(x))


def test_state_dict_is_a_copy() -> None:
    """Changing a state dict in place leaves θ alone: runs are immutable."""
    network = make_network((3,))
    theta = random_theta(network)
    before = theta.clone()
    for tensor in to_state_dict(theta, network).values():
        tensor.zero_()
    assert torch.equal(theta, before)


def test_unpack_gives_views_for_shared_and_per_task_parameters() -> None:
    """The layers share memory with θ, with and without a task axis."""
    network = make_network((3, 2))
    for theta in (random_theta(network), random_theta(network).expand(4, -1).clone()):
        layers = unpack(theta, network.sizes)
        assert [tuple(layer.shape[-2:]) for layer in layers] == [(2, 3), (4, 2), (3, 1)]
        layers[1][..., 0, 0] = 99.0
        assert (theta[..., 6] == 99.0).all()


def test_initialise_draws_like_linear() -> None:
    """Every layer is U(±1/√inputs): within the bound, near it, and centred; seeds decide."""
    network = make_network((100, 100))
    theta = initialise(network, torch.Generator().manual_seed(1))
    assert theta.dtype == torch.float32
    for layer, inputs in zip(unpack(theta, network.sizes), network.sizes[:-1], strict=True):
        bound = 1 / math.sqrt(inputs)
        assert 0.95 * bound < layer.abs().max() <= bound
        assert layer.mean().abs() < 4 * bound / math.sqrt(3 * layer.numel())
    again = initialise(network, torch.Generator().manual_seed(1))
    other = initialise(network, torch.Generator().manual_seed(2))
    assert torch.equal(theta, again)
    assert not torch.equal(theta, other)


def test_initial_weights_as_the_authors_draw_them() -> None:
    """Normal with σ = 0.01, cut at 2σ, and no biases: σ of what is left is 0.88 times that."""
    network = make_network((100, 100))
    theta = initialise(network, torch.Generator().manual_seed(1), "normal")
    weights = torch.cat([layer[:-1].flatten() for layer in unpack(theta, network.sizes)])
    assert all(not layer[-1].any() for layer in unpack(theta, network.sizes))
    assert 0.0195 < weights.abs().max() <= 0.02
    assert weights.mean().abs() < 4 * 0.0088 / math.sqrt(len(weights))
    assert weights.std() == pytest.approx(0.01 * 0.8796, rel=0.02)
    within = (weights.abs() < 0.01).float().mean()
    assert within == pytest.approx(0.6827 / 0.9545, abs=0.02)


def test_initial_weights_of_glorot() -> None:
    """U(±√(6/(inputs + outputs))) in each layer, and no biases."""
    network = make_network((100, 60))
    theta = initialise(network, torch.Generator().manual_seed(1), "glorot")
    for layer in unpack(theta, network.sizes):
        assert not layer[-1].any()
        bound = math.sqrt(6 / (layer.shape[0] - 1 + layer.shape[1]))
        weights = layer[:-1]
        assert 0.9 * bound < weights.abs().max() <= bound
        assert weights.mean().abs() < 4 * bound / math.sqrt(3 * weights.numel())
    middle = unpack(theta, network.sizes)[1][:-1]
    assert middle.std() == pytest.approx(math.sqrt(2 / 160), rel=0.03)


@pytest.mark.parametrize("how", ["uniform", "normal", "wide-normal", "glorot"])
def test_initial_weights_follow_the_seed(how: str) -> None:
    """The same generator draws the same, another another, and a run begins with the setting's."""
    network = make_network((8, 8))
    one, same, other = (
        initialise(network, torch.Generator().manual_seed(seed), how) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    settings = Settings(hidden=(8, 8), initialisation=how, seed=4)
    begun = initialise(network, stream(4, "initialisation"), how)
    assert torch.equal(start(settings, ("maml",)).learners["maml"].meta, begun)


@pytest.mark.parametrize(("activation", "tanh"), [("relu", False), ("tanh", True)])
def test_activation_has_one_name(activation: str, tanh: bool) -> None:
    """The name given is the name the network reports."""
    network = make_network((4,), activation)
    assert network.tanh is tanh
    assert network.activation == activation


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_float_types_become_float32(dtype: torch.dtype) -> None:
    """Weights of another precision are converted."""
    network = make_network((4,))
    state = {k: v.to(dtype) for k, v in to_state_dict(random_theta(network), network).items()}
    theta, _ = from_state_dict(state)
    assert theta.dtype == torch.float32
    torch.testing.assert_close(theta, random_theta(network), rtol=1e-2, atol=1e-2)


def test_mixed_precisions_are_converted_one_by_one() -> None:
    """Types that PyTorch cannot concatenate still open."""
    state = {
        "0.weight": torch.ones(2, 1).to(torch.float8_e4m3fn),
        "0.bias": torch.ones(2),
        "2.weight": torch.ones(1, 2, dtype=torch.float64),
        "2.bias": torch.ones(1, dtype=torch.float16),
    }
    theta, _ = from_state_dict(state)
    assert torch.equal(theta, torch.ones(7))


def test_complex_weights_are_refused() -> None:
    """Imaginary parts are not silently dropped."""
    network = make_network((4,))
    state = {k: v * 1j for k, v in to_state_dict(random_theta(network), network).items()}
    with pytest.raises(ValueError, match="complex"):
        from_state_dict(state)


GOOD = {"0.weight": (4, 1), "0.bias": (4,), "2.weight": (1, 4), "2.bias": (1,)}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"0.weight": None}, "0.bias"),
        ({"2.bias": None}, "2.weight"),
        ({"4.weight": (1, 1)}, "are not those"),
        ({"extra": (1,)}, "are not those"),
        ({"0.weight": (4,)}, "0.weight"),
        ({"0.weight": ()}, "0.weight"),
        ({"0.bias": (3,)}, "0.bias"),
        ({"0.bias": (4, 1)}, "0.bias"),
        ({"2.weight": (1, 5)}, "2.weight"),
        ({"2.bias": ()}, "2.bias"),
        ({"0.weight": (0, 1), "0.bias": (0,), "2.weight": (1, 0)}, "0.weight"),
    ],
)
def test_sizes_of_refuses_other_networks(
    change: dict[str, tuple[int, ...] | None], named: str
) -> None:
    """Missing, foreign or unfitting tensors are refused by name."""
    shapes = {name: shape for name, shape in (GOOD | change).items() if shape is not None}
    with pytest.raises(ValueError, match=named):
        sizes_of(shapes)


def test_sizes_of_refuses_nothing_and_newlines() -> None:
    """No tensors at all is refused; a tensor's name cannot break the message's one line."""
    assert sizes_of(GOOD) == [1, 4, 1]
    with pytest.raises(ValueError, match="none"):
        sizes_of({})
    with pytest.raises(ValueError, match="expected") as caught:
        sizes_of({"a\nb": (1,)})
    assert "\n" not in str(caught.value)
