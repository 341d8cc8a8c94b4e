"""The settings of an experiment as a form, generated from their descriptions."""

from collections.abc import Mapping
from typing import Any, cast

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Description, descriptions
from explorer.core.experiment.settings import FAMILY, Settings
from explorer.panels.widgets.controls import NumberBox, label, row
from explorer.panels.widgets.editors import Editor, make_editor, on_edit, show_in, value_of

LABEL_WIDTH, EDITOR_WIDTH = 120, 130  # the same columns in the forms of all groups
TEXT_WIDTH = 340  # a formula, and the ranges of its parameters


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
        self.errors: dict[str, QLabel] = {}
        self._shown: Settings | None = None
        self._wheel_guard = WheelGuard(self)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Settings")
        self.show_settings(settings)

    def _build(self, descriptions: Mapping[str, Description]) -> None:
        """Fields for the settings of another family."""
        self.editors.clear()
        self.errors = {name: label("", "warning", wrap=True) for name in descriptions}
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(10, 6, 10, 10)
        for group in dict.fromkeys(d.group for d in descriptions.values()):
            layout.addWidget(label(group, "heading"))
            members = {name: d for name, d in descriptions.items() if d.group == group}
            layout.addLayout(self._group(members))
        layout.addStretch(1)
        before = self.takeWidget()
        if before is not None:
            before.deleteLater()  # the signal of one of its fields may be what led here
        self.setWidget(content)

    def _group(self, members: Mapping[str, Description]) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.setVerticalSpacing(3)
        for name, description in members.items():
            editor = make_editor(description)
            editor.setObjectName(name)
            editor.setAccessibleName(description.label)
            editor.setAccessibleDescription(description.help)
            editor.setToolTip(description.help)
            is_text = description.kind == "text"
            editor.setMinimumWidth(TEXT_WIDTH if is_text else EDITOR_WIDTH)
            on_edit(editor, self._on_edited)
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

    def show_settings(self, settings: Settings) -> None:
        """Show settings that came from elsewhere."""
        self.settings = settings
        if self._shown is None or type(self._shown.family) is not type(settings.family):
            self._build(settings.descriptions)
        self._shown = settings
        for name, editor in self.editors.items():
            with QSignalBlocker(editor):
                show_in(editor, settings.value(name))
        self._show_error(None)

    @Slot()
    def _on_edited(self) -> None:
        values = {name: value_of(editor) for name, editor in self.editors.items()}
        assert self._shown is not None
        try:
            if values[FAMILY] != self._shown.family.name:
                self._change_family(values)
            else:
                self.settings = Settings(**values)
                self._show_error(None)
        except SettingsError as error:
            self.settings = None
            self._show_error(error)
        self.edited.emit()

    def _change_family(self, values: Mapping[str, Any]) -> None:
        """Keep what has nothing to do with the family; its own settings begin as they are best."""
        assert self._shown is not None
        of_family = descriptions(type(self._shown.family))
        in_use = self.editors[FAMILY].hasFocus()
        self.show_settings(
            Settings(**{name: value for name, value in values.items() if name not in of_family})
        )
        if in_use:  # whoever goes through the list with the arrow keys is not at its end yet
            self.editors[FAMILY].setFocus()

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
