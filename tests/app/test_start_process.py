"""A process of its own: the window is there first, and the engine, compiled or not, comes after."""

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core.base.folders import cache_folder


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
