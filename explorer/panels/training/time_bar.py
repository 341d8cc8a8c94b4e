"""The way back through training: a slider over its moments, and playing through them."""

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from explorer.panels.widgets.controls import button, label
from explorer.state.time_travel import TimeTravel

NOTHING_YET = "Goes back through training, once there is some."
NO_PAST = "This file keeps no past; it begins with further training."
LONGEST = "Iteration 9,999,999"  # has room, so that the slider keeps its length
PAGE = 10  # moments


class TimeBar(QWidget):
    """A slider over the moments of the run in training, the newest at its right end."""

    def __init__(self, travel: TimeTravel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._travel = travel
        self.play = button("Play", "Play through training, as a film of the sandbox")
        self.play.setAccessibleName("Play or stop the film of training")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Iteration of training that the sandbox shows")
        self.slider.setToolTip(
            "Take the sandbox back to an iteration of training; at the right end it follows again"
        )
        self.slider.setPageStep(PAGE)
        self.shown = label("")
        self.shown.setMinimumWidth(self.shown.fontMetrics().horizontalAdvance(LONGEST))
        self.reason = label("", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.play)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.shown)
        layout.addWidget(self.reason, 1)
        self.play.clicked.connect(travel.toggle)
        self.slider.valueChanged.connect(travel.go_to)
        travel.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show where the sandbox is, and how far training has come."""
        moments, place = self._travel.moments, self._travel.place
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, len(moments) - 1)
            self.slider.setValue(place)
        somewhere = len(moments) > 1
        for part in (self.slider, self.shown):
            part.setVisible(somewhere)
        self.reason.setVisible(not somewhere)
        self.reason.setText(NO_PAST if moments[-1] else NOTHING_YET)
        self.play.setEnabled(somewhere)
        self.play.setText("Stop" if self._travel.is_playing else "Play")
        moment = self._travel.moment
        text = f"Newest: {moments[-1]:,}" if moment is None else f"Iteration {moment:,}"
        self.shown.setText(text)
        self.slider.setAccessibleDescription(text)
