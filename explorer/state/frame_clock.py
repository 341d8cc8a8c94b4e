"""The one clock that draws."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Slot

FRAMES_PER_SECOND = 60


class FrameClock(QObject):
    """Calls each requested drawing function once, at the next frame it may draw in.

    Any number of requests between two frames draw once. Without requests the clock stands still.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._due: dict[Callable[[], None], float] = {}
        self._drawn: dict[Callable[[], None], float] = {}
        self._last_frame = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._frame)

    def request(self, draw: Callable[[], None], per_second: float = FRAMES_PER_SECOND) -> None:
        """Draw at the next frame, or at the first one that keeps to the rate given."""
        due = self._drawn.get(draw, 0.0) + 1 / per_second
        self._due[draw] = min(due, self._due.get(draw, due))
        self._start()

    def stop(self) -> None:
        """Forget every request; the window is closing."""
        self._timer.stop()
        self._due.clear()

    def _start(self) -> None:
        wanted = max(min(self._due.values()), self._last_frame + 1 / FRAMES_PER_SECOND)
        self._timer.start(max(0, round(1000 * (wanted - time.perf_counter()))))

    @Slot()
    def _frame(self) -> None:
        now = time.perf_counter()
        self._last_frame = now
        # A millisecond's grace: timers round.
        for draw in [draw for draw, due in self._due.items() if due <= now + 0.001]:
            del self._due[draw]
            self._drawn[draw] = now
            try:
                draw()
            finally:  # a drawing that fails must not hold up the others
                if self._due:
                    self._start()
