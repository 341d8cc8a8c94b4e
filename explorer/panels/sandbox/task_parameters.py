"""The parameters of the sandbox's task: a slider for each, or a choice."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from explorer.core.base.fields import Range
from explorer.core.families.base import Parameter
from explorer.panels.widgets.controls import SliderBox, label, show_choice
from explorer.state.sandbox_state import SandboxState

IN_A_ROW = 2
DECIMALS = 4
LINE_HEIGHT = 24  # pixels
NO_PARAMETERS = "Drawn as a whole: a new task is another sample"


class TaskParameters(QWidget):
    """Shows the parameters of a task, of whatever family it is.

    Signals:
        edited: column of a parameter and the user's new value.
    """

    edited = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editors: dict[int, SliderBox | QComboBox] = {}
        self._parameters: tuple[Parameter, ...] | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for place in range(IN_A_ROW):
            self._grid.setColumnStretch(2 * place + 1, 1)

    def show_task(self, state: SandboxState) -> None:
        """Show a task, with the editors that its family and its mode need."""
        parameters = _that_matter(state)
        if parameters != self._parameters:
            before = {each: self.editors[each.column] for each in self._parameters or ()}
            self._parameters = parameters
            self._rebuild(before)
            self._keep_room(state.family.parameters)
        for parameter in parameters:
            editor, value = self.editors[parameter.column], state.task[parameter.column]
            if isinstance(editor, SliderBox):
                editor.set_range(*_span(parameter.bounds, value))
                editor.show_value(value)
            else:
                show_choice(editor, round(value))

    def _rebuild(self, before: Mapping[Parameter, SliderBox | QComboBox]) -> None:
        """Lay out anew; an editor that stays keeps the focus, if it has it."""
        parameters = self._parameters or ()
        self.editors = {
            each.column: before[each] if each in before else self._editor(each)
            for each in parameters
        }
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            if widget not in self.editors.values():
                widget.hide()
                widget.deleteLater()  # its signal may be what led here
        for number, parameter in enumerate(parameters):
            editor = self.editors[parameter.column]
            line, place = divmod(number, IN_A_ROW)
            buddy = editor.box if isinstance(editor, SliderBox) else editor
            self._grid.addWidget(label(_short(parameter), buddy=buddy), line, 2 * place)
            self._grid.addWidget(editor, line, 2 * place + 1)
        if not parameters:
            self._grid.addWidget(label(NO_PARAMETERS, "muted"), 0, 0, 1, 2 * IN_A_ROW)

    def _keep_room(self, parameters: Sequence[Parameter]) -> None:
        """Room for the mode with the most parameters, so that nothing moves with the mode."""
        modes = {each.mode for each in parameters} or {None}
        most = max(sum(each.mode in {None, mode} for each in parameters) for mode in modes)
        for line in range(self._grid.rowCount()):
            used = line < -(-most // IN_A_ROW)
            self._grid.setRowMinimumHeight(line, LINE_HEIGHT if used else 0)

    def _editor(self, parameter: Parameter) -> SliderBox | QComboBox:
        column = parameter.column
        if parameter.choices:
            choice = QComboBox()
            choice.setAccessibleName(parameter.label)
            for value, name in enumerate(parameter.choices):
                choice.addItem(name, value)
            choice.activated.connect(lambda value: self.edited.emit(column, float(value)))
            return choice
        slider = SliderBox(parameter.label, 0.1, DECIMALS)
        slider.edited.connect(lambda value: self.edited.emit(column, value))
        return slider


def _that_matter(state: SandboxState) -> tuple[Parameter, ...]:
    """The parameters of the task's mode, and those of all modes."""
    mode = round(state.task[0])
    return tuple(each for each in state.family.parameters if each.mode in {None, mode})


def _short(parameter: Parameter) -> str:
    """Its label; what the choice of the mode says already is left out."""
    return parameter.label if parameter.mode is None else parameter.label.rpartition(": ")[2]


def _span(bounds: Range, value: float) -> Range:
    """The training range, widened to a value set under another one."""
    return Range(min(bounds.low, value), max(bounds.high, value))
