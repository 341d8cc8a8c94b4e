"""One instrument: its answer, its pictures, what can be chosen, and what is drawn."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QMoveEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import descriptions
from explorer.core.figures.figure import Panel
from explorer.core.instruments import Action, Instrument, Reading
from explorer.panels.figures.look import entries_of, one_legend_serves
from explorer.panels.figures.panel_box import PanelBox, align
from explorer.panels.figures.panel_plot import shape_of
from explorer.panels.instruments.live_plot import LivePlot
from explorer.panels.widgets.controls import NumberBox, button, label, put
from explorer.panels.widgets.editors import Editor, make_editor, on_edit, show_in, value_of
from explorer.panels.widgets.flow import FigureLegend, FlowLayout
from explorer.panels.widgets.style import LIGHT, Theme
from explorer.state.frame_clock import FrameClock
from explorer.state.instruments import Instruments

NUMBER_WIDTH = 78  # pixels: what is pressed has more digits than the ends of its range
EXPLAIN, HINT = "What is drawn?", "Hint"


class InstrumentView(QFrame):
    """Shows what an instrument reads, and passes on what is pressed and chosen.

    Signals:
        export_wanted: the `Figure` to export.
        moved: it lies elsewhere, perhaps in sight.
    """

    export_wanted = Signal(object)
    moved = Signal()

    def __init__(
        self,
        instrument: Instrument,
        state: Instruments,
        clock: FrameClock,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.instrument, self._state, self._clock = instrument, state, clock
        self._theme = LIGHT
        self._reading: Reading | None = None
        self.boxes: list[PanelBox] = []
        self.sentence = label("", "answer", wrap=True)
        self.remarks = label("", "muted", wrap=True)
        self.explanation = label("\n".join(instrument.explanation), "muted", wrap=True)
        self.explanation.setVisible(False)
        pictured = instrument.columns > 0
        self.explain = button(EXPLAIN if pictured else HINT, "More of it in a few lines")
        self.explain.setCheckable(True)
        self.export = button("Export…", "Write the picture as SVG, PNG and CSV")
        if not pictured:
            self.export.hide()
        self.legend = FigureLegend()
        self.editors: dict[str, Editor] = {}
        self.actions_shown: list[QAbstractButton] = []
        self._lay_out()
        self.explain.toggled.connect(self.explanation.setVisible)
        self.export.clicked.connect(self._on_export)
        state.changed.connect(self.show_choice)
        self.show_choice()

    def _lay_out(self) -> None:
        self.setProperty("role", "instrument")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 8)
        layout.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(label(self.instrument.title, "heading", wrap=True), 1)
        head.addWidget(self.explain)
        head.addWidget(self.export)
        layout.addLayout(head)
        layout.addWidget(self.sentence)
        layout.addWidget(self.explanation)
        if self.instrument.choice is not None:
            layout.addLayout(self._controls())
        self._action_row = FlowLayout()
        layout.addLayout(self._action_row)
        layout.addWidget(self.legend)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        layout.addLayout(self._grid, self.instrument.columns and 1)
        layout.addStretch()  # takes the room while there are no pictures
        layout.addWidget(self.remarks)

    def _controls(self) -> QHBoxLayout:
        controls = QHBoxLayout()
        choice = self.instrument.choice
        for name, description in ({} if choice is None else descriptions(choice)).items():
            editor = make_editor(description)
            editor.setToolTip(description.help)
            if isinstance(editor, NumberBox):
                editor.setMinimumWidth(NUMBER_WIDTH)
            editor.setAccessibleName(description.label)
            on_edit(editor, lambda *_, name=name: self._on_edit(name))
            self.editors[name] = editor
            controls.addWidget(label(description.label, buddy=editor))
            controls.addWidget(editor)
        controls.addStretch(1)
        return controls

    def take(self, reading: Reading | None) -> None:
        """Show what was read; the frame clock calls this. Pictures out of sight are left alone."""
        self._reading = reading
        panels = () if reading is None else reading.panels
        self._show_actions(() if reading is None else reading.actions)
        shapes = [shape_of(panel) for panel in panels[: len(self.boxes)]]
        if [shape_of(box.plot.panel) for box in self.boxes] != shapes:
            self.clear()
        for box, panel in zip(self.boxes, panels, strict=False):
            if box.plot.is_in_sight:
                box.plot.draw(panel)
        if len(self.boxes) < len(panels):
            self._clock.request(self._make_next)

    def show_texts(self) -> None:
        """Put newer words above and under the pictures."""
        reading = self._reading
        panels = () if reading is None else reading.panels
        remarks = "" if reading is None else "\n".join(reading.remarks)
        put("" if reading is None else reading.sentence, self.sentence)
        put(remarks, self.remarks)
        self.remarks.setVisible(bool(remarks))
        self.export.setEnabled(bool(panels))
        for box, panel in zip(self.boxes, panels, strict=False):
            box.show_title(panel)
        self._show_legends(panels)
        self._align()

    def _show_actions(self, actions: Sequence[Action]) -> None:
        """The buttons and switches; the same ones as long as they have the same words."""
        if [each.text() for each in self.actions_shown] != [each.label for each in actions]:
            for each in self.actions_shown:
                self._action_row.removeWidget(each)
                each.hide()  # until it is deleted it would lie over the new ones, and take clicks
                each.deleteLater()
            self.actions_shown = [self._make_action(i, a) for i, a in enumerate(actions)]
        for shown, action in zip(self.actions_shown, actions, strict=True):
            shown.setToolTip(action.tip)
            if action.on is not None and shown.isChecked() != action.on:
                shown.setChecked(action.on)  # `clicked` is the user's alone

    def _make_action(self, number: int, action: Action) -> QAbstractButton:
        made = button(action.label, action.tip) if action.on is None else QCheckBox(action.label)
        made.clicked.connect(lambda: self._on_action(number))
        self._action_row.addWidget(made)
        return made

    def _on_action(self, number: int) -> None:
        if self._reading is not None:
            self._state.grant(self.instrument, self._reading.actions[number].wish)

    def moveEvent(self, event: QMoveEvent) -> None:
        """The texts of another instrument take more or less room."""
        super().moveEvent(event)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In another width texts take other room."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            for text in (self.sentence, self.remarks, *(box.title for box in self.boxes)):
                text.setMinimumHeight(0)

    @property
    def is_whole(self) -> bool:
        """Whether all of its pictures are made."""
        return self._reading is not None and len(self.boxes) == len(self._reading.panels)

    @property
    def shows_only_words(self) -> bool:
        """Whether none of its pictures can be seen."""
        return not any(box.plot.is_in_sight for box in self.boxes)

    def clear(self) -> None:
        """Take the pictures apart."""
        for box in self.boxes:
            box.take_away(self._grid)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        self.boxes = []

    def _make_next(self) -> None:
        """Add one picture, the others in the frames that follow: axes take long to make."""
        panels = () if self._reading is None else self._reading.panels
        number = len(self.boxes)
        if number >= len(panels):
            return
        box = PanelBox(panels[number], make_plot=LivePlot)
        self.boxes.append(box)
        box.plot.apply_theme(self._theme)
        box.plot.draw(panels[number])
        if isinstance(box.plot, LivePlot):
            box.plot.pressed.connect(partial(self._on_press, number))
        columns = max(self.instrument.columns, 1)
        self._grid.addWidget(box, *divmod(number, columns))
        self._grid.setColumnStretch(number % columns, 1)
        self._clock.request(self._make_next if number + 1 < len(panels) else self._align)
        self._show_legends(panels)

    def _align(self) -> None:
        align(self.boxes, max(self.instrument.columns, 1))

    def _show_legends(self, panels: tuple[Panel, ...]) -> None:
        shared = one_legend_serves(panels)
        for box in self.boxes:
            box.show_legend(self._theme, not shared)
        self.legend.show_entries(self._theme, entries_of(panels) if shared else ())

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self._theme = theme
        for box in self.boxes:
            box.plot.apply_theme(theme)
        self._show_legends(() if self._reading is None else self._reading.panels)

    @Slot()
    def show_choice(self) -> None:
        """Show what is chosen."""
        choice = self._state.choices[self.instrument.name]
        for name, editor in self.editors.items():
            if value_of(editor) != getattr(choice, name):
                editor.blockSignals(True)  # or it would answer back
                show_in(editor, getattr(choice, name))
                editor.blockSignals(False)

    def _on_edit(self, name: str) -> None:
        try:
            self._state.choose(self.instrument, **{name: value_of(self.editors[name])})
        except SettingsError as error:
            self._state.failed.emit(str(error), "")

    def _on_press(self, number: int, x: float, y: float) -> None:
        self._state.press(self.instrument, number, x, y)

    @Slot()
    def _on_export(self) -> None:
        figure = self._state.figure(self.instrument)
        if figure is not None:
            self.export_wanted.emit(figure)
