"""The window opens without the engine, and loses nothing that is asked of it meanwhile."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from explorer.app.main_window import LOADING, MainWindow
from explorer.core.base.folders import cache_folder
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


def run(folder: Path, text: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python with an environment of its own around the program, after a common beginning."""
    return subprocess.run(
        [sys.executable, "-c", BEGIN + text],
        cwd=folder,
        env={
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "XDG_CACHE_HOME": str(cache or cache_folder().parent),  # compiled once for all
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


BEGIN = """
import os, sys, threading, time, traceback
from PySide6.QtTest import QTest
from explorer.app import launch
from explorer.app.main_window import LOADING, MainWindow
from explorer.app.options import WindowOptions
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace

windows = []
built = MainWindow.__init__
def build(window, *arguments):
    built(window, *arguments)
    windows.append(window)
MainWindow.__init__ = build

def loaded():
    names = list(sys.modules)  # a copy: another thread may be importing
    return [name for name in names if name.partition(".")[0] == "torch"]

class Held:  # who imports PyTorch, once begun, until told to go on
    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()
        sys.meta_path.insert(0, self)
    def find_spec(self, name, path=None, target=None):
        if name == "torch.nn":
            self.reached.set()
            assert self.go_on.wait(60)

def wait(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "nothing happens"
        QTest.qWait(1)

def give_up(*error):
    traceback.print_exception(*error)
    os._exit(1)

launch._report_exceptions = lambda window: setattr(sys, "excepthook", give_up)
"""


def test_the_window_is_painted_without_torch(tmp_path: Path) -> None:
    """Built, shown, painted and clicked on without the engine, which then answers the click."""
    done = run(
        tmp_path,
        """
from tests.ui import click_plot, curve_values
started = Workspace.start
def start(workspace):
    window = windows[0]
    fit = window.sandbox.fit
    wait(lambda: len(curve_values(fit.fits["maml"])) > 0)
    click_plot(fit, 2.0, 1.0)
    wait(lambda: len(fit.points) == 11)
    print("before:", loaded())
    started(workspace)
    wait(lambda: workspace.sandbox.is_current)
    print("after:", "torch" in loaded(), len(workspace.sandbox.answer.question.points))
    window.close()
Workspace.start = start
raise SystemExit(launch.run_window(WindowOptions()))
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "before: []\nafter: True 11\n"


def test_train_is_kept_while_the_engine_is_loaded(tmp_path: Path) -> None:
    """Both threads want the engine at once; one loads it, the other waits, and both go on."""
    done = run(
        tmp_path,
        """
started, engine = Workspace.start, Held()
def start(workspace):
    window, session = windows[0], workspace.session
    started(workspace)
    wait(engine.reached.is_set)
    window.training.train.click()
    print(window.training.train.text(), session.iteration, "torch.nn" in loaded())
    engine.go_on.set()
    wait(lambda: session.iteration > 0 and workspace.sandbox.is_current)
    window.training.train.click()
    wait(lambda: session.phase is Phase.PAUSED)
    print(window.notices.isVisible())
    window.close()
Workspace.start = start
raise SystemExit(launch.run_window(WindowOptions(preset="quick")))
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Pause 0 False\nFalse\n"


def test_the_first_start_does_not_wait_for_the_compiler(tmp_path: Path) -> None:
    """A click is answered, training begins and pauses, and the window closes, all meanwhile."""
    done = run(
        tmp_path,
        """
import atexit
compilers = []
atexit.register(lambda: print(compilers[0].wait(10) != 0))  # before the program's own
from explorer.core.engine import STATUS, native
from tests.ui import click_plot
started = Workspace.start
def start(workspace):
    window, session = windows[0], workspace.session
    started(workspace)
    click_plot(window.sandbox.fit, 2.0, 1.0)
    window.training.train.click()
    wait(lambda: workspace.sandbox.is_current and session.iteration > 0)
    print(STATUS.state.value, len(workspace.sandbox.answer.question.points))
    window.training.train.click()
    wait(lambda: session.phase is Phase.PAUSED)
    print(STATUS.state.value, len(native._compilers))
    compilers.extend(native._compilers)
    window.close()
Workspace.start = start
raise SystemExit(launch.run_window(WindowOptions(preset="quick")))
""",
        cache=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "compiling 11\ncompiling 1\nTrue\n"


@pytest.mark.parametrize("early", ["", "window.training.train.click()"])
def test_closing_while_the_engine_is_loaded(tmp_path: Path, early: str) -> None:
    """The window goes at once and the process ends quietly, also with training asked for."""
    done = run(
        tmp_path,
        f"""
started, engine = Workspace.start, Held()
def start(workspace):
    window = windows[0]
    started(workspace)
    {early}
    wait(engine.reached.is_set)
    engine.go_on.set()  # closing waits for who is in the midst of it
    window.close()
    print("closed")
Workspace.start = start
raise SystemExit(launch.run_window(WindowOptions()))
""",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_an_engine_that_cannot_be_loaded_is_said(tmp_path: Path) -> None:
    """One sentence in the window, which stays; training says the same."""
    done = run(
        tmp_path,
        """
sys.modules["torch"] = None
started = Workspace.start
def start(workspace):
    window, notices = windows[0], windows[0].notices
    started(workspace)
    wait(notices.isVisible)
    print(notices.text.text())
    print(notices.show_details.isVisible(), window.isVisible())
    notices.hide()
    window.training.train.click()
    wait(notices.isVisible)
    print(notices.text.text())
    print(workspace.session.phase.value)
    window.close()
Workspace.start = start
raise SystemExit(launch.run_window(WindowOptions()))
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    sentence, state, again, phase = done.stdout.splitlines()
    assert sentence.startswith("PyTorch cannot be loaded (")
    assert sentence.endswith("): install the program again.")
    assert state == "False True"
    assert again == sentence
    assert phase == "Stopped"
