"""A panel with what stands above it: its title, and a legend where it needs one of its own."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from explorer.core.figures.figure import Panel
from explorer.panels.figures.look import entries_of
from explorer.panels.figures.panel_plot import PanelPlot
from explorer.panels.widgets.controls import label, put
from explorer.panels.widgets.flow import FigureLegend
from explorer.panels.widgets.style import Theme


class PanelBox(QFrame):
    """A panel's title, its legend if it needs one of its own, and its plot."""

    def __init__(
        self,
        panel: Panel,
        parent: QWidget | None = None,
        make_plot: Callable[[Panel], PanelPlot] = PanelPlot,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.title = label(panel.title, "heading", wrap=True)
        if not panel.title:  # to show it before it has a parent would open a window
            self.title.hide()
        self.legend = FigureLegend()
        self.plot = make_plot(panel)
        self.head = QWidget()
        self._above = QVBoxLayout(self.head)
        self._above.setContentsMargins(0, 0, 0, 0)
        self._above.setSpacing(2)
        self._above.addWidget(self.title)
        self._above.addWidget(self.legend)
        self._above.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        layout.addWidget(self.plot, 1)

    @property
    def needed_above(self) -> int:
        """How high title and legend are in the present width."""
        return self._above.totalHeightForWidth(self.plot.width())

    def draw(self, panel: Panel) -> None:
        """Show newer values."""
        self.show_title(panel)
        self.plot.draw(panel)

    def show_title(self, panel: Panel) -> None:
        """Show a newer title."""
        if panel.title != self.title.text():
            put(panel.title, self.title)
            self.title.setVisible(bool(panel.title))

    def take_away(self, grid: QGridLayout) -> None:
        """Take it off the grid, and its plot apart."""
        grid.removeWidget(self)
        self.hide()
        self.plot.take_apart()
        self.deleteLater()

    def show_legend(self, theme: Theme, wanted: bool) -> None:
        """Say which curve is which."""
        self.legend.show_entries(theme, entries_of([self.plot.panel]) if wanted else ())


def align(boxes: Sequence[PanelBox], columns: int) -> None:
    """Have the plots of each row begin at one height, whatever stands above them."""
    for first in range(0, len(boxes), columns):
        row = boxes[first : first + columns]
        highest = max(box.needed_above for box in row)
        for box in row:
            box.head.setMinimumHeight(highest)
