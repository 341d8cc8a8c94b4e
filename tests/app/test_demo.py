"""The demonstration that plays by itself."""

from collections.abc import Iterator
from itertools import groupby, repeat

import pytest
from PySide6.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot

from explorer.app.demo import POINTS, Demo
from explorer.app.main_window import MainWindow
from tests.ui import assert_adapted, press

HOUR = 3_600_000  # milliseconds


@pytest.fixture
def demo(window: MainWindow) -> Iterator[Demo]:
    """A demonstration in a hurry."""
    demo = Demo(window.workspace, 0, window)
    demo._scene = (0 for _ in demo._scene)
    yield demo
    demo.stop()


def start(demo: Demo) -> None:
    """Begin without the first second's wait."""
    demo.start()
    for timer in demo.findChildren(QTimer):
        timer.setInterval(0)


def test_it_places_points_and_plays_the_steps(demo: Demo, window: MainWindow, qtbot: QtBot) -> None:
    """One point after another on a new sine, then every gradient step, and then another sine."""
    sandbox = window.workspace.sandbox
    seen = []
    sandbox.changed.connect(lambda: seen.append((len(sandbox.state.points), sandbox.state.step)))
    sines = {sandbox.state.task[0]}
    sandbox.changed.connect(lambda: sines.add(sandbox.state.task[0]))
    start(demo)
    assert demo.is_playing
    qtbot.waitUntil(lambda: len(sines) >= 3)
    counts = [count for count, _ in groupby(count for count, _ in seen)]
    assert counts[: POINTS + 1] == list(range(POINTS + 1))
    assert {step for count, step in seen if count == POINTS} >= set(range(11))


@pytest.mark.parametrize("key", ["r", "1", Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_F5])
def test_any_key_stops_it_and_does_nothing_else(
    demo: Demo, window: MainWindow, qtbot: QtBot, key: Qt.Key | str
) -> None:
    """Also a key that is a shortcut otherwise; the next key acts as ever."""
    sandbox = window.workspace.sandbox

    def hold() -> None:
        if len(sandbox.state.points) == 4:
            demo._scene = repeat(HOUR)

    sandbox.changed.connect(hold)
    start(demo)
    qtbot.waitUntil(lambda: len(sandbox.state.points) == 4)
    told = []
    demo.stopped.connect(lambda: told.append(1))
    before = window.workspace.sandbox.state
    press(window, key)
    assert not demo.is_playing
    assert told == [1]
    assert window.workspace.sandbox.state == before
    assert not window.workspace.player.is_playing
    assert_adapted(qtbot, window)
    press(window, "c")
    assert window.workspace.sandbox.state.points == ()
