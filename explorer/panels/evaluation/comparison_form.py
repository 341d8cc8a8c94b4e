"""The form of a comparison: whom, on which tasks, and whom the others are measured against."""

from collections.abc import Iterator
from functools import partial
from typing import cast

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QWidget,
)

from explorer.core.base.errors import UserError
from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.comparison import compare
from explorer.core.jobs.comparison_request import Comparison, StepSize
from explorer.panels.evaluation.fields import (
    CountFields,
    TaskFields,
    competitor,
    in_order,
    shots_field,
    shots_in,
)
from explorer.panels.evaluation.forms import JobRequest
from explorer.panels.widgets.controls import label, row
from explorer.panels.widgets.style import Theme, swatch
from explorer.state.competitors import Competitors

ROLE = Qt.ItemDataRole.UserRole
WIDEST_LIST, LIST_GAP = 260, 3  # pixels


class ComparisonForm(QWidget):
    """Whom to compare, on which tasks, and whom the others are measured against."""

    def __init__(self) -> None:
        super().__init__()
        self.roles = QListWidget()
        self.roles.setAccessibleName("Learners to compare")
        self.roles.setIconSize(QSize(42, 12))
        self.roles.setMinimumHeight(112)
        self.roles.setSpacing(LIST_GAP)
        self.roles.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.shots = shots_field("5, 10, 20")
        self.counts = CountFields()
        self.alpha = QComboBox()
        self.alpha.setEditable(True)
        self.alpha.addItems(["0.01", "own", "tuned"])
        self.alpha.setToolTip(
            "A number; own: each learner's α of training; tuned: each learner's best, found on "
            "other tasks"
        )
        self.reference = QComboBox()
        self.tasks = TaskFields()
        self.alpha.setAccessibleName("Step size α")
        self.reference.setAccessibleName("Measured against")
        self._lay_out()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(3)
        form.addRow(label("Against", buddy=self.reference), self.reference)
        form.addRow(
            label("K", buddy=self.shots),
            row(self.shots, label("Step size α", buddy=self.alpha), self.alpha, stretch=0),
        )
        self.counts.add_to(form)
        self.tasks.add_to(form)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.roles, 2)
        layout.addLayout(form, 3)

    def show_competitors(self, competitors: Competitors) -> None:
        """Offer them, and the tasks of their training."""
        chosen = self._chosen() or ["maml", "pretrained"]
        reference = self.reference.currentData() or "maml"
        self.roles.clear()
        self.reference.clear()
        self.reference.addItem("nobody", "")
        for role, one in in_order(competitors).items():
            item = QListWidgetItem(one.label)
            item.setData(ROLE, role)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if role in chosen else Qt.CheckState.Unchecked)
            self.roles.addItem(item)
            self.reference.addItem(one.label, role)
        self.reference.setCurrentIndex(max(self.reference.findData(reference), 0))
        self.tasks.show_family(competitors.settings.family)

    def _chosen(self) -> list[str]:
        items = [self.roles.item(i) for i in range(self.roles.count())]
        return [i.data(ROLE) for i in items if i.checkState() == Qt.CheckState.Checked]

    def request(self, competitors: Competitors) -> JobRequest:
        """See `Form`."""
        chosen = self._chosen()
        if not chosen:
            raise UserError("Check at least one learner to compare.")
        against = self.reference.currentData() or None
        if against is not None and against not in chosen:
            chosen.append(against)
        request = Comparison(
            shots_in(self.shots),
            self.counts.steps.value(),
            self.counts.tasks.value(),
            self.counts.seed.value(),
            _step_size(self.alpha.currentText()),
            self.tasks.family(),
            competitors.by_role[against].label if against else None,
        )
        names = ", ".join(competitors.by_role[role].label for role in chosen)
        return JobRequest(f"Compare {names}", partial(_job, request, competitors, tuple(chosen)))

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        for i in range(self.roles.count()):
            item = self.roles.item(i)
            item.setIcon(QIcon(swatch(theme, item.data(ROLE))))
        beside = self.roles.verticalScrollBar().sizeHint().width()
        beside += 2 * (self.roles.frameWidth() + LIST_GAP)
        # A file can call its network by a long name.
        self.roles.setMinimumWidth(min(self.roles.sizeHintForColumn(0) + beside, WIDEST_LIST))


def _job(
    request: Comparison, competitors: Competitors, roles: tuple[str, ...]
) -> Iterator[JobProgress]:
    yield from compare(request, [competitor(competitors, role) for role in roles])


def _step_size(text: str) -> StepSize:
    """A number, or else a word, which `Comparison` checks."""
    try:
        return float(text)
    except ValueError:
        return cast("StepSize", text)
