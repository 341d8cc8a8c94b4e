"""The window without the engine, and before it is compiled: everything works, only slower."""

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from explorer.app.main_window import ENGINE, MainWindow
from explorer.core.base.errors import EngineError
from explorer.core.engine import native
from explorer.core.engine.status import State, Status
from explorer.core.jobs.step_grid import step_grid
from explorer.core.jobs.step_grid_request import StepGrid
from explorer.panels.evaluation.fields import competitor
from explorer.state.jobs import JobPhase
from explorer.state.training_session import Phase
from tests.conftest import OpenWindow
from tests.trainers import SMALL
from tests.ui import click, click_plot


@pytest.mark.usefixtures("engine_off")
def test_everything_works_without_the_engine(open_window: OpenWindow, qtbot: QtBot) -> None:
    """The sandbox answers, training ends, a comparison too; the window says why all is slow."""
    window = open_window()
    click_plot(window.sandbox.fit, 2.0, 1.0)
    sandbox = window.workspace.sandbox
    qtbot.waitUntil(lambda: sandbox.is_current)
    session = window.workspace.session
    click(window.training.train)
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert session.iteration == SMALL.iterations
    qtbot.waitUntil(lambda: ENGINE[State.OFF] in line_of(window))
    assert "MAML_EXPLORER_ENGINE=off" in window.notices.text.text()
    assert window.notices.isVisible()
    jobs, competitors = window.workspace.jobs, window.workspace.sandbox.competitors
    request = StepGrid((4,), 2, (0.01,), 4, 5, competitors.settings.family)
    number = jobs.add("Grid", lambda: step_grid(request, competitor(competitors, "maml")))
    qtbot.waitUntil(lambda: jobs.jobs[number].phase is JobPhase.DONE)


def line_of(window: MainWindow) -> str:
    """All that the status line says."""
    return " ".join(label.text() for label in window.statusBar().findChildren(QLabel))


@pytest.fixture
def compiler(
    fresh_status: Status, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> threading.Event:
    """The first start after an installation; the compiler ends, in vain, when it is told to."""
    ended = threading.Event()

    def build(_dtype: str) -> bytes:
        assert ended.wait(60)
        raise EngineError("The engine cannot be compiled (no numba): install the program again.")

    monkeypatch.setattr(native, "_functions", {})
    monkeypatch.setattr(native, "_builders", {})
    monkeypatch.setattr(native, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(native, "_built", build)
    return ended


def test_nothing_waits_for_the_compiler(
    compiler: threading.Event, open_window: OpenWindow, qtbot: QtBot
) -> None:
    """Clicks are answered and training ends meanwhile; the status line says what is being done."""
    window = open_window()
    click_plot(window.sandbox.fit, 2.0, 1.0)
    sandbox = window.workspace.sandbox
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    assert len(sandbox.answer.question.points) == len(sandbox.state.points)
    qtbot.waitUntil(lambda: ENGINE[State.COMPILING] in line_of(window))
    session = window.workspace.session
    click(window.training.train)
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert not window.notices.isVisible()
    compiler.set()
    qtbot.waitUntil(lambda: ENGINE[State.OFF] in line_of(window))
    assert "no numba" in window.notices.text.text()
    (builder,) = native._builders.values()
    builder.join()


def test_pause_interrupts_a_plain_chunk(
    compiler: threading.Event, open_window: OpenWindow, qtbot: QtBot
) -> None:
    """Between two iterations, and what is done by then goes on later."""
    window: MainWindow = open_window()
    session = window.workspace.session
    click(window.training.train)
    qtbot.waitUntil(lambda: session.iteration > 0)
    click(window.training.train)
    qtbot.waitUntil(lambda: not session.is_training)
    click(window.training.train)
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    compiler.set()
