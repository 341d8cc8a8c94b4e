"""What can be asked of an evaluation: one small form for each kind of job.

Each form makes a `Wish`: a title, and a function that makes the job in the thread that runs it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from explorer.core.comparison import Comparison, Competitor, StepSize, compare
from explorer.core.distribution import MAX_STEPS, MAX_TASKS, Distribution
from explorer.core.errors import UserError
from explorer.core.figure import JobProgress
from explorer.core.reproduction import Item, Plan, standard_store
from explorer.core.schema import DESCRIPTIONS, Range
from explorer.core.step_grid import StepGrid, step_grid
from explorer.panels.settings_form import RangeBox
from explorer.panels.style import Theme, swatch
from explorer.panels.widgets import NumberBox, label, row
from explorer.state.networks import ROLES, Entry, Line

ROLE = Qt.ItemDataRole.UserRole
WIDEST_LIST = 260  # pixels


@dataclass(frozen=True)
class Wish:
    """A job that the user wants.

    Attributes:
        title: what people read.
        make: makes the job.
    """

    title: str
    make: Callable[[], Iterator[JobProgress]]


class Form(Protocol):
    """A form for one kind of job."""

    def wish(self, line: Line) -> Wish:
        """What is asked for, of these networks.

        Raises:
            UserError: it cannot be had; one sentence says why.
        """

    def show_line(self, line: Line) -> None:
        """Offer these networks."""

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""


def _spin(low: int, high: int, value: int, name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setGroupSeparatorShown(True)
    box.setMinimumWidth(64)  # not as wide as the largest seed
    box.setMaximumWidth(110)
    box.setAccessibleName(name)
    return box


def _seed() -> QSpinBox:
    bounds = DESCRIPTIONS["seed"]
    return _spin(int(bounds.low), int(bounds.high), 0, "Seed")


def _counts(steps: QSpinBox, tasks: QSpinBox, seed: QSpinBox) -> QHBoxLayout:
    """Three numbers in a line, the first of which has its label elsewhere."""
    return row(steps, label("Tasks", buddy=tasks), tasks, label("Seed", buddy=seed), seed)


class ReproductionForm(QWidget):
    """How thorough, and from which seed."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self._item = item
        self.amount = QComboBox()
        self.amount.setAccessibleName("How thorough")
        self.amount.addItem("Quick: 15,000 meta-iterations", True)
        self.amount.addItem("Full: the paper's 70,000", False)
        self.seed = _seed()
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        help_text = label(item.help, "muted", wrap=True)
        form.addRow(help_text)
        form.addRow(
            label("Training", buddy=self.amount),
            row(self.amount, label("Seed", buddy=self.seed), self.seed, stretch=0),
        )

    def wish(self, _line: Line) -> Wish:
        """See `Form`."""
        quick = bool(self.amount.currentData())
        plan = Plan(quick, self.seed.value(), standard_store())
        title = f"{self._item.label}, {'quick' if quick else 'full'}, seed {plan.seed}"
        return Wish(title, partial(self._item.job, plan))

    def show_line(self, line: Line) -> None:
        """The paper's learners are trained anew; nothing is taken from the sandbox."""

    def apply_theme(self, theme: Theme) -> None:
        """Nothing has colours of its own."""


class ComparisonForm(QWidget):
    """Whom to compare, on which tasks, and whom the others are measured against."""

    def __init__(self) -> None:
        super().__init__()
        self.roles = QListWidget()
        self.roles.setAccessibleName("Learners to compare")
        self.roles.setIconSize(QSize(42, 12))
        self.roles.setMinimumHeight(112)
        self.roles.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.shots = QLineEdit("5, 10, 20")
        self.steps = _spin(0, MAX_STEPS, 10, "Gradient steps")
        self.alpha = QComboBox()
        self.alpha.setEditable(True)
        self.alpha.addItems(["0.01", "own", "tuned"])
        self.alpha.setToolTip(
            "A number; own: each learner's α of training; tuned: each learner's best, found on "
            "other tasks"
        )
        self.reference = QComboBox()
        self.tasks = _spin(1, MAX_TASKS, 600, "Tasks")
        self.seed = _seed()
        self.ranges = {name: RangeBox(DESCRIPTIONS[name]) for name in ("amplitude", "phase", "x")}
        noise = DESCRIPTIONS["noise"]
        self.noise = NumberBox(noise.low, noise.high, noise.step)
        self.noise.setAccessibleName(noise.label)
        for widget, name in (
            (self.shots, "Support points K"),
            (self.alpha, "Step size α"),
            (self.reference, "Measured against"),
        ):
            widget.setAccessibleName(name)
        self._lay_out()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(3)
        form.addRow(label("Against", buddy=self.reference), self.reference)
        form.addRow(
            label("K", buddy=self.shots),
            row(self.shots, label("Step size α", buddy=self.alpha), self.alpha, stretch=0),
        )
        form.addRow(label("Steps", buddy=self.steps), _counts(self.steps, self.tasks, self.seed))
        for name, box in self.ranges.items():
            form.addRow(label(DESCRIPTIONS[name].label, buddy=box.low), box)
        form.addRow(label(DESCRIPTIONS["noise"].label, buddy=self.noise), row(self.noise))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.roles, 3)
        layout.addLayout(form, 4)

    def show_line(self, line: Line) -> None:
        """Offer the line's learners, and its tasks."""
        chosen = self._chosen() or ["maml", "pretrained"]
        reference = self.reference.currentData() or "maml"
        self.roles.clear()
        self.reference.clear()
        self.reference.addItem("nobody", "")
        for role, entry in _entries(line).items():
            item = QListWidgetItem(entry.label)
            item.setData(ROLE, role)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if role in chosen else Qt.CheckState.Unchecked)
            self.roles.addItem(item)
            self.reference.addItem(entry.label, role)
        self.reference.setCurrentIndex(max(self.reference.findData(reference), 0))
        for name, box in self.ranges.items():
            bounds: Range = getattr(line.settings, name)
            box.low.show_exactly(bounds.low)
            box.high.show_exactly(bounds.high)
        self.noise.setValue(line.settings.noise)

    def _chosen(self) -> list[str]:
        items = [self.roles.item(i) for i in range(self.roles.count())]
        return [i.data(ROLE) for i in items if i.checkState() == Qt.CheckState.Checked]

    def wish(self, line: Line) -> Wish:
        """See `Form`."""
        chosen = self._chosen()
        if not chosen:
            raise UserError("Check at least one learner to compare.")
        against = self.reference.currentData() or None
        if against is not None and against not in chosen:
            chosen.append(against)
        entries = _entries(line)
        bounds = {
            name: Range(box.low.exact_value(), box.high.exact_value())
            for name, box in self.ranges.items()
        }
        request = Comparison(
            numbers(self.shots.text()),
            self.steps.value(),
            self.tasks.value(),
            self.seed.value(),
            step_size(self.alpha.currentText()),
            Distribution(**bounds, noise=self.noise.value()),
            entries[against].label if against else None,
        )
        names = ", ".join(entries[role].label for role in chosen)
        return Wish(f"Compare {names}", partial(_comparison, request, line, tuple(chosen)))

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        for i in range(self.roles.count()):
            item = self.roles.item(i)
            item.setIcon(QIcon(swatch(theme, item.data(ROLE))))
        beside = self.roles.verticalScrollBar().sizeHint().width() + 2 * self.roles.frameWidth()
        # A file can call its network by a long name.
        self.roles.setMinimumWidth(min(self.roles.sizeHintForColumn(0) + beside, WIDEST_LIST))


class GridForm(QWidget):
    """Which network to test at every K, after every step, with every step size."""

    def __init__(self) -> None:
        super().__init__()
        self.role = QComboBox()
        self.role.setAccessibleName("Network")
        self.shots = QLineEdit("1, 2, 3, 5, 10, 20, 40")
        self.shots.setAccessibleName("Support points K")
        self.steps = _spin(0, MAX_STEPS, 10, "Gradient steps")
        self.tasks = _spin(1, MAX_TASKS, 600, "Tasks")
        self.seed = _seed()
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(3)
        form.addRow(label("Network", buddy=self.role), self.role)
        form.addRow(label("K", buddy=self.shots), self.shots)
        form.addRow(label("Steps", buddy=self.steps), _counts(self.steps, self.tasks, self.seed))

    def show_line(self, line: Line) -> None:
        """Offer the line's networks."""
        before = self.role.currentData()
        self.role.clear()
        for role, entry in _entries(line).items():
            self.role.addItem(entry.label, role)
        self.role.setCurrentIndex(max(self.role.findData(before), 0))

    def wish(self, line: Line) -> Wish:
        """See `Form`."""
        role = self.role.currentData()
        request = StepGrid(
            numbers(self.shots.text()),
            self.steps.value(),
            tasks=self.tasks.value(),
            seed=self.seed.value(),
        )
        title = f"K × steps × α of {_entries(line)[role].label}"
        return Wish(title, partial(_grid, request, line, role))

    def apply_theme(self, theme: Theme) -> None:
        """Nothing has colours of its own."""


def _entries(line: Line) -> dict[str, Entry]:
    return {role: line.entries[role] for role in ROLES if role in line.entries}


def _competitor(line: Line, role: str) -> Competitor:
    entry = line.entries[role]
    return Competitor(entry.label, role, entry.start, entry.settings)


def _comparison(request: Comparison, line: Line, roles: tuple[str, ...]) -> Iterator[JobProgress]:
    yield from compare(request, [_competitor(line, role) for role in roles])


def _grid(request: StepGrid, line: Line, role: str) -> Iterator[JobProgress]:
    yield from step_grid(request, _competitor(line, role))


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers separated by commas.

    Raises:
        UserError: the text is something else.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UserError(
            "Support points K: give whole numbers separated by commas, such as 5, 10, 20."
        ) from None


def step_size(text: str) -> StepSize:
    """A number, "own" or "tuned".

    Raises:
        UserError: the text is something else.
    """
    if text == "own":
        return "own"
    if text == "tuned":
        return "tuned"
    try:
        return float(text)
    except ValueError:
        raise UserError('Step size α must be a number, "own" or "tuned".') from None
