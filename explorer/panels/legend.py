"""The legend of the meta-loss plot, with the newest numbers."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from explorer.core.learners import LEARNERS
from explorer.panels.loss_plots import SERIES
from explorer.panels.plots import number_text
from explorer.panels.style import Theme, swatch
from explorer.panels.widgets import label
from explorer.state.training_session import TrainingSession


class Legend(QWidget):
    """One row per curve: its line, what it is, and its newest smoothed value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        self.lines = {key: QLabel() for key in SERIES}
        self.values = {key: QLabel("–") for key in SERIES}
        for line, (name, kind) in enumerate(SERIES):
            grid.addWidget(self.lines[name, kind], line, 0)
            grid.addWidget(label(f"{LEARNERS[name].label}, {kind}"), line, 1)
            grid.addWidget(self.values[name, kind], line, 2, Qt.AlignmentFlag.AlignRight)

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        for (name, kind), line in self.lines.items():
            thin = LEARNERS[name].losses.index(kind) < len(LEARNERS[name].losses) - 1
            line.setPixmap(swatch(theme, name, 1.2 if thin else 2.5))

    def draw(self, session: TrainingSession) -> None:
        """Show the newest values."""
        for key, value in self.values.items():
            history = session.histories.get(key)
            value.setText(number_text(history.latest() if history else None))
