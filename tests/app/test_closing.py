"""Closing the window: nothing goes on afterwards, and nothing late is drawn."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from tests.conftest import OpenWindow
from tests.trainers import LONG, GatedTrainer
from tests.ui import click, click_plot, press

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


def assert_closed(window: MainWindow, qtbot: QtBot) -> None:
    """The window closes, and nothing of it goes on in the background."""
    session, sandbox = window.workspace.session, window.workspace.sandbox
    workers = [session._worker, *session._retired, sandbox._worker]
    window.close()
    assert not window.isVisible()
    assert all(worker.isFinished() for worker in workers if worker is not None)
    assert not window.workspace.player.is_playing
    qtbot.waitUntil(lambda: not session._retired)


def test_closing_while_training(open_window: OpenWindow, qtbot: QtBot) -> None:
    """Flat out, following, with a film playing and an answer under way."""
    window = open_window(LONG)
    press(window, "f")
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration > 0)
    press(window, Key.Key_Space)
    window.workspace.sandbox.update(steps=100)
    click_plot(window.sandbox.fit, 1.0, 0.0)
    assert not window.workspace.sandbox.is_current
    assert_closed(window, qtbot)


def test_closing_right_after_a_reset(open_window: OpenWindow, qtbot: QtBot) -> None:
    """The worker of the run thrown away may still be at work then."""
    window = open_window(LONG)
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration > 0)
    click(window.training.reset)
    click(window.training.train)
    assert_closed(window, qtbot)


def test_quitting_by_key(window: MainWindow, qtbot: QtBot) -> None:
    """Ctrl+Q closes the window."""
    press(window, "q", modifier=CTRL)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_what_arrives_after_closing_is_not_drawn(
    open_window: OpenWindow, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """Messages that were on their way find a window that is closed, and leave it alone."""
    window = open_window(trainer=trainer.train)
    click(window.training.train)
    trainer.open(3)
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration == 3)
    heard = []
    window.workspace.session.progressed.connect(heard.append)
    trainer.open_all()
    window.close()
    QApplication.processEvents()
    assert heard == []
    assert window.workspace.session.run.iteration == 3
