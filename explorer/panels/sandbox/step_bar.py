"""Which gradient step is shown, and playing through them."""

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QSpinBox, QWidget

from explorer.panels.widgets.controls import button, label, show_choice, show_value
from explorer.panels.widgets.view import is_out_of_sight
from explorer.state.player import SPEEDS, Player
from explorer.state.sandbox import MAX_STEPS, Sandbox


class StepBar(QWidget):
    """A slider over steps 0…n, back, forward and play, and n itself."""

    def __init__(self, sandbox: Sandbox, player: Player, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sandbox, self._player = sandbox, player
        self.back = button("Back", "One gradient step back (←)")
        self.play = button("Play", "Play through the gradient steps (Space)", "primary")
        self.forward = button("Forward", "One gradient step on (→)")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Gradient step shown")
        self.slider.setPageStep(1)
        self.shown = label("", "heading")
        self.shown.setMinimumWidth(54)
        self.steps = QSpinBox()
        self.steps.setRange(1, MAX_STEPS)
        self.steps.setKeyboardTracking(False)
        self.steps.setAccessibleName("Gradient steps in all")
        self.speed = QComboBox()
        self.speed.setAccessibleName("Playing speed")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} steps/s", speed)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.back, self.play, self.forward):
            layout.addWidget(widget)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.shown)
        layout.addWidget(label("of", buddy=self.steps))
        layout.addWidget(self.steps)
        layout.addWidget(self.speed)

    def _connect(self) -> None:
        self.back.clicked.connect(lambda: self._sandbox.go_on(-1))
        self.forward.clicked.connect(lambda: self._sandbox.go_on(1))
        self.play.clicked.connect(self._player.toggle)
        self.slider.valueChanged.connect(self._sandbox.go_to)
        self.steps.valueChanged.connect(lambda n: self._sandbox.update(steps=n))
        self.speed.activated.connect(lambda i: self._player.set_speed(self.speed.itemData(i)))
        self._sandbox.changed.connect(self.refresh)
        self._player.changed.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing was refreshed while another tab was shown."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the sandbox's and the player's state."""
        if is_out_of_sight(self):
            return
        state = self._sandbox.state
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, state.steps)
            self.slider.setValue(state.step)
        self.shown.setText(f"Step {state.step}")
        show_value(self.steps, state.steps)
        show_choice(self.speed, self._player.speed)
        self.play.setText("Stop" if self._player.is_playing else "Play")
        self.back.setEnabled(state.step > 0)
        self.forward.setEnabled(state.step < state.steps)
