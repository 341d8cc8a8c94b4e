"""Plays the sandbox's gradient steps like a film."""

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from explorer.state.sandbox import Sandbox

SPEEDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # steps per second


class Player(QObject):
    """Advances the shown step at a steady speed until the last one.

    Signals:
        changed: `is_playing` or `speed` has a new value.
    """

    changed = Signal()

    def __init__(self, sandbox: Sandbox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sandbox = sandbox
        self.speed = 4.0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)

    @property
    def is_playing(self) -> bool:
        """Whether steps are advancing."""
        return self._timer.isActive()

    @Slot()
    def toggle(self) -> None:
        """Play, from the start if the last step is shown, or stop."""
        if self.is_playing:
            self.stop()
            return
        state = self._sandbox.state
        if state.step >= state.steps:
            self._sandbox.go_to(0)
        self._timer.start(round(1000 / self.speed))
        self.changed.emit()

    @Slot()
    def stop(self) -> None:
        """Stay at the step shown."""
        if self.is_playing:
            self._timer.stop()
            self.changed.emit()

    def set_speed(self, speed: float) -> None:
        """Set the speed in steps per second."""
        self.speed = speed
        self._timer.setInterval(round(1000 / speed))
        self.changed.emit()

    @Slot()
    def _advance(self) -> None:
        state = self._sandbox.state
        self._sandbox.go_on(1)
        if self._sandbox.state.step >= state.steps:
            self.stop()
