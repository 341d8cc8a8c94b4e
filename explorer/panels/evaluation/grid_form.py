"""The form of a grid: one network at every K, after every step, with every step size."""

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.step_grid import step_grid
from explorer.core.jobs.step_grid_request import StepGrid
from explorer.panels.evaluation.fields import (
    CountFields,
    TaskFields,
    competitor,
    in_order,
    shots_field,
    shots_in,
    step_sizes_in,
)
from explorer.panels.evaluation.forms import JobRequest
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.style import Theme
from explorer.state.competitors import Competitors


class GridForm(QWidget):
    """Which network to test, at which K and step sizes, on which tasks."""

    def __init__(self) -> None:
        super().__init__()
        self._competitors: Competitors | None = None
        self.role = QComboBox()
        self.role.setAccessibleName("Network")
        self.shots = shots_field("1, 2, 3, 5, 10, 20, 40")
        self.alphas = QLineEdit()
        self.alphas.setAccessibleName("Step sizes α")
        self.alphas.setPlaceholderText("its own × ⅛, ¼, ½, 1, 2, 4, 8")
        self.alphas.setToolTip("Numbers separated by commas; the network's own is tried too")
        self.counts = CountFields()
        self.tasks = TaskFields()
        self._lay_out()
        self.role.currentIndexChanged.connect(self._on_role)

    def _lay_out(self) -> None:
        network, tasks = QFormLayout(), QFormLayout()
        network.addRow(label("Network", buddy=self.role), self.role)
        network.addRow(label("K", buddy=self.shots), self.shots)
        network.addRow(label("α", buddy=self.alphas), self.alphas)
        self.counts.add_to(network, narrow=True)
        self.tasks.add_to(tasks)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        for part in (network, tasks):
            part.setVerticalSpacing(3)
            layout.addLayout(part, 1)

    def show_competitors(self, competitors: Competitors) -> None:
        """Offer them."""
        before = self.role.currentData()
        self._competitors = competitors
        self.role.clear()
        for role, one in in_order(competitors).items():
            self.role.addItem(one.label, role)
        self.role.setCurrentIndex(max(self.role.findData(before), 0))

    @Slot()
    def _on_role(self) -> None:
        """Fill in the tasks on which the network was trained."""
        role = self.role.currentData()
        if self._competitors is not None and role is not None:
            trained_on = self._competitors.by_role[role].settings or self._competitors.settings
            self.tasks.show_family(trained_on.family)

    def request(self, competitors: Competitors) -> JobRequest:
        """See `Form`."""
        role = self.role.currentData()
        request = StepGrid(
            shots_in(self.shots),
            self.counts.steps.value(),
            step_sizes_in(self.alphas),
            self.counts.tasks.value(),
            self.counts.seed.value(),
            self.tasks.family(),
        )
        title = f"K × steps × α of {competitors.by_role[role].label}"
        return JobRequest(title, partial(_job, request, competitors, role))

    def apply_theme(self, theme: Theme) -> None:
        """Nothing has colours of its own."""


def _job(request: StepGrid, competitors: Competitors, role: str) -> Iterator[JobProgress]:
    yield from step_grid(request, competitor(competitors, role))
