"""Hands on the mouse: strokes at given times, on a virtual X screen or straight to a widget."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

Kind = Literal["press", "move", "release"]

EVENTS = {
    "press": QEvent.Type.MouseButtonPress,
    "move": QEvent.Type.MouseMove,
    "release": QEvent.Type.MouseButtonRelease,
}


@dataclass(frozen=True)
class Stroke:
    """One event of the mouse.

    Attributes:
        at: seconds from the beginning of the scene.
        kind: what happens.
        x: pixel on the screen.
        y: pixel on the screen.
        right: the button, for a press and a release.
        timed: whether its way to the screen is measured.
    """

    at: float
    kind: Kind
    x: int
    y: int
    right: bool = False
    timed: bool = False


class Hand(Protocol):
    """Plays strokes."""

    def play(self, strokes: Sequence[Stroke], then: Callable[[list[float]], None]) -> None:
        """Play all strokes; then pass on when each happened, by `time.perf_counter`."""


class OffscreenHand(QObject):
    """Sends the events to a widget, from a timer in its own thread.

    A stroke happens when it was due, however late the busy thread gets round to sending it; moves
    that are late together become one, as Qt does with those from a screen.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._held = Qt.MouseButton.NoButton
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._go_on)

    def play(self, strokes: Sequence[Stroke], then: Callable[[list[float]], None]) -> None:
        """Play all strokes; then pass on when each was due."""
        self._strokes, self._then, self._next = strokes, then, 0
        self._begin = time.perf_counter() + 0.05
        self._wait()

    def _wait(self) -> None:
        if self._next == len(self._strokes):
            self._then([self._begin + stroke.at for stroke in self._strokes])
            return
        left = self._begin + self._strokes[self._next].at - time.perf_counter()
        self._timer.start(max(0, round(1000 * left)))

    def _go_on(self) -> None:
        now = time.perf_counter() - self._begin + 0.0005  # timers round to milliseconds
        due = [stroke for stroke in self._strokes[self._next :] if stroke.at <= now]
        self._next += len(due)
        for stroke, after in zip(due, [*due[1:], None], strict=True):
            if not (stroke.kind == "move" and after is not None and after.kind == "move"):
                self._send(stroke)
        self._wait()

    def _send(self, stroke: Stroke) -> None:
        button = Qt.MouseButton.RightButton if stroke.right else Qt.MouseButton.LeftButton
        if stroke.kind == "move":
            button = Qt.MouseButton.NoButton
        else:
            self._held = button if stroke.kind == "press" else Qt.MouseButton.NoButton
        place = QPoint(stroke.x, stroke.y)
        QApplication.sendEvent(
            self._widget,
            QMouseEvent(
                EVENTS[stroke.kind],
                QPointF(self._widget.mapFromGlobal(place)),
                QPointF(place),
                button,
                self._held,
                Qt.KeyboardModifier.NoModifier,
            ),
        )


class ScreenHand(QObject):
    """Has another process play the strokes on the X screen, as from a device (`xtest`)."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)

    def play(self, strokes: Sequence[Stroke], then: Callable[[list[float]], None]) -> None:
        """Play all strokes; then pass on when each was sent."""
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__).with_name("xtest.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([asdict(stroke) for stroke in strokes]))
        self._process.stdin.close()
        self._then = then
        self._timer.start(200)

    def _look(self) -> None:
        if self._process.poll() is None:
            return
        self._timer.stop()
        assert self._process.stdout is not None
        self._then(json.loads(self._process.stdout.read()))
