"""Which learners to train together, and what the training of each has taken."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS
from explorer.core.training.cost import too_much
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.style import Theme, swatch

INTRODUCTION = (
    "All that are chosen are trained side by side, on the same points of the same tasks. Another "
    "choice takes effect with Reset, which starts a new run."
)
NONE_CHOSEN = "Choose at least one learner to train."
ROW_INDENT = 55  # where the text beside a check box and its line begins


class LearnerChoice(QScrollArea):
    """One check box for each learner, with its line and its source, and the costs so far.

    Signals:
        edited: the user chose other learners; `chosen` is up to date.

    Attributes:
        boxes: the check box of each learner.
        complaint: why what was last checked cannot be trained; empty if it can.
        costs: the table under the list.
    """

    edited = Signal()

    def __init__(self, learners: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QCheckBox] = {}
        self.complaint = ""
        self.costs = Costs()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(10, 8, 10, 10)
        layout.setSpacing(2)
        layout.addWidget(label(INTRODUCTION, "muted", wrap=True))
        layout.addSpacing(6)
        for name, learner in LEARNERS.items():
            self.boxes[name] = box = QCheckBox(learner.label)
            box.setIconSize(QSize(30, 12))
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.setAccessibleDescription(learner.source)
            box.toggled.connect(self.edited)
            source = label(learner.source, "muted", wrap=True)
            source.setContentsMargins(ROW_INDENT, 0, 0, 5)
            layout.addWidget(box)
            layout.addWidget(source)
        layout.addSpacing(6)
        layout.addWidget(self.costs)
        layout.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Learners to train")
        self.show_learners(learners)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The learners that are ticked; none if the user has ticked all off."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def show_learners(self, learners: Sequence[str]) -> None:
        """Show a choice that came from elsewhere."""
        for name, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setChecked(name in learners)

    def check(self, settings: Settings | None) -> bool:
        """Whether what is chosen can be trained with these settings; `complaint` says why not."""
        self.complaint = "" if self.chosen else NONE_CHOSEN
        if self.chosen and settings is not None:
            self.complaint = too_much(settings, self.chosen)
        return settings is not None and not self.complaint

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        for name, box in self.boxes.items():
            box.setIcon(QIcon(swatch(theme, name)))


class Costs(QWidget):
    """What the training of each learner in the run has taken."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: dict[tuple[str, str], QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)

    def show_costs(self, costs: Mapping[str, Mapping[str, str]]) -> None:
        """Show a table.

        Args:
            costs: for each learner, by the headings of the columns, what it has taken.
        """
        columns = list(next(iter(costs.values())))
        keys = {(name, column) for name in costs for column in columns}
        if keys != set(self.cells):
            self._lay_out(list(costs), columns)
        for name, values in costs.items():
            for column, value in values.items():
                self.cells[name, column].setText(value)

    def _lay_out(self, learners: Sequence[str], columns: Sequence[str]) -> None:
        while self._grid.count():
            if (widget := self._grid.takeAt(0).widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.cells = {(name, column): QLabel() for name in learners for column in columns}
        right = Qt.AlignmentFlag.AlignRight
        self._grid.addWidget(label("Training so far", "heading"), 0, 0)
        for place, column in enumerate(columns, 1):
            self._grid.addWidget(label(column, "muted"), 0, place, right)
        for line, name in enumerate(learners, 1):
            self._grid.addWidget(QLabel(LEARNERS[name].label), line, 0)
            for place, column in enumerate(columns, 1):
                self._grid.addWidget(self.cells[name, column], line, place, right)
