"""The one clock that draws."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, QTimer, Slot

FRAMES_PER_SECOND = 60
FRAME = 1 / FRAMES_PER_SECOND
# By so much a frame may come early after a late one; more would be less lag, but uneven.
SLACK = FRAME / 8


@dataclass(frozen=True)
class _Wish:
    """When something may be drawn, and how often at most."""

    due: float
    per_second: float


class FrameClock(QObject):
    """Calls each requested drawing function once, at the next frame it may draw in.

    Any number of requests between two frames draw once. Without requests the clock stands still.
    What is drawn at a lower rate keeps out of the way of what is drawn in every frame: it comes
    right after a frame, once that is painted, while frames are going on, and one at a time.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._due: dict[Callable[[], None], _Wish] = {}
        self._next: dict[Callable[[], None], float] = {}  # of what is drawn at lower rates
        self._last_frame = self._next_frame = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._frame)

    @property
    def stillness(self) -> float:
        """Seconds since the last frame at the full rate, which means that something moves."""
        return time.perf_counter() - self._last_frame

    def request(
        self,
        draw: Callable[[], None],
        per_second: float = FRAMES_PER_SECOND,
        delay: float = 0.0,
    ) -> None:
        """Draw at the next frame, or at the first one that keeps to the rate given.

        Args:
            draw: what to call; equal functions are one.
            per_second: rate to keep to.
            delay: seconds to wait for another request of the same, which will draw more.
        """
        is_slow = per_second < FRAMES_PER_SECOND
        earliest = self._next.get(draw, 0.0) if is_slow else self._next_frame
        wish = _Wish(max(earliest, time.perf_counter() + delay), per_second)
        known = self._due.get(draw, wish)
        self._due[draw] = min(wish, known, key=lambda wish: wish.due)
        self._start()

    def stop(self) -> None:
        """Forget every request; the window is closing."""
        self._timer.stop()
        self._due.clear()

    def _start(self) -> None:
        wanted = min(map(self._begin, self._due.values()))
        self._timer.start(max(0, round(1000 * (wanted - time.perf_counter()))))

    def _begin(self, wish: _Wish) -> float:
        """When a wish can be fulfilled: not where it would hold up a frame that is to come."""
        between = self._last_frame + 1.5 * FRAME
        if wish.per_second >= FRAMES_PER_SECOND or not self._last_frame < wish.due < between:
            return wish.due
        return between

    @Slot()
    def _frame(self) -> None:
        now = time.perf_counter()
        # A millisecond's grace: timers round.
        due = {d: w for d, w in self._due.items() if self._begin(w) <= now + 0.001}
        rate = max((wish.per_second for wish in due.values()), default=0.0)
        turn = [draw for draw, wish in due.items() if wish.per_second == rate]
        if rate >= FRAMES_PER_SECOND:
            self._last_frame = now
            self._next_frame = max(now - SLACK, *(due[draw].due for draw in turn)) + 1 / rate
        elif turn:  # all of them in one turn would hold up the next frame
            turn, later = turn[:1], due.keys() - turn[:1]
            self._due |= {draw: replace(due[draw], due=now) for draw in later}
            self._next[turn[0]] = max(due[turn[0]].due, now - SLACK) + 1 / rate
        try:
            for draw in turn:  # others in the next turn, once these are painted
                del self._due[draw]
                draw()
        finally:  # a drawing that fails must not hold up the others
            if self._due:
                self._start()
