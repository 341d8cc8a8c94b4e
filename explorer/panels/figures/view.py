"""A figure as it grows: title, legend, panels, and under them how it came about."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from explorer.core.figures.figure import Figure, Panel
from explorer.panels.figures.look import entries_of, one_legend_serves
from explorer.panels.figures.panel_box import PanelBox
from explorer.panels.figures.panel_plot import SMALLEST, shape_of
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.flow import FigureLegend
from explorer.panels.widgets.style import LIGHT, Theme
from explorer.state.frame_clock import FrameClock

FIGURES_PER_SECOND = 10.0  # a figure that grows gains nothing from more
UNFINISHED = "Not finished: the figure shows what was known by then."


class FigureView(QScrollArea):
    """Draws the newest figure on the frame clock, and scrolls where it needs more room."""

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._theme = LIGHT
        self._figure: Figure | None = None
        self._drawn: Figure | None = None
        self._state = ""
        self.boxes: list[PanelBox] = []
        self._places: list[tuple[int, int]] = []  # of the boxes in the grid
        self.hint = label("", "hint", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label("", "heading", wrap=True)
        self.legend = FigureLegend()
        self.notes = label("", "warning", wrap=True)
        self.protocol = label("", "muted", wrap=True)
        self.state = label("", "muted", wrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName("Figure")
        content = QWidget()
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 6, 6, 0)
        layout.setSpacing(6)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.title)
        layout.addWidget(self.state)
        layout.addWidget(self.legend)
        layout.addLayout(self._grid, 1)
        layout.addWidget(self.notes)
        layout.addWidget(self.protocol)
        for text in (self.notes, self.protocol):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWidget(content)
        self.viewport().installEventFilter(self)
        self._show_texts()

    @property
    def figure(self) -> Figure | None:
        """The newest figure."""
        return self._figure

    def take(self, figure: Figure | None, hint: str = "", state: str = "") -> None:
        """Show another figure at the next frame.

        Args:
            figure: None to show the hint.
            hint: what would fill the room.
            state: what else is to be said of the figure, such as that it is not finished.
        """
        self._figure, self._state = figure, state
        self.hint.setText(hint)
        self.request()

    def request(self) -> None:
        """Draw when there is time."""
        self._clock.request(self.draw, FIGURES_PER_SECOND)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self._theme = theme
        for box in self.boxes:
            box.plot.apply_theme(theme)
        self._show_legends()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As many panels side by side as there is room for."""
        if watched is self.viewport() and event.type() == QEvent.Type.Resize:
            self._arrange()
        elif watched is self.viewport() and event.type() == QEvent.Type.Show:
            self.request()  # nothing was drawn while nobody saw it
        return bool(super().eventFilter(watched, event))

    def draw(self) -> None:
        """Bring everything up to date; the frame clock calls this."""
        if not self.isVisible():
            return
        self._show_texts()
        if self._figure is self._drawn:
            return
        before, self._drawn = self._drawn, self._figure
        panels = self._panels
        same_item = before is not None and before.item == getattr(self._figure, "item", None)
        shapes = [shape_of(panel) for panel in panels[: len(self.boxes)]]
        if not same_item or [shape_of(box.plot.panel) for box in self.boxes] != shapes:
            self._clear()
        for box, panel in zip(self.boxes, panels, strict=False):
            box.draw(panel)
        if len(self.boxes) < len(panels):
            self._clock.request(self._make_next)
        self._show_legends()

    @property
    def _panels(self) -> tuple[Panel, ...]:
        return self._figure.panels if self._figure is not None else ()

    def _clear(self) -> None:
        for box in self.boxes:
            box.take_away(self._grid)
        self.boxes, self._places = [], []

    def _make_next(self) -> None:
        """Add one panel, the others in the frames that follow: axes take long to make."""
        if self._figure is not self._drawn or len(self.boxes) >= len(self._panels):
            return  # another figure came, whose drawing asks for what it lacks
        panel = self._panels[len(self.boxes)]
        box = PanelBox(panel)
        self.boxes.append(box)
        box.plot.apply_theme(self._theme)
        box.plot.draw(panel)
        self._arrange()
        if len(self.boxes) < len(self._panels):
            self._clock.request(self._make_next)
        self._show_legends()

    def _arrange(self) -> None:
        """As many columns as the figure has, or as fit and keep its rows together."""
        wanted = min(self._figure.columns, len(self._panels)) if self._figure else 1
        room = max(1, self.viewport().width() // (SMALLEST[0] + 12))
        fitting = [n for n in range(1, wanted + 1) if wanted % n == 0 and n <= room]
        columns = fitting[-1] if fitting else 1
        places = [divmod(index, columns) for index in range(len(self.boxes))]
        if places == self._places:
            return
        self._places = places
        for box in self.boxes:
            self._grid.removeWidget(box)
        for column in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, int(column < columns))
        for box, place in zip(self.boxes, places, strict=True):
            self._grid.addWidget(box, *place)
        previous: QWidget = self
        for box in self.boxes:
            QWidget.setTabOrder(previous, box.plot)
            previous = box.plot

    def _show_legends(self) -> None:
        shared = one_legend_serves(self._panels)
        for box in self.boxes:
            box.show_legend(self._theme, not shared)
        self.legend.show_entries(self._theme, entries_of(self._panels) if shared else ())

    def _show_texts(self) -> None:
        figure = self._figure
        texts = {
            self.title: figure.title if figure else "",
            self.state: self._state if figure else "",
            self.notes: "\n".join(figure.notes) if figure else "",
            self.protocol: "\n".join([*figure.protocol, figure.provenance]).strip()
            if figure
            else "",
        }
        for widget, text in texts.items():
            widget.setText(text)
            widget.setVisible(bool(text))
        self.hint.setVisible(figure is None)
