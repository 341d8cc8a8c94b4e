"""Entry fields for settings, generated from their descriptions."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QWidget

from explorer.core.base.fields import Description
from explorer.panels.widgets.controls import NumberBox, label, row


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
        case "layers" | "text":
            return QLineEdit()
        case "choice":
            choices = QComboBox()
            captions = description.captions or description.choices
            for caption, value in zip(captions, description.choices, strict=True):
                choices.addItem(caption, value)
            return choices


def value_of(editor: Editor) -> Any:
    """What is entered, for `fields.coerce` to check."""
    if isinstance(editor, RangeBox):
        return (editor.low.exact_value(), editor.high.exact_value())
    if isinstance(editor, QLineEdit):
        return editor.text()
    if isinstance(editor, QComboBox):
        return editor.currentData()
    return editor.exact_value() if isinstance(editor, NumberBox) else editor.value()


def show_in(editor: Editor, value: Any) -> None:
    """Show a setting's value."""
    if isinstance(editor, RangeBox):
        editor.low.show_exactly(value.low)
        editor.high.show_exactly(value.high)
    elif isinstance(editor, NumberBox):
        editor.show_exactly(value)
    elif isinstance(editor, QLineEdit):
        editor.setText(value if isinstance(value, str) else ", ".join(map(str, value)))
        editor.setCursorPosition(0)  # a long text is read from its beginning
    elif isinstance(editor, QComboBox):
        editor.setCurrentIndex(editor.findData(value))
    else:
        editor.setValue(value)


def on_edit(editor: Editor, slot: Callable[[], None]) -> None:
    """Call a slot when the user changes what is entered."""
    if isinstance(editor, RangeBox):
        editor.edited.connect(slot)
    elif isinstance(editor, QLineEdit):
        editor.textEdited.connect(slot)
    elif isinstance(editor, QComboBox):
        editor.currentIndexChanged.connect(slot)
    else:
        editor.valueChanged.connect(slot)
