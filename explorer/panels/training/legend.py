"""The legend of the meta-loss plot, with the newest numbers."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from explorer.core.base.texts import loss_text
from explorer.core.learners import LEARNERS
from explorer.panels.training.loss_plots import CROWDED, Key, is_early, losses_of
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.style import LIGHT, Theme, swatch
from explorer.state.training_session import TrainingSession

RIGHT = Qt.AlignmentFlag.AlignRight
LONG_NUMBER = "9.9·10⁻⁹"  # has room, so that the panel does not grow as a loss falls
COLUMNS = 11  # line, name, loss before, arrow, loss after; a gap; and once more


class Legend(QWidget):
    """For each curve its line, what it is, and its newest smoothed value.

    Of few learners each loss has a row. Many learners stand in two columns, one row for each,
    with the loss before adaptation as a number beside that of the curve.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(0)
        self._grid.setHorizontalSpacing(5)
        self.lines: dict[Key, QLabel] = {}
        self.values: dict[Key, QLabel] = {}
        self._theme = LIGHT

    def set_learners(self, learners: Sequence[str]) -> None:
        """Have rows for these learners and no others."""
        while self._grid.count():
            if (widget := self._grid.takeAt(0).widget()) is not None:
                widget.hide()
                widget.deleteLater()
        keys = losses_of(learners)
        crowded = len(learners) > CROWDED
        self.lines = {key: QLabel() for key in keys if not (crowded and is_early(key))}
        self.values = {key: QLabel("–") for key in keys}
        if crowded:
            self._lay_out_in_two_columns(learners)
        else:
            self._lay_out_in_rows(keys)
        self.apply_theme(self._theme)

    def _stretch(self, wide: set[int], gap: int | None = None) -> None:
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, int(column in wide))
            self._grid.setColumnMinimumWidth(column, 10 if column == gap else 0)

    def _lay_out_in_rows(self, keys: Sequence[Key]) -> None:
        self._stretch({1})
        for line, (name, kind) in enumerate(keys):
            self._grid.addWidget(self.lines[name, kind], line, 0)
            self._grid.addWidget(label(f"{LEARNERS[name].label}, {kind}"), line, 1)
            self._grid.addWidget(self.values[name, kind], line, 2, RIGHT)

    def _lay_out_in_two_columns(self, learners: Sequence[str]) -> None:
        lines = -(-len(learners) // 2)
        self._stretch({1, 7}, gap=5)
        for place, name in enumerate(learners):
            line, first = place % lines, 6 * (place // lines)
            *early, last = ((name, kind) for kind in LEARNERS[name].losses)
            self._grid.addWidget(self.lines[last], line, first)
            self._grid.addWidget(label(LEARNERS[name].label), line, first + 1)
            for key in early:
                self.values[key].setProperty("role", "muted")
                self._grid.addWidget(self.values[key], line, first + 2, RIGHT)
                self._grid.addWidget(label("→", "muted"), line, first + 3)
            self.values[last].setMinimumWidth(self.fontMetrics().horizontalAdvance(LONG_NUMBER))
            self.values[last].setAlignment(RIGHT | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(self.values[last], line, first + 4, RIGHT)

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        self._theme = theme
        for key, line in self.lines.items():
            line.setPixmap(swatch(theme, key[0], 1.2 if is_early(key) else 2.5))

    def draw(self, session: TrainingSession) -> None:
        """Show the newest values."""
        for key, value in self.values.items():
            value.setText(loss_text(session.histories[key].latest()))
