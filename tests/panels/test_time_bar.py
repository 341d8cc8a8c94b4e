"""The slider through training: by mouse and keys, as a film, and when there is no past."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.files.checkpoint import save
from explorer.core.learners import LEARNERS
from explorer.core.training.ladder import EMPTY
from explorer.core.training.loop import advance, start
from explorer.panels.training.time_bar import NO_PAST, NOTHING_YET, TimeBar
from explorer.state.training_session import Phase, train_newest
from tests.conftest import OpenTraining, OpenWindow
from tests.panels.training import Key, finish, phase
from tests.stages import TrainingStage
from tests.state.runs import thetas
from tests.trainers import SMALL, GatedTrainer
from tests.ui import click, press

LEFT = Qt.MouseButton.LeftButton


def drag(bar: TimeBar, share: float) -> None:
    """Take the slider's handle at the right end and move it to a share of its way."""
    slider = bar.slider
    middle = slider.height() // 2
    QTest.mousePress(slider, LEFT, pos=QPoint(slider.width() - 6, middle))
    QTest.mouseMove(slider, QPoint(round(slider.width() * share), middle))
    QTest.mouseRelease(slider, LEFT, pos=QPoint(round(slider.width() * share), middle))


def assert_at(qtbot: QtBot, stage: TrainingStage | MainWindow, iterations: int) -> None:
    """The sandbox has the networks of a run stopped there, and bar and plot say so."""
    bar, plot = stage.training.time_bar, stage.training.meta_loss
    run = advance(start(SMALL), iterations)[0] if iterations else start(SMALL)
    for name, state in run.learners.items():
        assert torch.equal(thetas(stage.workspace)[name], state.meta)
    newest = iterations == stage.workspace.session.iteration
    word = "Newest:" if newest else "Iteration"
    assert bar.shown.text() == bar.slider.accessibleDescription() == f"{word} {iterations}"
    assert stage.workspace.travel.moments[bar.slider.value()] == iterations
    line = None if newest else iterations
    qtbot.waitUntil(lambda: (plot.moment.value() if plot.moment.isVisible() else None) == line)


def test_there_is_nothing_at_first(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """A sentence in place of the slider; with the first iteration there is a past."""
    bar = training_stage.training.time_bar
    assert bar.reason.text() == NOTHING_YET
    assert bar.reason.isVisible()
    assert not bar.slider.isVisible()
    assert not bar.play.isEnabled()
    assert not training_stage.training.meta_loss.moment.isVisible()
    click(training_stage.training.step)
    qtbot.waitUntil(lambda: phase(training_stage) is Phase.PAUSED)
    qtbot.waitUntil(lambda: bar.slider.maximum() == 1)
    assert bar.slider.isVisible()
    assert not bar.reason.isVisible()
    assert bar.play.isEnabled()


def test_the_handle_goes_back(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """Dragged to the left into the past, and to the right end back to the newest."""
    finish(training_stage, qtbot)
    bar, travel = training_stage.training.time_bar, training_stage.workspace.travel
    qtbot.waitUntil(lambda: bar.shown.text() == "Newest: 60")
    drag(bar, 0.5)
    assert 0 < travel.place < len(travel.moments) - 1
    assert_at(qtbot, training_stage, travel.moments[travel.place])
    bar.slider.setFocus()
    press(bar.slider, Key.Key_End)
    assert_at(qtbot, training_stage, 60)
    assert training_stage.workspace.sandbox.state.follow


def test_keys_go_to_neighbours(window: MainWindow, qtbot: QtBot) -> None:
    """One moment, ten, and the ends; the sandbox's gradient step stays where it is."""
    finish(window, qtbot)
    bar, step = window.training.time_bar, window.workspace.sandbox.state.step
    qtbot.waitUntil(lambda: bar.slider.isEnabled() and bar.slider.maximum() == 29)
    bar.slider.setFocus()
    for key, iteration in (
        (Key.Key_Left, 55),
        (Key.Key_Left, 51),
        (Key.Key_Right, 55),
        (Key.Key_PageDown, 23),
        (Key.Key_Home, 0),
        (Key.Key_Left, 0),
        (Key.Key_Right, 1),
        (Key.Key_End, 60),
    ):
        press(window, key)
        assert_at(qtbot, window, iteration)
    assert window.workspace.sandbox.state.step == step


def test_the_status_line_says_where_it_is(window: MainWindow, qtbot: QtBot) -> None:
    """And *Follow training* is off in the past, and brings the newest back."""
    finish(window, qtbot)
    bar, follow = window.training.time_bar, window.sandbox.controls.follow
    qtbot.waitUntil(lambda: bar.slider.maximum() == 29)
    bar.slider.setFocus()
    press(window, Key.Key_Home)
    qtbot.waitUntil(lambda: "in training, back at iteration 0" in window._origin.text())
    assert not follow.isChecked()
    assert window.sandbox.controls.source.currentData() == "training"
    click(follow)
    assert follow.isChecked()
    assert_at(qtbot, window, 60)
    qtbot.waitUntil(lambda: "in training, iteration 60" in window._origin.text())


def test_the_film(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """Play, stop, play on; at the end it stops by itself, and the line is gone."""
    finish(training_stage, qtbot)
    bar, travel = training_stage.training.time_bar, training_stage.workspace.travel
    plot = training_stage.training.meta_loss
    qtbot.waitUntil(lambda: bar.slider.maximum() == 29)
    travel.set_pace(100)
    click(bar.play)
    assert bar.play.text() == "Stop"
    qtbot.waitUntil(lambda: bar.slider.value() >= 4)
    click(bar.play)
    assert bar.play.text() == "Play"
    place = bar.slider.value()
    assert 4 <= place < 29
    assert_at(qtbot, training_stage, travel.moments[place])
    click(bar.play)
    assert bar.slider.value() == place
    qtbot.waitUntil(lambda: bar.play.text() == "Play")
    assert_at(qtbot, training_stage, 60)
    assert not plot.moment.isVisible()


def test_the_slider_grows_beside_training(open_training: OpenTraining, qtbot: QtBot) -> None:
    """At the right end it stays there; in the past it stays at its iteration."""
    gated = GatedTrainer(train_newest)
    stage = open_training(trainer=gated.train)
    bar, session = stage.training.time_bar, stage.workspace.session
    session.start()
    gated.open(3)
    qtbot.waitUntil(lambda: session.iteration == 3)
    qtbot.waitUntil(lambda: (bar.slider.value(), bar.slider.maximum()) == (3, 3))
    bar.slider.setFocus()
    press(bar.slider, Key.Key_Left)
    assert_at(qtbot, stage, 2)
    gated.open(2)
    qtbot.waitUntil(lambda: bar.slider.maximum() == 5)
    assert_at(qtbot, stage, 2)
    gated.open_all()
    session.pause()
    qtbot.waitUntil(lambda: not session.is_training)


def test_a_file_without_a_past(training_stage: TrainingStage, qtbot: QtBot, tmp_path: Path) -> None:
    """Says so, and has one once training goes on."""
    run = replace(advance(start(SMALL), 20)[0], ladder=EMPTY)
    save(tmp_path / "old.safetensors", run, "maml")
    assert training_stage.workspace.open_checkpoint(tmp_path / "old.safetensors")
    bar = training_stage.training.time_bar
    qtbot.waitUntil(lambda: bar.reason.text() == NO_PAST)
    assert not bar.slider.isVisible()
    assert not bar.play.isEnabled()
    finish(training_stage, qtbot)
    qtbot.waitUntil(bar.slider.isVisible)
    assert training_stage.workspace.travel.moments[0] == 21


@pytest.mark.parametrize("learners", [("maml", "pretrained"), tuple(LEARNERS)])
def test_it_has_room(open_window: OpenWindow, qtbot: QtBot, learners: tuple[str, ...]) -> None:
    """In the window as it opens nothing is pushed out or squeezed, with all learners too."""
    window = open_window()
    window.workspace.session.reset(SMALL, learners)
    assert window.size().toTuple() == (1280, 800)
    panel = window.training
    qtbot.waitUntil(lambda: panel.time_bar.height() >= panel.time_bar.sizeHint().height())
    assert window.minimumSizeHint().height() <= 800
    assert window.size().toTuple() == (1280, 800)
    for part in (panel.time_bar, panel.held_out, panel.meta_loss, panel.caption, panel.legend):
        assert part.height() >= part.minimumSizeHint().height()
        bottom = part.mapTo(window, QPoint(0, part.height())).y()
        assert bottom <= window.height() - window.statusBar().height()
    assert min(panel.held_out.height(), panel.meta_loss.height()) >= 110
