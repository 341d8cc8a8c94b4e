"""What a workspace begins with, and how it ends."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer import resources
from explorer.core.base.errors import UserError
from explorer.core.files.checkpoint import load
from explorer.core.jobs import competitor
from explorer.core.training.loop import start
from explorer.state import competitors as state_competitors
from explorer.state import training_session as session_module
from explorer.state.workspace import Workspace
from tests.shipped import PRESENT
from tests.state.runs import thetas
from tests.trainers import SMALL


def test_it_starts_with_the_shipped_networks(workspace: Workspace) -> None:
    """MAML and its baseline from the program's own files, and an untrained network."""
    shown = thetas(workspace)
    assert set(workspace.sandbox.competitors.by_role) == set(PRESENT)
    for role, name in (
        ("maml", resources.MAML_CHECKPOINT),
        ("pretrained", resources.PRETRAINED_CHECKPOINT),
    ):
        assert torch.equal(shown[role], load(resources.resource(name)).start.theta)
    assert workspace.sandbox.state.source == "shipped"
    assert list(workspace.sources) == ["shipped", "training"]


def test_a_missing_file_of_the_program_is_said(
    qapp: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A broken installation ends in one sentence, before any thread has started."""
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path,))
    with pytest.raises(UserError, match="install the program again"):
        Workspace(SMALL)


def test_nothing_waits_for_the_engine(
    qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resets, sources and points before it is there need neither a run nor weights; then all do."""
    needed: list[str] = []

    def noted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            needed.append(function.__name__)
            return function(*arguments)

        return call

    for module, name in (
        (session_module, "start"),
        (state_competitors, "load"),
        (competitor, "initialise"),
    ):
        monkeypatch.setattr(module, name, noted(getattr(module, name)))
    workspace = Workspace(SMALL)
    workspace.session.reset(replace(SMALL, seed=9))
    workspace.choose_source("training")
    workspace.choose_source("shipped")
    workspace.set_follow(True)
    workspace.sandbox.add_point(1.0, 0.0)
    assert needed == []
    workspace.start()
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    assert sorted(set(needed)) == ["start"]
    workspace.sandbox.update(shown=frozenset({"maml", "random"}))
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    assert sorted(set(needed)) == ["initialise", "start"]
    theta = start(replace(SMALL, seed=9)).learners["maml"].meta
    assert torch.equal(thetas(workspace)["maml"], theta)
    workspace.shut_down()


def test_choosing_a_file_before_one_is_open(workspace: Workspace) -> None:
    """There is nothing to show then, so the shipped networks stay."""
    workspace.choose_source("file")
    assert workspace.sandbox.state.source == "shipped"


def test_shutting_down_ends_all_threads(workspace: Workspace, qtbot: QtBot) -> None:
    """In the midst of training, with a film playing and an answer under way."""
    workspace.session.reset(replace(SMALL, iterations=1_000_000))
    workspace.session.start()
    workspace.player.toggle()
    qtbot.waitUntil(lambda: workspace.session.run.iteration > 0)
    workspace.sandbox.update(steps=100)
    trainer, answerer = workspace.session._worker, workspace.sandbox._worker
    workspace.shut_down()
    assert trainer is not None
    assert trainer.isFinished()
    assert answerer.isFinished()
    assert not workspace.player.is_playing
