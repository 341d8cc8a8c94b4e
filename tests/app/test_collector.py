"""Cyclic garbage is collected in the GUI thread alone, and holds up no frame."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.collector import ENOUGH, LOOK_MS, MOST, Collector
from explorer.app.main_window import MainWindow
from explorer.state.frame_clock import FrameClock
from explorer.state.workers import LatestWorker
from tests.leaks import Deaths
from tests.trainers import PATIENCE


class Knot:
    """Something that only a collection can free."""

    def __init__(self) -> None:
        self.itself = self


def knots(number: int) -> list[Knot]:
    """Some knots; whoever lets go of them makes garbage of so many objects, or twice as many."""
    return [Knot() for _ in range(number)]


def tied_widget(age: int = 0) -> "weakref.ref[QWidget]":
    """A widget in a cycle of references that nobody else holds, after so many collections."""
    widget = QLabel("garbage")
    widget.itself = widget  # type: ignore[attr-defined]
    for generation in range(age):
        gc.collect(generation)
    return weakref.ref(widget)


@pytest.fixture
def be_eager() -> Iterator[Callable[[], None]]:
    """From the call on, Python's own collection happens at every turn, where it is on."""
    before = gc.get_threshold()
    yield lambda: gc.set_threshold(1)
    gc.set_threshold(*before)


@pytest.fixture
def clock() -> Iterator[FrameClock]:
    """A clock that draws nothing yet."""
    clock = FrameClock()
    yield clock
    clock.stop()


@pytest.fixture
def collector(clock: FrameClock) -> Iterator[Collector]:
    """A collector at work."""
    collector = Collector(clock)
    collector.start()
    yield collector
    collector.stop()


def test_a_worker_collects_nothing(
    window: MainWindow, qtbot: QtBot, be_eager: Callable[[], None], deaths: Deaths
) -> None:
    """A widget in a cycle outlives a worker's allocations, and dies in the GUI thread after."""
    garbage, worker = tied_widget(), LatestWorker()

    def work() -> int:
        be_eager()
        return len(knots(3 * ENOUGH))

    with qtbot.waitSignal(worker.done):
        worker.submit(work)
        worker.start()
    worker.shut_down()
    assert garbage() is not None
    qtbot.waitUntil(lambda: garbage() is None)
    assert deaths.take() == []


def test_dressing_anew_collects_nothing(window: MainWindow, be_eager: Callable[[], None]) -> None:
    """A widget in a cycle outlives a change of theme, in which Qt goes through all widgets."""
    garbage = tied_widget()
    be_eager()
    window.set_theme("dark")
    window.set_theme("light")
    assert garbage() is not None


def test_young_garbage_goes_while_something_moves(
    qtbot: QtBot, clock: FrameClock, collector: Collector
) -> None:
    """Frame after frame, what is new is collected; what is old goes once all is still."""
    old = tied_widget(age=2)

    def move() -> None:
        clock.request(move)

    move()
    young = weakref.ref(knots(ENOUGH)[0])
    qtbot.waitUntil(lambda: young() is None)
    assert old() is not None
    clock.stop()
    qtbot.waitUntil(lambda: old() is None)


def test_an_idle_collector_rests(qtbot: QtBot, clock: FrameClock, collector: Collector) -> None:
    """Once everything is collected and nothing happens, nothing is collected again."""
    young = weakref.ref(knots(ENOUGH)[0])
    qtbot.waitUntil(lambda: young() is None)
    runs: list[str] = []
    counted = lambda phase, _: runs.append(phase)  # noqa: E731
    gc.callbacks.append(counted)
    ticks = QTimer()
    seen: list[None] = []
    ticks.timeout.connect(lambda: seen.append(None))
    ticks.start(LOOK_MS)
    qtbot.waitUntil(lambda: len(seen) == 3)
    ticks.stop()
    gc.callbacks.remove(counted)
    assert runs == []


def test_masses_are_set_aside(qtbot: QtBot, clock: FrameClock, collector: Collector) -> None:
    """What a library brings is not looked at, which would take long, now or later."""
    before = gc.get_freeze_count()
    library = knots(2 * MOST)
    qtbot.waitUntil(lambda: gc.get_freeze_count() >= before + len(library))


def test_what_comes_slowly_is_set_aside_too(
    qtbot: QtBot, clock: FrameClock, collector: Collector
) -> None:
    """However much the program keeps, a collection of everything stays short."""
    before = gc.get_freeze_count()
    kept = knots(2 * MOST)
    gc.collect(1)  # it is no longer new
    young = weakref.ref(knots(ENOUGH)[0])
    qtbot.waitUntil(lambda: gc.get_freeze_count() >= before + len(kept))
    assert young() is None


def test_nothing_is_collected_within_an_event_handler(
    qtbot: QtBot, clock: FrameClock, collector: Collector
) -> None:
    """While a dialog runs its own loop, begun wherever it may be, garbage waits."""
    young, alive = weakref.ref(knots(ENOUGH)[0]), []
    loop, looks = QEventLoop(), []

    def look() -> None:
        looks.append(None)
        alive.append(young() is not None)
        if len(looks) == 3:
            loop.quit()

    def handler() -> None:
        inner = QTimer()
        inner.timeout.connect(look)
        inner.start(LOOK_MS)
        loop.exec()
        inner.stop()

    QTimer.singleShot(0, handler)
    qtbot.waitUntil(lambda: young() is None)
    assert alive == [True, True, True]


def test_the_guard_sees_who_dies_elsewhere(qapp: QApplication, deaths: Deaths) -> None:
    """Were a Qt object forgotten in another thread, or collected there, the test would fail."""
    forgotten, tied = [QObject()], tied_widget()

    def forget() -> None:
        forgotten.clear()
        gc.collect()

    thread = threading.Thread(target=forget, name="worker")
    thread.start()
    thread.join(PATIENCE)
    assert tied() is None
    assert sorted(deaths.take()) == ["QLabel in worker", "QObject in worker"]
