"""What the forms of the evaluation panel share: counts, task ranges, numbers in a line."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QSpinBox

from explorer.core.base.errors import UserError
from explorer.core.experiment.settings import DESCRIPTIONS, Range, Settings
from explorer.core.families.distribution import MAX_STEPS, MAX_TASKS, Distribution
from explorer.core.jobs.comparison import Competitor
from explorer.panels.settings_form import RangeBox
from explorer.panels.widgets import NumberBox, label, row
from explorer.state.networks import ROLES, Entry, Line

T = TypeVar("T", int, float)


def _spin(low: int, high: int, value: int, name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setGroupSeparatorShown(True)
    box.setMinimumWidth(64)  # not as wide as the largest seed
    box.setMaximumWidth(110)
    box.setAccessibleName(name)
    return box


def seed_box() -> QSpinBox:
    """For the seed of an evaluation."""
    bounds = DESCRIPTIONS["seed"]
    return _spin(int(bounds.low), int(bounds.high), 0, "Seed")


class CountFields:
    """How many gradient steps on how many tasks, drawn from which seed."""

    def __init__(self) -> None:
        self.steps = _spin(0, MAX_STEPS, 10, "Gradient steps")
        self.tasks = _spin(1, MAX_TASKS, 600, "Tasks")
        self.seed = seed_box()

    def add_to(self, form: QFormLayout) -> None:
        """A row for all three."""
        others = label("Tasks", buddy=self.tasks), self.tasks, label("Seed", buddy=self.seed)
        line: QHBoxLayout = row(self.steps, *others, self.seed)
        form.addRow(label("Steps", buddy=self.steps), line)


class TaskFields:
    """Which tasks to evaluate on, also outside those of training."""

    def __init__(self) -> None:
        self.ranges = {name: RangeBox(DESCRIPTIONS[name]) for name in ("amplitude", "phase", "x")}
        noise = DESCRIPTIONS["noise"]
        self.noise = NumberBox(noise.low, noise.high, noise.step)
        self.noise.setAccessibleName(noise.label)

    def add_to(self, form: QFormLayout) -> None:
        """A row for each."""
        for name, box in self.ranges.items():
            form.addRow(label(DESCRIPTIONS[name].label, buddy=box.low), box)
        form.addRow(label(DESCRIPTIONS["noise"].label, buddy=self.noise), row(self.noise))

    def show_settings(self, settings: Settings) -> None:
        """Fill in the tasks of a training."""
        for name, box in self.ranges.items():
            bounds: Range = getattr(settings, name)
            box.low.show_exactly(bounds.low)
            box.high.show_exactly(bounds.high)
        self.noise.setValue(settings.noise)

    def distribution(self) -> Distribution:
        """The tasks that are filled in.

        Raises:
            UserError: a range is upside down.
        """
        bounds = {
            name: Range(box.low.exact_value(), box.high.exact_value())
            for name, box in self.ranges.items()
        }
        return Distribution(**bounds, noise=self.noise.value())


def shots_field(text: str) -> QLineEdit:
    """For several numbers of support points."""
    field = QLineEdit(text)
    field.setAccessibleName("Support points K")
    return field


def shots_in(field: QLineEdit) -> tuple[int, ...]:
    """The numbers of support points.

    Raises:
        UserError: the text is something else.
    """
    return _numbers(
        field.text(), int, "Support points K: give whole numbers separated by commas, such as 5, 10"
    )


def step_sizes_in(field: QLineEdit) -> tuple[float, ...] | None:
    """The step sizes; None if the field is empty.

    Raises:
        UserError: the text is something else.
    """
    if not field.text().strip():
        return None
    return _numbers(
        field.text(), float, "Step sizes α: give numbers separated by commas, such as 0.01, 0.02"
    )


def _numbers(text: str, kind: Callable[[str], T], help_: str) -> tuple[T, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"{help_}.") from None


def entries_of(line: Line) -> dict[str, Entry]:
    """The networks of a line, in the order in which they are listed everywhere."""
    return {role: line.entries[role] for role in ROLES if role in line.entries}


def competitor(line: Line, role: str) -> Competitor:
    """A network for the core; finding it may take PyTorch, so not in the GUI thread."""
    entry = line.entries[role]
    return Competitor(entry.label, role, entry.start, entry.settings)
