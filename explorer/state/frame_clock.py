"""The one clock that draws."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Slot

FRAMES_PER_SECOND = 60


class FrameClock(QObject):
    """Calls each requested drawing function once, at the next frame.

    Any number of requests between two frames draw once. Without requests the clock stands still.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._requested: dict[Callable[[], None], None] = {}
        self._last_frame = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._frame)

    def request(self, draw: Callable[[], None]) -> None:
        """Draw at the next frame."""
        self._requested[draw] = None
        if not self._timer.isActive():
            since = time.perf_counter() - self._last_frame
            self._timer.start(max(0, round(1000 * (1 / FRAMES_PER_SECOND - since))))

    def stop(self) -> None:
        """Forget every request; the window is closing."""
        self._timer.stop()
        self._requested.clear()

    @Slot()
    def _frame(self) -> None:
        self._last_frame = time.perf_counter()
        requested, self._requested = self._requested, {}
        for draw in requested:
            draw()
