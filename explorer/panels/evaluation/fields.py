"""What the forms of the evaluation panel share: counts, task ranges, numbers in a line."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from explorer.core.base.errors import UserError
from explorer.core.base.fields import descriptions
from explorer.core.families import FAMILIES, Family, default_family
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.requests import DESCRIPTIONS, MAX_STEPS, MAX_TASKS
from explorer.panels.widgets.controls import label, row, show_choice
from explorer.panels.widgets.editors import Editor, RangeBox, make_editor, show_in, value_of
from explorer.state.competitors import ROLES, Competitors, LazyCompetitor

ROWS, ROW_GAP = 4, 3  # settings that are seen without scrolling, and pixels between them
WIDEST = 380  # pixels
T = TypeVar("T", int, float)


def count_box(low: int, high: int, value: int, name: str) -> QSpinBox:
    """A field for a whole number."""
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
    return count_box(int(bounds.low), int(bounds.high), 0, "Seed")


class CountFields:
    """How many gradient steps on how many tasks, drawn from which seed."""

    def __init__(self) -> None:
        self.steps = count_box(0, MAX_STEPS, 10, "Gradient steps")
        self.tasks = count_box(1, MAX_TASKS, 600, "Tasks")
        self.seed = seed_box()

    def add_to(self, form: QFormLayout, narrow: bool = False) -> None:
        """A row for all three; a narrow form has the seed in the next one."""
        seed = label("Seed", buddy=self.seed)
        line: QHBoxLayout = row(self.steps, label("Tasks", buddy=self.tasks), self.tasks)
        form.addRow(label("Steps", buddy=self.steps), line)
        if narrow:
            form.addRow(seed, self.seed)
        else:
            line.insertWidget(line.count() - 1, seed)
            line.insertWidget(line.count() - 1, self.seed)


class TaskFields(QScrollArea):
    """Which tasks to evaluate on, also outside those of training.

    Some families have many settings. All have the same room, in which they scroll.
    """

    def __init__(self) -> None:
        super().__init__()
        self.editors: dict[str, Editor] = {}
        self._family: Family | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Settings of the tasks")
        self.choice = QComboBox()
        self.choice.setAccessibleName("Family")
        for name, family in FAMILIES.items():
            self.choice.addItem(family.label, name)
        self.choice.activated.connect(self._on_choice)

    def add_to(self, form: QFormLayout) -> None:
        """Rows for the family and its settings."""
        form.addRow(label("Family", buddy=self.choice), self.choice)
        form.addRow(self)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as its fields, but for very long names."""
        content, beside = self.widget(), self.verticalScrollBar().sizeHint().width()
        width = content.minimumSizeHint().width() if content is not None else 0
        return QSize(min(width + beside, WIDEST), super().minimumSizeHint().height())

    @Slot(int)
    def _on_choice(self, index: int) -> None:
        self.show_family(default_family(self.choice.itemData(index)))

    def show_family(self, family: Family) -> None:
        """Fill in a task distribution."""
        if type(family) is not type(self._family):
            self._build(family)
        self._family = family
        show_choice(self.choice, family.name)
        for name, editor in self.editors.items():
            show_in(editor, getattr(family, name))

    def _build(self, family: Family) -> None:
        self.editors.clear()
        content = QWidget()
        form = QFormLayout(content)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(ROW_GAP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for name, description in descriptions(type(family)).items():
            editor = make_editor(description)
            editor.setObjectName(name)
            editor.setAccessibleName(description.label)
            buddy = editor.low if isinstance(editor, RangeBox) else editor
            form.addRow(label(description.label, buddy=buddy), editor)
            self.editors[name] = editor
        before = self.takeWidget()
        if before is not None:
            before.deleteLater()  # the signal of one of its fields may be what led here
        self.setWidget(content)
        self.setFixedHeight(ROWS * (self.choice.sizeHint().height() + ROW_GAP))
        self.updateGeometry()

    def family(self) -> Family:
        """The task distribution that is filled in.

        Raises:
            SettingsError: a range is upside down, or a formula is wrong.
        """
        assert self._family is not None
        return self._family.changed(**{name: value_of(e) for name, e in self.editors.items()})


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


def in_order(competitors: Competitors) -> dict[str, LazyCompetitor]:
    """All of them, in the order in which they are listed everywhere."""
    return {role: competitors.by_role[role] for role in ROLES if role in competitors.by_role}


def competitor(competitors: Competitors, role: str) -> Competitor:
    """A network for the core; finding it may take PyTorch, so not in the GUI thread."""
    one = competitors.by_role[role]
    return Competitor(one.label, role, one.start, one.settings)
