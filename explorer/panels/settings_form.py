"""The settings of an experiment as a form, generated from `core.schema`."""

from typing import Any, cast

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.core.base.errors import SettingsError
from explorer.core.experiment.settings import DESCRIPTIONS, Description, Settings, coerce
from explorer.panels.widgets import NumberBox, label, row

LABEL_WIDTH, EDITOR_WIDTH = 120, 130  # the same columns in the forms of all groups


class RangeBox(QWidget):
    """Two numbers, the lower and the upper end of a range.

    Signals:
        edited: either end changed.
    """

    edited = Signal()

    def __init__(self, description: Description) -> None:
        super().__init__()
        self.low, self.high = (
            NumberBox(description.low, description.high, description.step) for _ in range(2)
        )
        self.low.setAccessibleName(f"{description.label}, from")
        self.high.setAccessibleName(f"{description.label}, to")
        self.setLayout(row(self.low, label("to"), self.high))
        self.low.valueChanged.connect(self.edited)
        self.high.valueChanged.connect(self.edited)


Editor = QSpinBox | NumberBox | RangeBox | QLineEdit | QComboBox


def make_editor(description: Description) -> Editor:
    """The entry field for a setting."""
    match description.kind:
        case "integer":
            box = QSpinBox()
            box.setRange(int(description.low), int(description.high))
            box.setSingleStep(int(description.step))
            box.setKeyboardTracking(False)
            box.setGroupSeparatorShown(True)
            box.setSuffix(f" {description.unit}" if description.unit else "")
            return box
        case "number":
            return NumberBox(description.low, description.high, description.step)
        case "range":
            return RangeBox(description)
        case "layers":
            return QLineEdit()
        case "choice":
            choices = QComboBox()
            choices.addItems(description.choices)
            return choices


def value_of(editor: Editor) -> Any:
    """What is entered, for `schema.coerce` to check."""
    if isinstance(editor, RangeBox):
        return (editor.low.exact_value(), editor.high.exact_value())
    if isinstance(editor, QLineEdit):
        return editor.text()
    if isinstance(editor, QComboBox):
        return editor.currentText()
    return editor.exact_value() if isinstance(editor, NumberBox) else editor.value()


def show_in(editor: Editor, value: Any) -> None:
    """Show a setting's value."""
    if isinstance(editor, RangeBox):
        editor.low.show_exactly(value.low)
        editor.high.show_exactly(value.high)
    elif isinstance(editor, NumberBox):
        editor.show_exactly(value)
    elif isinstance(editor, QLineEdit):
        editor.setText(", ".join(map(str, value)))
    elif isinstance(editor, QComboBox):
        editor.setCurrentText(value)
    else:
        editor.setValue(value)


class WheelGuard(QObject):
    """Scrolling past a field must not change it: only the field in use takes the wheel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave the wheel to the form around a field that has not the focus."""
        if event.type() == QEvent.Type.Wheel and not cast("QWidget", watched).hasFocus():
            event.ignore()
            return True
        return False


class SettingsForm(QScrollArea):
    """One row per setting under its group's heading, with unit and help.

    An impossible value is marked where it was typed and a sentence says why; `settings` is then
    None until it is mended.

    Signals:
        edited: the user changed something; `settings` is up to date.
    """

    edited = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings: Settings | None = settings
        self.editors: dict[str, Editor] = {}
        self._wheel_guard = WheelGuard(self)
        self.errors = {name: label("", "warning", wrap=True) for name in DESCRIPTIONS}
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(10, 6, 10, 10)
        for group in dict.fromkeys(d.group for d in DESCRIPTIONS.values()):
            layout.addWidget(label(group, "heading"))
            layout.addLayout(self._group(group))
        layout.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Settings")
        self.show_settings(settings)

    def _group(self, group: str) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.setVerticalSpacing(3)
        for name, description in DESCRIPTIONS.items():
            if description.group != group:
                continue
            editor = make_editor(description)
            editor.setObjectName(name)
            editor.setAccessibleName(description.label)
            editor.setAccessibleDescription(description.help)
            editor.setToolTip(description.help)
            editor.setMinimumWidth(EDITOR_WIDTH)
            self._connect(editor)
            for part in (editor, *editor.findChildren(NumberBox)):
                part.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                part.installEventFilter(self._wheel_guard)
            self.editors[name] = editor
            unit = "" if isinstance(editor, QSpinBox) else description.unit
            title = label(description.label, buddy=editor)
            title.setMinimumWidth(LABEL_WIDTH)
            form.addRow(title, row(editor, label(unit, "muted")))
            self.errors[name].hide()
            form.addRow(self.errors[name])
            explanation = label(description.help, "muted", wrap=True)
            explanation.setContentsMargins(0, 0, 0, 7)
            form.addRow(explanation)
        return form

    def _connect(self, editor: Editor) -> None:
        if isinstance(editor, RangeBox):
            editor.edited.connect(self._on_edited)
        elif isinstance(editor, QLineEdit):
            editor.textEdited.connect(self._on_edited)
        elif isinstance(editor, QComboBox):
            editor.currentTextChanged.connect(self._on_edited)
        else:
            editor.valueChanged.connect(self._on_edited)

    def show_settings(self, settings: Settings) -> None:
        """Show settings that came from elsewhere."""
        self.settings = settings
        for name, editor in self.editors.items():
            with QSignalBlocker(editor):
                show_in(editor, getattr(settings, name))
        self._show_error(None)

    @Slot()
    def _on_edited(self) -> None:
        try:
            values = {name: coerce(name, value_of(e)) for name, e in self.editors.items()}
            self.settings = Settings(**values)
        except SettingsError as error:
            self.settings = None
            self._show_error(error)
        else:
            self._show_error(None)
        self.edited.emit()

    def _show_error(self, error: SettingsError | None) -> None:
        for name, text in self.errors.items():
            wrong = error is not None and error.field == name
            text.setText(str(error) if wrong else "")
            text.setVisible(wrong)
            editor = self.editors[name]
            if isinstance(editor, QLineEdit) and editor.property("invalid") != wrong:
                editor.setProperty("invalid", wrong)
                editor.style().unpolish(editor)
                editor.style().polish(editor)
