"""Opening and saving files, and what cannot be opened or saved."""

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from pytestqt.qtbot import QtBot

from explorer import resources
from explorer.core.base.random_streams import stream
from explorer.core.files.checkpoint import load
from explorer.core.files.weights_alone import Declaration
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import initialise, make_network, to_state_dict
from explorer.core.training.loop import advance, start
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace
from tests.foreign import plain_net
from tests.shipped import PRESENT
from tests.state.runs import saved_run, thetas
from tests.trainers import SMALL


def weights_only(folder: Path, **changes: torch.Tensor) -> Path:
    """The six tensors of a two-layer network from elsewhere, as plain PyTorch saves them."""
    network = make_network((40, 40))
    state = to_state_dict(initialise(network, stream(1, "elsewhere")), network)
    path = folder / "foreign.safetensors"
    safetensors.torch.save_file({**state, **changes}, path)
    return path


def test_an_opened_run_goes_on_bit_for_bit(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """A file opened at iteration 20 ends where an uninterrupted run ends."""
    path, run = saved_run(tmp_path)
    assert workspace.open_checkpoint(path)
    assert told == []
    assert workspace.session.phase is Phase.PAUSED
    assert workspace.session.run.iteration == 20
    assert workspace.sandbox.state.source == "file"
    assert list(workspace.sources) == ["shipped", "training", "file"]
    assert torch.equal(thetas(workspace)["pretrained"], run.learners["pretrained"].meta)
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    whole = advance(start(replace(SMALL, seed=8)), SMALL.iterations)[0]
    for name, state in whole.learners.items():
        assert torch.equal(workspace.session.run.learners[name].meta, state.meta)
        assert torch.equal(workspace.session.run.learners[name].second_moment, state.second_moment)


def test_opening_never_throws_training_away(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """With unsaved iterations the file's networks are shown, and a notice says what to do."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    path, run = saved_run(tmp_path)
    assert workspace.open_checkpoint(path)
    assert workspace.session.run.iteration == 1
    assert torch.equal(thetas(workspace)["maml"], run.learners["maml"].meta)
    assert len(told) == 1
    assert "Save or reset" in told[0][0]
    assert workspace.save_checkpoint(tmp_path / "mine.safetensors")
    assert workspace.open_checkpoint(path)
    assert workspace.session.run.iteration == 20


def test_weights_from_elsewhere_are_shown(
    workspace: Workspace, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """A plain PyTorch file plays MAML's part, beside the shipped baseline; nothing is resumed."""
    path = weights_only(tmp_path)
    assert workspace.open_checkpoint(path)
    competitors = workspace.sandbox.competitors
    assert competitors.by_role["maml"].label == "foreign"
    assert torch.equal(competitors.by_role["maml"].start.theta, load(path).start.theta)
    shipped = load(resources.resource(resources.PRETRAINED_CHECKPOINT))
    assert torch.equal(competitors.by_role["pretrained"].start.theta, shipped.start.theta)
    assert workspace.session.phase is Phase.READY
    assert len(told) == 1
    assert "weights only: shown in the sandbox as MAML" in told[0][0]
    assert "--learner and --activation" in told[0][0]


def test_weights_are_shown_as_whose_they_are_said_to_be(
    workspace: Workspace, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """PyTorch's own file plays the part that is declared, and the notice does not ask for more."""
    path = tmp_path / "net.pt"
    torch.save(plain_net(4, tanh=True).state_dict(), path)
    workspace.take(load(path, Declaration(("cavia",), {"activation": "tanh"})))
    cavia = workspace.sandbox.competitors.by_role["cavia"]
    assert cavia.settings is not None
    assert cavia.settings.value("context") == 3
    assert cavia.start.theta[-3:].tolist() == [0, 0, 0]
    assert "cavia" in workspace.sandbox.state.shown
    sentence = "net.pt holds weights only: shown in the sandbox as CAVIA, taking its hidden layers"
    assert told == [(f"{sentence} for tanh.", "")]


def _learner_untold(folder: Path) -> Path:
    path = folder / "net.pt"
    torch.save(plain_net(4).state_dict(), path)
    return path


def _missing(folder: Path) -> Path:
    return folder / "missing.safetensors"


def _directory(folder: Path) -> Path:
    return folder


def _not_safetensors(folder: Path) -> Path:
    path = folder / "letter.safetensors"
    path.write_bytes(b"Dear Sir or Madam, " * 50)
    return path


def _empty(folder: Path) -> Path:
    path = folder / "empty.safetensors"
    path.touch()
    return path


def _truncated(folder: Path) -> Path:
    path, _ = saved_run(folder)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def _damaged_state(folder: Path) -> Path:
    path, _ = saved_run(folder)
    content = bytearray(path.read_bytes())
    at = content.index(b"maml-explorer-resume") + 200
    content[at : at + 4] = b"!!!!"
    path.write_bytes(content)
    return path


def _not_finite(folder: Path) -> Path:
    return weights_only(folder, **{"2.bias": torch.full((40,), float("nan"))})


def _wrong_shape(folder: Path) -> Path:
    return weights_only(folder, **{"2.weight": torch.zeros(40, 39)})


def _other_names(folder: Path) -> Path:
    path = folder / "other.safetensors"
    safetensors.torch.save_file({"conv.weight": torch.zeros(3, 3)}, path)
    return path


@pytest.mark.parametrize(
    "make",
    [
        _learner_untold,
        _missing,
        _directory,
        _not_safetensors,
        _empty,
        _truncated,
        _damaged_state,
        _not_finite,
        _wrong_shape,
        _other_names,
    ],
)
def test_what_cannot_be_opened_changes_nothing(
    workspace: Workspace, tmp_path: Path, told: list[tuple[str, str]], make: object
) -> None:
    """One notice of one sentence that names the file; sandbox and training stay as they are."""
    competitors, run, sources = (
        workspace.sandbox.competitors,
        workspace.session.run,
        workspace.sources,
    )
    path = make(tmp_path)  # type: ignore[operator]
    assert not workspace.open_checkpoint(path)
    assert len(told) == 1
    sentence, details = told[0]
    assert str(path) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert details == ""
    assert workspace.sandbox.competitors is competitors
    assert workspace.session.run is run
    assert workspace.sources == sources


def test_saving_and_opening_round_trip(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """What is saved half-way goes on to the same end as what was not saved."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    assert workspace.has_unsaved_training
    path = tmp_path / "saved.safetensors"
    assert workspace.save_checkpoint(path)
    assert not workspace.has_unsaved_training
    workspace.session.reset(SMALL)
    assert workspace.open_checkpoint(path)
    assert told == []
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    whole = advance(start(SMALL), SMALL.iterations)[0]
    assert torch.equal(workspace.session.run.learners["maml"].meta, whole.learners["maml"].meta)


@pytest.mark.parametrize("place", ["missing/folder/a.safetensors", "."])
def test_saving_to_an_impossible_place_is_said(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]], place: str
) -> None:
    """The notice names the place, and the run still counts as unsaved."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    assert not workspace.save_checkpoint(tmp_path / place)
    assert len(told) == 1
    assert str(tmp_path) in told[0][0]
    assert "another place" in told[0][0]
    assert told[0][1] == ""
    assert workspace.has_unsaved_training
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "own", "other"),
    [
        (resources.MAML_CHECKPOINT, "maml", "pretrained"),
        (resources.PRETRAINED_CHECKPOINT, "pretrained", "maml"),
    ],
)
def test_a_run_of_one_learner_is_completed(
    workspace: Workspace, name: str, own: str, other: str
) -> None:
    """As a file and in training: roles it lacks are filled as shipped, and the origin says so."""
    path = resources.resource(name)
    assert list(load(path).starting_points()) == [own]
    assert workspace.open_checkpoint(path)
    shipped = {
        role: load(resources.resource(f"{role}-10shot.safetensors")).start.theta
        for role in (own, other)
    }
    for source in ("file", "training"):
        workspace.choose_source(source)
        assert set(workspace.sandbox.competitors.by_role) == set(PRESENT)
        for role, theta in shipped.items():
            assert torch.equal(thetas(workspace)[role], theta)
        label = LEARNERS[other].label
        origin = workspace.sandbox.competitors.origin
        assert f"({label} and " in origin
        assert origin.endswith(": as shipped)")
