"""Checkpoints: plain PyTorch reads them, and everything in them comes back."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import torch as safetensors_torch
from torch import nn

import explorer
from explorer.core.files.checkpoint import DESCRIPTION_KEY, RESUME_KEY, load, save
from explorer.core.network.derivatives import predict
from explorer.core.network.mlp import make_network
from explorer.core.training.loop import Run, advance, start
from tests.core.families.toy import make_known
from tests.core.files.checkpoints import SETTINGS, contents


@pytest.mark.parametrize("learner", ["maml", "pretrained"])
def test_two_lines_load_it_into_plain_pytorch(tmp_path: Path, run: Run, learner: str) -> None:
    """A strict load_state_dict of load_file gives a net that predicts the same."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)

    net = nn.Sequential(nn.Linear(1, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1))
    net.load_state_dict(safetensors_torch.load_file(path), strict=True)

    x = torch.linspace(-5, 5, 60).unsqueeze(1)
    begin = run.starting_point(learner)
    expected = predict(begin.theta, x.unsqueeze(0), begin.network)[0]
    with torch.no_grad():
        torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("learner", ["maml", "pretrained"])
def test_everything_comes_back(tmp_path: Path, run: Run, learner: str) -> None:
    """Weights, settings, iteration, provenance and the whole run, bit for bit."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)
    found = load(path)
    assert (found.path, found.learner, found.iteration) == (path, learner, 12)
    assert found.settings == SETTINGS
    assert found.start.network == make_network(SETTINGS.hidden)
    assert torch.equal(found.start.theta, run.learners[learner].meta)
    assert found.label == {"maml": "MAML", "pretrained": "Pretrained"}[learner]
    assert explorer.__version__ in found.provenance["program"]
    assert {"made", "torch", "python", "platform"} <= set(found.provenance)
    starts = found.starting_points()
    assert next(iter(starts)) == learner
    assert set(starts) == {"maml", "pretrained"}
    for name, begin in starts.items():
        assert torch.equal(begin.theta, run.learners[name].meta)
    assert found.run is not None
    assert_same_run(found.run, run)


def assert_same_run(one: Run, other: Run) -> None:
    assert (one.settings, one.iteration) == (other.settings, other.iteration)
    assert list(one.learners) == list(other.learners)
    for name, state in one.learners.items():
        assert torch.equal(state.meta, other.learners[name].meta)
        assert torch.equal(state.first_moment, other.learners[name].first_moment)
        assert torch.equal(state.second_moment, other.learners[name].second_moment)
    assert torch.equal(one.task_stream, other.task_stream)
    assert torch.equal(one.noise_stream, other.noise_stream)


@pytest.mark.parametrize("learner", ["maml", "pretrained"])
@pytest.mark.parametrize("learners", [("maml", "pretrained"), None], ids=["both", "alone"])
def test_resumed_from_a_file_is_uninterrupted(
    tmp_path: Path, learner: str, learners: tuple[str, ...] | None
) -> None:
    """Save, load and go on: the same bits as never having stopped, noise included."""
    begin = start(SETTINGS, learners or (learner,))
    whole, _ = advance(begin, 25)
    half, _ = advance(begin, 11)
    path = tmp_path / "half.safetensors"
    save(path, half, learner)
    resumed = load(path).run
    assert resumed is not None
    assert_same_run(advance(resumed, 14)[0], whole)


def test_a_file_without_training_state_opens(saved: Path) -> None:
    """The weights and their description are enough to explore."""
    tensors, metadata = contents(saved)
    del metadata[RESUME_KEY]
    safetensors_torch.save_file(tensors, saved, metadata)
    found = load(saved)
    assert found.run is None
    assert (found.learner, found.iteration, found.settings) == ("maml", 12, SETTINGS)
    assert list(found.starting_points()) == ["maml"]


def test_older_descriptions_open(saved: Path) -> None:
    """Without provenance, and with settings of other versions, a file is still ours."""
    tensors, metadata = contents(saved)
    description = json.loads(metadata[DESCRIPTION_KEY])
    del description["provenance"]
    description["settings"]["momentum"] = 0.9
    description["mood"] = "fine"
    metadata[DESCRIPTION_KEY] = json.dumps(description)
    safetensors_torch.save_file(tensors, saved, metadata)
    found = load(saved)
    assert found.provenance == {}
    assert found.settings == SETTINGS


def test_files_without_a_family_are_of_sines(saved: Path) -> None:
    """So were all that were saved before there were others."""
    tensors, metadata = contents(saved)
    description = json.loads(metadata[DESCRIPTION_KEY])
    assert description["settings"].pop("family") == "sine"
    metadata[DESCRIPTION_KEY] = json.dumps(description)
    safetensors_torch.save_file(tensors, saved, metadata)
    assert load(saved).settings == SETTINGS


def test_a_run_on_another_family_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its ranges, and training goes on to the same bits."""
    make_known(monkeypatch)
    settings = SETTINGS.changed(family="steep", slope=(-1, 1), steepness=3, noise=0.2)
    begin = start(settings)
    half, whole = advance(begin, 4)[0], advance(begin, 9)[0]
    save(tmp_path / "steep", half, "maml")
    found = load(tmp_path / "steep")
    assert found.settings == settings
    assert found.run is not None
    assert_same_run(advance(found.run, 5)[0], whole)
