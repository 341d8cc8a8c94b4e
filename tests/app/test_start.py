"""The window opens without the engine, and loses nothing that is asked of it meanwhile."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from explorer.app.main_window import LOADING, MainWindow
from explorer.state.preferences import Preferences
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace
from tests.trainers import SMALL
from tests.ui import assert_adapted, click, click_plot, curve_values, press, read_number


@pytest.fixture
def held_back(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """The workspaces that asked for their engine, in vain."""
    asked: list[Workspace] = []

    def start(workspace: Workspace) -> None:
        asked.append(workspace)

    monkeypatch.setattr(Workspace, "start", start)
    return asked


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, held_back: list[Workspace]) -> MainWindow:
    """The window, painted, before its engine is there."""
    window = MainWindow(Workspace(SMALL), Preferences(tmp_path / "settings.ini"))
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    qtbot.waitUntil(lambda: held_back == [window.workspace])
    return window


def test_the_first_picture_is_whole(window: MainWindow, qtbot: QtBot) -> None:
    """Curves and numbers are there, and they are those that the engine then finds."""
    fit, numbers = window.sandbox.fit, window.sandbox.numbers
    qtbot.waitUntil(lambda: len(curve_values(fit.fits["maml"])) > 0)
    drawn = {role: curve_values(fit.fits[role]) for role in ("maml", "pretrained")}
    texts = {role: numbers.on_task[role].text() for role in drawn}
    title = numbers.title.text()
    assert all(read_number(text) > 0 for text in texts.values())
    window.workspace.sandbox.start()
    assert_adapted(qtbot, window)
    for role, values in drawn.items():
        np.testing.assert_allclose(values, curve_values(fit.fits[role]), rtol=1e-4, atol=1e-4)
    assert {role: numbers.on_task[role].text() for role in drawn} == texts
    assert numbers.title.text() == title


def test_clicks_are_kept(window: MainWindow, qtbot: QtBot) -> None:
    """A point appears at once, and its adaptation follows once the engine is there."""
    sandbox, fit = window.workspace.sandbox, window.sandbox.fit
    press(window, "c")
    click_plot(fit, 2.0, 1.0)
    click_plot(fit, -3.0, 1.0)
    assert [round(point.x) for point in sandbox.state.points] == [2, -3]
    qtbot.waitUntil(lambda: len(fit.points) == 2)
    assert not sandbox.is_current
    sandbox.start()
    assert_adapted(qtbot, window)
    assert [round(point.x) for point in sandbox.state.points] == [2, -3]


def test_the_status_line_says_what_is_waited_for(window: MainWindow, qtbot: QtBot) -> None:
    """Until the engine has answered; from then on it says which networks are shown."""

    def texts() -> list[str]:
        return [label.text() for label in window.statusBar().findChildren(QLabel)]

    assert LOADING in texts()
    window.workspace.sandbox.start()
    qtbot.waitUntil(lambda: any("shipped networks" in text for text in texts()))
    assert LOADING not in texts()


def test_training_does_not_wait_for_the_sandbox(window: MainWindow, qtbot: QtBot) -> None:
    """Train and Follow before the engine is there: the run ends, and the sandbox shows it."""
    session = window.workspace.session
    press(window, "f")
    click(window.training.train)
    assert session.phase is Phase.TRAINING
    window.workspace.sandbox.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert_adapted(qtbot, window)
    competitors = window.workspace.sandbox.competitors
    assert competitors.by_role["maml"].start.theta is session.run.learners["maml"].meta


def test_closing_before_the_engine_is_there(window: MainWindow, qtbot: QtBot) -> None:
    """With a question outstanding: the window goes, no thread stays, and none is begun later."""
    click_plot(window.sandbox.fit, 2.0, 1.0)
    window.close()
    assert not window.isVisible()
    window.workspace.sandbox.start()
    window.workspace.sandbox.shut_down()
    assert not window.workspace.sandbox.is_current
