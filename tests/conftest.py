"""What every test may rely on: no display needed, nothing left running, no warning unheard."""

import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported

import pyqtgraph as pg
import pytest
import torch
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.launch import make_application
from explorer.app.main_window import MainWindow
from explorer.core.engine import native
from explorer.core.engine.checking import CHECK
from explorer.core.engine.status import STATUS, SWITCH, State, Status
from explorer.core.experiment.settings import Settings
from explorer.state import workspace as workspace_module
from explorer.state.preferences import Preferences
from explorer.state.training_session import Trainer, TrainingSession, train_newest
from explorer.state.workspace import Workspace
from tests.leaks import Deaths, Watch
from tests.stages import EvaluationStage, InstrumentsStage, SandboxStage, TrainingStage
from tests.trainers import SMALL, GatedTrainer

MakeWorkspace = Callable[..., Workspace]
OpenWindow = Callable[..., MainWindow]
OpenTraining = Callable[..., TrainingStage]
# Milliseconds; shorter than `PATIENCE`, or a gate would open before anyone missed it.
WAIT = 40_000
_body_passed = pytest.StashKey[bool]()


def pytest_sessionstart() -> None:
    """Compile the engine before any test, which would wait for it in vain.

    Workers begin after the process that starts them has been here, and find it compiled.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's job in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for dtype in ("float32", "float64"):
        native.load(dtype)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a QApplication, so that ``-m "not gui"`` leaves it out."""
    for item in items:
        if "qapp" in getattr(item, "fixturenames", ()):
            item.add_marker("gui")
    gc.freeze()  # what is imported stays; the guard below need not look at it again


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: object) -> Iterator[None]:
    """Remember whether the test's body passed, for the guards below."""
    report: Any = yield
    if report.when == "call":
        item.stash[_body_passed] = report.passed
    return report


@pytest.fixture(scope="session")
def qapp_cls() -> Callable[[list[str]], QApplication]:
    """The application as the program sets it up, which also ends automatic collection."""
    pg.setConfigOption("mouseRateLimit", 0)  # or pyqtgraph would drop mouse moves that come fast
    return make_application


class PatientBot(QtBot):
    """Waits as long as a busy computer needs; what is awaited is mostly there at once."""

    def waitUntil(  # noqa: N802 - Qt's way of writing, as all below
        self, callback: Callable[[], bool | None], *, timeout: int = WAIT
    ) -> None:
        """Until the function returns without an error and not False."""
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = WAIT, **more: Any) -> Any:  # noqa: N802
        """Until the signal has come, in a `with` statement."""
        return super().waitSignal(signal, timeout=timeout, **more)

    def waitExposed(self, widget: QWidget, *, timeout: int = WAIT) -> Any:  # noqa: N802
        """Until the window is on the screen, in a `with` statement."""
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's, with more patience."""
    return PatientBot(request)


@pytest.fixture
def fresh_status(monkeypatch: pytest.MonkeyPatch) -> Status:
    """The engine's status as a new process finds it; what is loaded stays so."""
    monkeypatch.setattr(STATUS, "_state", State.NOT_LOADED)
    monkeypatch.setattr(STATUS, "_sentences", [])
    return STATUS


@pytest.fixture
def engine_off(fresh_status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything runs as ordinary Python."""
    monkeypatch.setenv(SWITCH, "off")


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first round of every program is run as ordinary Python too, and compared.

    With ``MAML_EXPLORER_CHECK=1`` in the environment all tests do so, and take half as long again.
    """
    monkeypatch.setenv(CHECK, "1")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """At these sizes a second thread costs more than it brings."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def no_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A warning in the log is a failure."""
    yield
    loud = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.WARNING]
    if loud and request.node.stash.get(_body_passed, False):
        pytest.fail(f"logged: {loud}")


@pytest.fixture(scope="session")
def deaths() -> Deaths:
    """Knows the Qt objects that die outside of the GUI thread."""
    return Deaths()


@pytest.fixture(autouse=True)
def no_leak(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, deaths: Deaths
) -> Iterator[None]:
    """Threads, timers and windows end with the test that began them, Qt objects in their thread.

    Only if the test's body passed: a failing one may leave things behind.
    """
    if "qapp" not in request.fixturenames:
        yield
        gc.collect(1)
        return
    request.getfixturevalue("qapp")
    watch = Watch(monkeypatch)
    yield
    leaks = watch.stop_leaks()
    if leaks and request.node.stash.get(_body_passed, False):
        pytest.fail("left behind: " + "; ".join(leaks))
    if elsewhere := deaths.take():
        pytest.fail("died outside of the GUI thread: " + "; ".join(elsewhere))


@pytest.fixture
def make_workspace(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> MakeWorkspace:
    """Makes workspaces with the trainer given."""

    def make(
        settings: Settings = SMALL, trainer: Trainer = train_newest, kept_run: Path | None = None
    ) -> Workspace:
        def session(
            settings: Settings, parent: Workspace, learners: Sequence[str]
        ) -> TrainingSession:
            return TrainingSession(settings, parent, trainer, learners)

        monkeypatch.setattr(workspace_module, "TrainingSession", session)
        return Workspace(settings, kept_run=kept_run)

    return make


@pytest.fixture
def closing(qtbot: QtBot) -> Iterator[list[QWidget]]:
    """Windows that are closed at the end."""
    windows: list[QWidget] = []
    yield windows
    with qtbot.captureExceptions() as errors:  # an error while closing would go unheard
        for window in windows:
            window.close()
            window.deleteLater()
    assert errors == []


@pytest.fixture
def open_window(
    qtbot: QtBot, tmp_path: Path, make_workspace: MakeWorkspace, closing: list[QWidget]
) -> OpenWindow:
    """Opens windows as the program does, over preferences of their own, closed at the end."""

    def open_one(
        settings: Settings = SMALL, trainer: Trainer = train_newest, kept_run: Path | None = None
    ) -> MainWindow:
        workspace = make_workspace(settings, trainer, kept_run)
        window = MainWindow(workspace, Preferences(tmp_path / "settings.ini"))
        closing.append(window)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        qtbot.waitUntil(lambda: window.workspace.sandbox.is_current and window.isActiveWindow())
        return window

    return open_one


@pytest.fixture
def window(open_window: OpenWindow) -> MainWindow:
    """The window with a small experiment, on which the first adaptation is done."""
    return open_window()


@pytest.fixture
def sandbox_stage(
    qtbot: QtBot, make_workspace: MakeWorkspace, closing: list[QWidget]
) -> SandboxStage:
    """The sandbox alone, with the first adaptation done."""
    closing.append(stage := SandboxStage(make_workspace()))
    stage.show_and_start(qtbot)
    return stage


@pytest.fixture
def evaluation_stage(
    qtbot: QtBot, make_workspace: MakeWorkspace, closing: list[QWidget]
) -> EvaluationStage:
    """The evaluation panel alone."""
    closing.append(stage := EvaluationStage(make_workspace()))
    stage.show_and_start(qtbot)
    return stage


@pytest.fixture
def instruments_stage(
    qtbot: QtBot, make_workspace: MakeWorkspace, closing: list[QWidget]
) -> InstrumentsStage:
    """The tab of instruments alone."""
    closing.append(stage := InstrumentsStage(make_workspace()))
    stage.show_and_start(qtbot)
    return stage


@pytest.fixture
def trainer() -> Iterator[GatedTrainer]:
    """A trainer that waits at gates, all of them open at the end."""
    trainer = GatedTrainer()
    yield trainer
    trainer.open_all()


@pytest.fixture
def open_training(
    qtbot: QtBot, make_workspace: MakeWorkspace, closing: list[QWidget]
) -> OpenTraining:
    """Opens training panels alone, each over a run with the settings and the trainer given."""

    def open_one(settings: Settings = SMALL, trainer: Trainer = train_newest) -> TrainingStage:
        closing.append(stage := TrainingStage(make_workspace(settings, trainer)))
        stage.show_and_start(qtbot)
        return stage

    return open_one


@pytest.fixture
def training_stage(open_training: OpenTraining) -> TrainingStage:
    """The training panel alone, with a small experiment."""
    return open_training()
