"""The command, telling when its window is painted and when a click that comes at once is answered.

Prints both moments on the system's monotonic clock. It imports only what the command imports for
its window too, and so not PyTorch.
"""

import sys
import time

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from explorer import cli
from explorer.app import launch
from explorer.app.main_window import MainWindow

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class Watch(QObject):
    """Clicks into the sandbox's plot once that is painted, and ends with the answer's paint."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._sandbox = window, window.workspace.sandbox
        self._clicked = False
        window.sandbox.fit.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Look at every paint of the plot, once it is over."""
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        drawn = self._window.sandbox.fit.fits["maml"].getData()[1]
        answer = self._sandbox.answer
        if drawn is None or answer is None:
            return
        if not self._clicked:
            self._clicked = True
            print(time.monotonic())  # noqa: T201
            self._click()
        elif self._sandbox.is_current and drawn[0] == answer.trajectories["maml"].prediction[1][0]:
            print(time.monotonic())  # noqa: T201
            self._window.close()

    def _click(self) -> None:
        plot = self._window.sandbox.fit
        at = QPointF(plot.viewport().rect().center())
        place = QPointF(plot.viewport().mapToGlobal(at))
        for kind, held in (
            (QEvent.Type.MouseButtonPress, LEFT),
            (QEvent.Type.MouseButtonRelease, NONE),
        ):
            event = QMouseEvent(kind, at, place, LEFT, held, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(plot.viewport(), event)


class WatchedWindow(MainWindow):
    """The window under watch."""

    def showEvent(self, event: QEvent) -> None:
        """Begin to watch."""
        Watch(self)
        super().showEvent(event)  # type: ignore[arg-type]


def main() -> int:
    """The command without arguments."""
    launch.MainWindow = WatchedWindow  # type: ignore[misc]
    return cli.main([])


if __name__ == "__main__":
    sys.exit(main())
