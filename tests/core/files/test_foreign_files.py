"""Files of others: anybody's networks open, and what is no such network is refused."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import load
from explorer.core.network.derivatives import predict
from explorer.core.network.mlp import make_network
from tests.core.files.checkpoints import refused


def foreign_net(*hidden: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    sizes = [1, *hidden]
    for inputs, outputs in zip(sizes, hidden, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 1))


def write_foreign(path: Path, change: Callable[[dict[str, Tensor]], None]) -> Path:
    """A file of somebody else's six tensors, changed."""
    state = dict(foreign_net(4, 5).state_dict())
    change(state)
    safetensors_torch.save_file(state, path)
    return path


@pytest.mark.parametrize("hidden", [(40, 40), (3,), (7, 8, 9, 10)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_plain_pytorch_files_open(
    tmp_path: Path, hidden: tuple[int, ...], dtype: torch.dtype
) -> None:
    """A state dict alone opens, at any width, depth and precision, and predicts the same."""
    net = foreign_net(*hidden)
    path = tmp_path / "from elsewhere.safetensors"
    safetensors_torch.save_file({k: v.to(dtype) for k, v in net.state_dict().items()}, path)
    found = load(path)
    assert found.start.network == make_network(hidden)
    assert (found.learner, found.iteration, found.run) == ("", None, None)
    assert found.settings == Settings(hidden=hidden)
    assert found.provenance == {}
    assert found.label == "from elsewhere"
    assert list(found.starting_points()) == [""]
    assert found.start.theta.dtype == torch.float32
    x = torch.linspace(-5, 5, 30).unsqueeze(1)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-5, torch.float16: 1e-2}.get(dtype, 0.1)
    with torch.no_grad():
        torch.testing.assert_close(
            predict(found.start.theta, x.unsqueeze(0), found.start.network)[0],
            net(x),
            rtol=tolerance,
            atol=tolerance,
        )


def test_other_metadata_is_no_obstacle(tmp_path: Path) -> None:
    """Metadata of another program is not mistaken for ours."""
    path = tmp_path / "net.safetensors"
    safetensors_torch.save_file(dict(foreign_net(4).state_dict()), path, {"format": "pt"})
    assert load(path).learner == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_not_finite(tmp_path: Path, value: float) -> None:
    """NaN or infinite weights, were it only one."""

    def spoil(state: dict[str, Tensor]) -> None:
        state["2.weight"][1, 2] = value

    path = write_foreign(tmp_path / "net.safetensors", spoil)
    assert "not finite" in refused(path)


def test_weights_that_overflow_float32(tmp_path: Path) -> None:
    """Float64 weights that only float64 can hold."""

    def spoil(state: dict[str, Tensor]) -> None:
        state["0.bias"] = torch.full((4,), 1e300, dtype=torch.float64)

    assert "not finite" in refused(write_foreign(tmp_path / "net.safetensors", spoil))


def missing_bias(state: dict[str, Tensor]) -> None:
    del state["2.bias"]


def wrong_shape(state: dict[str, Tensor]) -> None:
    state["2.weight"] = torch.zeros(5, 3)


def transposed(state: dict[str, Tensor]) -> None:
    state["2.weight"] = state["2.weight"].T.contiguous()


def two_inputs(state: dict[str, Tensor]) -> None:
    state["0.weight"] = torch.zeros(4, 2)


def two_outputs(state: dict[str, Tensor]) -> None:
    state |= {"4.weight": torch.zeros(2, 5), "4.bias": torch.zeros(2)}


def linear_only(state: dict[str, Tensor]) -> None:
    state.clear()
    state |= {"0.weight": torch.zeros(1, 1), "0.bias": torch.zeros(1)}


def scalars(state: dict[str, Tensor]) -> None:
    for name in state:
        state[name] = torch.zeros(())


def complex_numbers(state: dict[str, Tensor]) -> None:
    for name, value in state.items():
        state[name] = value * 1j


def newlines(state: dict[str, Tensor]) -> None:
    state["a\nb"] = torch.zeros(1)


def no_units(state: dict[str, Tensor]) -> None:
    state |= {
        "0.weight": torch.zeros(0, 1),
        "0.bias": torch.zeros(0),
        "2.weight": torch.zeros(5, 0),
    }


@pytest.mark.parametrize(
    "change",
    [
        missing_bias,
        wrong_shape,
        transposed,
        two_inputs,
        two_outputs,
        linear_only,
        scalars,
        complex_numbers,
        newlines,
        no_units,
        dict.clear,
    ],
)
def test_not_a_sine_network(tmp_path: Path, change: Callable[[dict[str, Tensor]], None]) -> None:
    """Intact safetensors files of something else."""
    path = write_foreign(tmp_path / "net.safetensors", change)
    assert "network" in refused(path)
