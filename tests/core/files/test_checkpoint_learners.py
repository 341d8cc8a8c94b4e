"""Checkpoints of every learner: what comes back, how training goes on, what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors import torch as safetensors_torch
from torch import nn

from explorer.core.adaptation.ridge_head import RidgeHead
from explorer.core.base.errors import CheckpointError
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import RESUME_KEY, load, save
from explorer.core.files.header import DESCRIPTION_KEY
from explorer.core.learners import LEARNERS
from explorer.core.network.derivatives import predict
from explorer.core.network.mlp import parameter_count
from explorer.core.training.loop import Run, advance, start

SETTINGS = Settings(
    hidden=(6, 5), shots=3, query=4, meta_batch=3, noise=0.2, seed=7, beta=0.01, context=3,
    networks=4, alpha=0.02, reptile_steps=2,
)  # fmt: skip
RATES = (
    "meta-sgd",
    "layer-rates",
    "step-rates",
    "meta-curvature",
    "ridge",
)  # learn more than weights
EACH = pytest.mark.parametrize("learner", LEARNERS)


@pytest.fixture(scope="module")
def run() -> Run:
    """All learners after a little training together."""
    return advance(start(SETTINGS, tuple(LEARNERS)), 6)[0]


def assert_same_start(one: Any, other: Any) -> None:
    assert one.network == other.network
    assert torch.equal(one.theta, other.theta)
    if isinstance(one, RidgeHead):
        assert (one.penalty, one.noise) == (other.penalty, other.noise)
        return
    assert one.sees_task == other.sees_task
    assert one.pull == other.pull
    for mine, theirs in zip(one.preconditioners, other.preconditioners, strict=True):
        assert type(mine) is type(theirs)
        assert all(torch.equal(*parts) for parts in zip(mine, theirs, strict=True))


def assert_same_run(one: Run, other: Run) -> None:
    assert (one.settings, one.iteration) == (other.settings, other.iteration)
    assert set(one.learners) == set(other.learners)
    assert torch.equal(one.task_stream, other.task_stream)
    assert torch.equal(one.noise_stream, other.noise_stream)
    for name, state in one.learners.items():
        for part in ("meta", "first_moment", "second_moment"):
            assert torch.equal(getattr(state, part), getattr(other.learners[name], part)), name


def contents(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(str(path), "pt") as file:
        return safetensors_torch.load_file(path), dict(file.metadata() or {})


@EACH
def test_everything_comes_back(tmp_path: Path, run: Run, learner: str) -> None:
    """Whichever learner the file shows, all of them and their starts return bit for bit."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)
    found = load(path)
    assert (found.learner, found.label) == (learner, LEARNERS[learner].label)
    assert found.run is not None
    assert_same_run(found.run, run)
    assert_same_start(found.start, run.starting_point(learner))
    starts = found.starting_points()
    assert next(iter(starts)) == learner
    assert set(starts) == set(LEARNERS)
    for name, begin in starts.items():
        assert_same_start(begin, run.starting_point(name))


@EACH
def test_resumed_from_a_file_is_uninterrupted(tmp_path: Path, learner: str) -> None:
    """Saved after 5 iterations and gone on with for 4, alone, it is where 9 lead, bit for bit.

    Learned step sizes included.
    """
    begin = start(SETTINGS, (learner,))
    save(tmp_path / "net", advance(begin, 5)[0], learner)
    found = load(tmp_path / "net").run
    assert found is not None
    resumed, straight = advance(found, 4)[0], advance(begin, 9)[0]
    assert_same_run(resumed, straight)
    if learner in RATES:
        learned = straight.learners[learner].meta[
            parameter_count(LEARNERS[learner].network(SETTINGS)) :
        ]
        begun = begin.learners[learner].meta[-len(learned) :]
        assert (learned != begun).float().mean() > 0.5  # some units are off, and theirs stays


@EACH
def test_two_lines_load_it_into_plain_pytorch(tmp_path: Path, run: Run, learner: str) -> None:
    """The tensors are the network's own, with as many inputs as it has."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)
    inputs = {"oracle": 3, "cavia": 1 + SETTINGS.value("context")}.get(learner, 1)

    layers = nn.Linear(inputs, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1)
    net = nn.Sequential(*layers)
    net.load_state_dict(safetensors_torch.load_file(path), strict=True)

    begin = run.starting_point(learner)
    x = torch.linspace(-5, 5, 20).unsqueeze(1)
    given = torch.cat([x, torch.zeros(20, inputs - 1)], 1)
    seen = x if learner == "cavia" else given  # the context before adaptation, 0, is in its θ
    expected = predict(begin.theta, seen.unsqueeze(0), begin.network)[0]
    with torch.no_grad():
        torch.testing.assert_close(net(given), expected)


@EACH
def test_a_file_that_need_not_resume(tmp_path: Path, run: Run, learner: str) -> None:
    """It holds the one learner alone and its start in full; step sizes stay with the weights."""
    whole, small = tmp_path / "whole", tmp_path / "small"
    save(whole, run, learner)
    save(small, run, learner, resumable=False)
    found = load(small)
    assert list(found.starting_points()) == [learner]
    assert_same_start(found.start, run.starting_point(learner))
    assert small.stat().st_size < whole.stat().st_size
    assert (found.run is not None) == (learner in RATES)
    if found.run is not None:
        kept = {learner: run.learners[learner]}
        assert_same_run(found.run, replace(run, learners=kept))


@EACH
def test_weights_alone(tmp_path: Path, run: Run, learner: str) -> None:
    """A file cut down to its weights opens, unless step sizes went with them: then a sentence."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)
    tensors, metadata = contents(path)
    del metadata[RESUME_KEY]
    safetensors_torch.save_file(tensors, path, metadata)
    if learner not in RATES:
        assert_same_start(load(path).start, run.starting_point(learner))
        return
    with pytest.raises(CheckpointError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert LEARNERS[learner].label in message
    assert "step sizes" in message
    assert message.endswith(".")
    assert "\n" not in message


@EACH
def test_a_network_of_another_learner_is_refused(tmp_path: Path, run: Run, learner: str) -> None:
    """Weights and settings have to fit, the number of inputs too."""
    path = tmp_path / "net.safetensors"
    save(path, run, "cavia" if learner != "cavia" else "maml")
    tensors, metadata = contents(path)
    description = json.loads(metadata[DESCRIPTION_KEY]) | {"learner": learner}
    changed = metadata | {DESCRIPTION_KEY: json.dumps(description)}
    safetensors_torch.save_file(tensors, path, changed)
    with pytest.raises(CheckpointError, match="inconsistent") as caught:
        load(path)
    assert "\n" not in str(caught.value)
