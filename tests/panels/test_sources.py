"""Whose networks the sandbox shows: the shipped ones, those in training and those of a file."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from safetensors.torch import save_file

from explorer import resources
from explorer.app.main_window import MainWindow
from explorer.core.base.random_streams import stream
from explorer.core.network.mlp import initialise, make_network, to_state_dict
from explorer.state.competitors import ROLES
from explorer.state.training_session import Phase
from tests.shipped import PRESENT, SHIPPED
from tests.stages import SandboxStage
from tests.trainers import SMALL
from tests.ui import RIGHT, assert_adapted, click, click_plot, pick, press, read_number


def test_sources(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The list switches between the shipped networks and those in training, as adapted curves."""
    controls, sandbox = sandbox_stage.sandbox.controls, sandbox_stage.workspace.sandbox
    pick(controls.source, "training")
    assert sandbox.state.source == "training"
    run = sandbox_stage.workspace.session.run
    assert torch.equal(sandbox.competitors.by_role["maml"].start.theta, run.learners["maml"].meta)
    assert_adapted(qtbot, sandbox_stage)
    pick(controls.source, "shipped")
    assert sandbox.state.source == "shipped"
    assert not torch.equal(
        sandbox.competitors.by_role["maml"].start.theta,
        sandbox.competitors.by_role["pretrained"].start.theta,
    )
    assert_adapted(qtbot, sandbox_stage)


def test_following_by_key_and_box(window: MainWindow, qtbot: QtBot) -> None:
    """F turns to the network in training; unticked, the sandbox holds what it shows."""
    controls, sandbox = window.sandbox.controls, window.workspace.sandbox
    assert not controls.follow.isChecked()
    press(window, "f")
    assert controls.follow.isChecked()
    assert controls.source.currentData() == "training"
    window.workspace.session.step()
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
    assert_adapted(qtbot, window)
    one = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(sandbox.competitors.by_role["maml"].start.theta, one)
    click(controls.follow)
    assert not controls.follow.isChecked()
    window.workspace.session.step()
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration == 2)
    assert torch.equal(sandbox.competitors.by_role["maml"].start.theta, one)
    assert_adapted(qtbot, window)
    press(window, "f")
    two = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(sandbox.competitors.by_role["maml"].start.theta, two)
    assert_adapted(qtbot, window)


def test_a_source_with_other_inputs_changes_the_axes(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """The plot spans the inputs and the largest amplitude that the networks were trained for."""
    sandbox_stage.workspace.session.reset(replace(SMALL, x=(-2.0, 2.0), amplitude=(5.0, 50.0)))
    sandbox_stage.workspace.sandbox.clear_points()
    pick(sandbox_stage.sandbox.controls.source, "training")
    assert_adapted(qtbot, sandbox_stage)
    (left, right), (bottom, top) = sandbox_stage.sandbox.fit.getPlotItem().getViewBox().viewRange()
    assert -2.5 < left <= -2
    assert 2 <= right < 2.5
    assert bottom < -50
    assert 50 < top < 100


def test_points_beyond_narrower_inputs_stay_in_view(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """Points set under wider inputs can still be seen, grabbed and removed."""
    sandbox = sandbox_stage.workspace.sandbox
    for x in (-4.5, 4.5):
        sandbox.add_point(x, 0.0)
    sandbox_stage.workspace.session.reset(replace(SMALL, x=(-1.0, 1.0)))
    pick(sandbox_stage.sandbox.controls.source, "training")
    assert_adapted(qtbot, sandbox_stage)
    (left, right), _ = sandbox_stage.sandbox.fit.getPlotItem().getViewBox().viewRange()
    assert left < -4.5
    assert right > 4.5
    point = sandbox.state.points[-1]
    count = len(sandbox.state.points)
    click_plot(sandbox_stage.sandbox.fit, point.x, point.y, RIGHT)
    assert len(sandbox.state.points) == count - 1
    assert point not in sandbox.state.points


@pytest.mark.parametrize(
    ("name", "filled"),
    [(resources.MAML_CHECKPOINT, "Pretrained"), (resources.PRETRAINED_CHECKPOINT, "MAML")],
)
def test_a_run_of_one_learner_is_compared_in_full(
    window: MainWindow, qtbot: QtBot, name: str, filled: str
) -> None:
    """Every row has numbers, for the file and in training, and the origin says whose they are."""
    controls, sandbox = window.sandbox.controls, window.workspace.sandbox
    assert window.workspace.open_checkpoint(resources.resource(name))
    for act in (lambda: None, lambda: press(window, "f")):
        act()
        assert_adapted(qtbot, window)
        numbers = window.sandbox.numbers
        assert [role for role in ROLES if not numbers.switches[role].isHidden()] == [*PRESENT]
        for role in ("maml", "pretrained"):
            for cell in (numbers.on_task[role], numbers.on_support[role]):
                assert math.isfinite(read_number(cell.text()))
        assert f"{filled} and {len(SHIPPED) - 2} others: as shipped" in sandbox.competitors.origin
        qtbot.waitUntil(lambda: sandbox.competitors.origin in window._origin.text())
    assert controls.source.currentData() == "training"


def test_how_many_points_training_had_is_said_where_it_is_known(
    sandbox_stage: SandboxStage, tmp_path: Path
) -> None:
    """Weights from elsewhere say nothing about K."""
    count = sandbox_stage.sandbox.controls.count
    assert "trained on K = 10" in count.text()
    network = make_network((40, 40), "relu")
    path = tmp_path / "foreign.safetensors"
    save_file(to_state_dict(initialise(network, stream(1, "elsewhere")), network), path)
    assert sandbox_stage.workspace.open_checkpoint(path)
    assert sandbox_stage.workspace.sandbox.state.source == "file"
    assert "points" in count.text()
    assert "trained with" not in count.text()
