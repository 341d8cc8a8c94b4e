"""The clock that draws."""

import time
from itertools import pairwise

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from explorer.state.frame_clock import FRAME, FrameClock


def timers(clock: FrameClock) -> list[QTimer]:
    """The timers of the clock that are running."""
    return [timer for timer in clock.findChildren(QTimer) if timer.isActive()]


def test_many_requests_draw_once(qtbot: QtBot) -> None:
    """A thousand messages between two frames cost one drawing each of what they concern."""
    clock, drawn = FrameClock(), []

    class Panel:
        def draw(self) -> None:
            drawn.append(self)

    one, other = Panel(), Panel()
    for _ in range(1000):
        clock.request(one.draw)
        clock.request(other.draw)
    assert drawn == []
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [one, other]


def test_the_clock_stands_still_when_nothing_is_asked(qtbot: QtBot) -> None:
    """An idle program uses no processor time: no timer runs before, or after the frame."""
    clock, drawn = FrameClock(), []
    assert timers(clock) == []
    clock.request(lambda: drawn.append(1))
    assert len(timers(clock)) == 1
    qtbot.waitUntil(lambda: bool(drawn))
    assert timers(clock) == []


def test_a_drawing_may_ask_for_the_next(qtbot: QtBot) -> None:
    """A request made while drawing waits for another frame, so that frames cannot pile up."""
    clock, drawn = FrameClock(), []

    def draw() -> None:
        drawn.append(len(timers(clock)))
        if len(drawn) < 3:
            clock.request(draw)

    clock.request(draw)
    qtbot.waitUntil(lambda: len(drawn) == 3)
    assert drawn == [0, 0, 0]
    assert timers(clock) == []


def test_a_stopped_clock_forgets(qtbot: QtBot) -> None:
    """What was asked for before the window closed is not drawn after."""
    clock, drawn, later = FrameClock(), [], []
    clock.request(lambda: drawn.append(1))
    clock.stop()
    assert timers(clock) == []
    clock.request(lambda: later.append(1))
    qtbot.waitUntil(lambda: bool(later))
    assert drawn == []


def test_a_drawing_may_ask_for_a_slower_rate(qtbot: QtBot) -> None:
    """What is redrawn a few times a second waits its turn; others do not wait with it."""
    clock, slow, fast = FrameClock(), [], []

    def draw_slowly() -> None:
        slow.append(time.perf_counter())

    clock.request(draw_slowly, 5)
    qtbot.waitUntil(lambda: len(slow) == 1)
    clock.request(draw_slowly, 5)
    clock.request(lambda: fast.append(len(slow)))
    qtbot.waitUntil(lambda: len(slow) == 2)
    assert fast == [1]
    assert slow[1] - slow[0] > 0.19
    assert timers(clock) == []


def test_what_is_drawn_less_often_comes_after_the_frame(qtbot: QtBot) -> None:
    """First the frame and all that it sets off, such as its painting; then the slower drawing."""
    clock, order = FrameClock(), []

    def draw() -> None:
        order.append("frame")
        QTimer.singleShot(0, lambda: order.append("painted"))

    clock.request(lambda: order.append("slow"), 20)
    clock.request(draw)
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["frame", "painted", "slow"]
    assert timers(clock) == []


def test_slower_drawings_come_one_after_each_frame(qtbot: QtBot) -> None:
    """All of them at once would hold up the next frame; none is forgotten."""
    clock, order = FrameClock(), []

    def draw() -> None:
        order.append("frame")
        if len(order) < 12:
            clock.request(draw)

    clock.request(draw)
    for number in range(3):
        clock.request(lambda number=number: order.append(f"slow {number}"), 20)
    qtbot.waitUntil(lambda: timers(clock) == [])
    slow = [at for at, name in enumerate(order) if name.startswith("slow")]
    assert len(slow) == 3
    assert all(b - a > 1 for a, b in pairwise(slow))


def test_drawings_of_a_frame_share_it(qtbot: QtBot) -> None:
    """What is asked for after a frame waits for the next one, whatever was drawn in it."""
    clock, times = FrameClock(), []

    def draw() -> None:
        times.append(time.perf_counter())
        clock.request(lambda: times.append(time.perf_counter()))

    clock.request(draw)
    qtbot.waitUntil(lambda: len(times) == 2)
    assert times[1] - times[0] > FRAME / 2


def test_a_slower_drawing_waits_for_the_next_frame(qtbot: QtBot) -> None:
    """While frames go on, it would hold up the next one if it began between two of them."""
    clock, order = FrameClock(), []

    def draw() -> None:
        order.append("frame")
        clock.request(lambda: order.append("slow"), 20)
        clock.request(lambda: order.append("next frame"), delay=FRAME / 2)

    clock.request(draw)
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["frame", "next frame", "slow"]


def test_a_slower_drawing_needs_no_frame(qtbot: QtBot) -> None:
    """When the frames end it is drawn all the same."""
    clock, order = FrameClock(), []
    clock.request(lambda: order.append("frame"))
    qtbot.waitUntil(lambda: order == ["frame"])
    clock.request(lambda: order.append("slow"), 20)
    qtbot.waitUntil(lambda: order == ["frame", "slow"])
    assert timers(clock) == []


def test_a_request_may_wait_for_another(qtbot: QtBot) -> None:
    """What is expected to be asked for again is drawn then, and once."""
    clock, drawn = FrameClock(), []

    def draw() -> None:
        drawn.append(1)

    clock.request(draw, delay=1000.0)
    clock.request(draw)
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [1]
    assert timers(clock) == []
    clock.request(draw, delay=0.01)
    qtbot.waitUntil(lambda: drawn == [1, 1])


def test_a_drawing_that_fails_holds_up_no_other(qtbot: QtBot) -> None:
    """Its error is reported, and what else was asked for is drawn."""
    clock, drawn = FrameClock(), []

    def fail() -> None:
        raise ZeroDivisionError

    with qtbot.captureExceptions() as errors:
        clock.request(fail)
        clock.request(lambda: drawn.append(1))
        qtbot.waitUntil(lambda: bool(drawn))
    assert [kind for kind, *_ in errors] == [ZeroDivisionError]
    assert timers(clock) == []
