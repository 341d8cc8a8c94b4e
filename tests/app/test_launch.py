"""From the command line to a window, as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from safetensors.torch import save_file

from explorer import resources
from explorer.app import launch
from explorer.app.main_window import MainWindow
from explorer.core.base.folders import cache_folder
from explorer.core.base.random_streams import stream
from explorer.core.files.checkpoint import save
from explorer.core.network.mlp import initialise, make_network, to_state_dict
from explorer.core.training.loop import advance, start
from tests.trainers import SMALL
from tests.ui import png_colours

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


def run(
    folder: Path, *arguments: object, module: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The program with an environment of its own, its preferences in a folder of the test."""
    return subprocess.run(
        [sys.executable, *(["-m", "explorer"] if module else []), *map(str, arguments)],
        cwd=folder,
        env={
            "PYTHONPATH": str(Path(resources.__file__).parents[1]),
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(cache_folder().parent),  # the engine, compiled once for all
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str]) -> None:
    """One line on standard error, nothing else, and exit code 2."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("maml-explorer: error: ")
    assert done.stderr.count("\n") == 1


def test_a_picture_of_the_window(tmp_path: Path) -> None:
    """--screenshot opens a file, paints the window with it, saves the picture and ends quietly."""
    path, picture = tmp_path / "run.safetensors", tmp_path / "window.png"
    save(path, advance(start(SMALL), 20)[0], "maml")
    done = run(tmp_path, "--open", path, "--screenshot", picture, **OFFSCREEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert png_colours(picture) > 30


def test_without_a_display(tmp_path: Path) -> None:
    """One sentence that says what to do, in place of Qt's abort."""
    done = run(tmp_path)
    assert_refused(done)
    assert "xvfb-run" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only X11 has display numbers")
def test_with_a_display_that_cannot_be_reached(tmp_path: Path) -> None:
    """The same sentence, whether the server or the libraries to reach it are missing."""
    done = run(tmp_path, DISPLAY=":987")
    assert_refused(done)
    assert "xvfb-run" in done.stderr


def test_a_damaged_file_opens_no_window(tmp_path: Path) -> None:
    """--open says in one line what is wrong with the file."""
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(b"\x00" * 100)
    done = run(tmp_path, "--open", path, **OFFSCREEN)
    assert_refused(done)
    assert str(path) in done.stderr


def script(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Python of one's own around the program, offscreen, its preferences in the folder."""
    return run(folder, "-c", text, module=False, **OFFSCREEN)


def test_a_file_from_elsewhere_opens_with_its_notice(tmp_path: Path) -> None:
    """--open says about the file what File > Open would, once the window is there to say it."""
    network = make_network((40, 40), "relu")
    path = tmp_path / "foreign.safetensors"
    save_file(to_state_dict(initialise(network, stream(1, "elsewhere")), network), path)
    done = script(
        tmp_path,
        f"""
from pathlib import Path
from explorer.app import launch
from explorer.app.options import WindowOptions
when_painted = launch.when_painted
def told(window, then):
    def tell():
        print(window.notices.isVisible(), window.notices.text.text())
        then()
    when_painted(window, tell)
launch.when_painted = told
picture = Path({str(tmp_path / "window.png")!r})
raise SystemExit(launch.run_window(WindowOptions(open=Path({str(path)!r}), screenshot=picture)))
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("True foreign.safetensors holds weights only")


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Puts Python's own handling of Ctrl-C back in place."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, before)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # open until the process ends
def test_ctrl_c_closes_the_window(window: MainWindow, qtbot: QtBot, interrupts: None) -> None:
    """From the terminal the program ends as if its window had been closed."""
    launch._close_on_interrupt(window)
    signal.raise_signal(signal.SIGINT)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_an_unforeseen_error_reaches_the_user(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody caught is shown in the bar with details, and the window stays."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    launch._report_exceptions(window)
    try:
        _ = {}["missing"]
    except KeyError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert window.notices.isVisible()
    assert "KeyError" in window.notices.text.text()
    assert '_ = {}["missing"]' in window.notices.details.toPlainText()
    assert window.isVisible()
