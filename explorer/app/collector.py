"""Cyclic garbage is collected in the GUI thread alone, between its events.

Python collects in whichever thread happens to allocate, in the midst of anything. Cycles that hold
widgets would be deleted by a worker thread, or while Qt goes through all widgets to dress them
anew: both end the process. `make_application` switches that off, and this takes its place.
"""

import gc

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Slot

from explorer.state.frame_clock import FrameClock

LOOK_MS = 500
ENOUGH = 2_000  # objects; fewer are not worth a collection
# As many new objects between two looks are libraries being loaded, which stay; as many that survive
# belong to the program for good.
MOST = 10_000
STILL_SECONDS = 1.0  # without a frame: then a longer pause holds up nobody


class Collector(QObject):
    """Collects what is new right after a frame, and everything once nothing moves.

    What the start-up leaves behind, and whatever else comes in masses, is set aside for good: it is
    never looked at again, so that a collection takes as long as what happened since.
    """

    def __init__(self, clock: FrameClock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._is_due = False  # something was collected since everything was
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Set aside what is there, and look after what comes."""
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Collect no more; the window is closing."""
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        is_still = self._clock.stillness > STILL_SECONDS
        if gc.get_count()[0] >= ENOUGH or (self._is_due and is_still):
            self._clock.request(self.collect, 1000 / LOOK_MS)

    def collect(self) -> None:
        """Collect as much as there is time for; the frame clock calls this."""
        if QThread.currentThread().loopLevel() > 1:
            return  # within an event handler, as while a dialog is open
        young = gc.get_count()[0]
        if young > MOST:
            gc.freeze()
        elif self._clock.stillness > STILL_SECONDS:
            self._is_due = False
            gc.collect()
            if len(gc.get_objects()) > MOST:
                gc.freeze()  # or the next one would take longer still
        elif young >= ENOUGH:
            self._is_due = True
            gc.collect(1)
