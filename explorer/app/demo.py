"""A click-to-adapt demonstration that plays by itself until a key is pressed."""

import random
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal, Slot

from explorer.state.workspace import Workspace

POINTS = 8


class Demo(QObject):
    """Places points one by one, plays the gradient steps, and moves on to the next task.

    Signals:
        stopped: a key was pressed.
    """

    stopped = Signal()

    def __init__(self, workspace: Workspace, seed: int = 0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._draws = random.Random(f"{seed}/demo")
        self._scene = self._play()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)

    @property
    def is_playing(self) -> bool:
        """Whether the demonstration is going on."""
        return self._timer.isActive()

    def start(self) -> None:
        """Begin, and listen for a key."""
        QCoreApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        self._timer.start(1000)

    @Slot()
    def stop(self) -> None:
        """Leave everything as it stands."""
        if self.is_playing:
            self._timer.stop()
            application = QCoreApplication.instance()
            if application is not None:
                application.removeEventFilter(self)
            self.stopped.emit()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Any key ends the demonstration, and does nothing else."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # or the key would act as a shortcut and never be a key press
            return True
        if event.type() == QEvent.Type.KeyPress:
            self.stop()
            return True
        return False

    @Slot()
    def _next(self) -> None:
        self._timer.start(next(self._scene))

    def _play(self) -> Iterator[int]:
        """Do one thing after another; each yields how many milliseconds to look at it."""
        sandbox = self._workspace.sandbox
        while True:
            sandbox.clear_points()
            sandbox.draw_task()
            sandbox.update(step=1, snap=True)
            yield 900
            for _ in range(POINTS):
                x = sandbox.state.family.x.at(self._draws.random())
                sandbox.add_point(x, 0.0)
                yield 600
            for step in range(sandbox.state.steps + 1):
                sandbox.go_to(step)
                yield 900 if step < 2 else 300
            yield 1500
