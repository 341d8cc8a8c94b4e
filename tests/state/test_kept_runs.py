"""Runs given up unsaved, which the program keeps."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.core.files.checkpoint import load
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace
from tests.state.runs import saved_run
from tests.trainers import SMALL


@pytest.fixture
def kept(workspace: Workspace, tmp_path: Path) -> Path:
    """Where the workspace keeps unsaved runs; the folder is not there yet."""
    workspace.kept_run = tmp_path / "program" / "last-run.safetensors"
    return workspace.kept_run


def step(workspace: Workspace, qtbot: QtBot) -> None:
    """Do one meta-iteration."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)


def test_a_run_given_up_unsaved_is_kept(
    workspace: Workspace, qtbot: QtBot, kept: Path, told: list[tuple[str, str]]
) -> None:
    """A reset in the midst of training loses nothing, and a notice says where it went."""
    workspace.session.reset(replace(SMALL, iterations=1_000_000))
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.run.iteration > 0)
    given_up = workspace.session.run
    workspace.session.reset(SMALL)
    run = load(kept).run
    assert run is not None
    assert (run.iteration, run.settings) == (given_up.iteration, given_up.settings)
    for name, state in given_up.learners.items():
        assert torch.equal(run.learners[name].meta, state.meta)
    assert len(told) == 1
    assert "Reopen last run" in told[0][0]


def test_a_run_left_unsaved_is_kept(workspace: Workspace, qtbot: QtBot, kept: Path) -> None:
    """Closing keeps the last iteration that was done."""
    step(workspace, qtbot)
    step(workspace, qtbot)
    workspace.shut_down()
    assert load(kept).iteration == 2


def test_what_is_saved_or_untouched_is_not_kept(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, kept: Path, told: list[tuple[str, str]]
) -> None:
    """There is nothing to lose: new runs, saved ones, and opened ones not trained on."""
    workspace.session.reset(replace(SMALL, shots=5))
    step(workspace, qtbot)
    assert workspace.save_checkpoint(tmp_path / "mine.safetensors")
    workspace.session.reset(SMALL)
    assert workspace.open_checkpoint(saved_run(tmp_path)[0])
    workspace.session.reset(SMALL)
    workspace.shut_down()
    assert told == []
    assert not kept.parent.exists()


def test_without_a_place_nothing_is_kept(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """A workspace that was given none lets the run go without a word."""
    step(workspace, qtbot)
    workspace.session.reset(SMALL)
    assert told == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blocked", ["program", "program/last-run.safetensors/inside"])
def test_a_run_that_cannot_be_kept_is_said(
    workspace: Workspace,
    qtbot: QtBot,
    tmp_path: Path,
    kept: Path,
    told: list[tuple[str, str]],
    blocked: str,
) -> None:
    """A file in place of the folder, or a folder in place of the file: reset and closing work."""
    in_the_way = tmp_path / blocked
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.touch()
    step(workspace, qtbot)
    workspace.session.reset(SMALL)
    assert len(told) == 1
    assert "Reopen last run" not in told[0][0]
    assert workspace.session.phase is Phase.READY
    step(workspace, qtbot)
    workspace.shut_down()
    assert len(told) == 2
    assert in_the_way.is_file()
