"""The sandbox in little: its points and steps, above the instruments that look at them."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.panels.sandbox.fit_plot import FitPlot
from explorer.panels.sandbox.panel import connect_fit, draw_fit
from explorer.panels.sandbox.step_bar import StepBar
from explorer.panels.widgets.style import Theme
from explorer.state.workspace import Workspace

HEIGHT = 170  # pixels at least


class SmallSandbox(QWidget):
    """The sandbox's plot and its step bar."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sandbox = workspace.sandbox
        self._drawn: tuple[object, object] = None, None
        self.fit = FitPlot()
        self.give_room(HEIGHT)
        for side in ("bottom", "left"):  # there is little room, and x and y go without saying
            self.fit.getPlotItem().getAxis(side).showLabel(False)
        self.step_bar = StepBar(workspace.sandbox, workspace.player)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.fit)
        layout.addWidget(self.step_bar)
        connect_fit(self.fit, self._sandbox)
        self._sandbox.changed.connect(self._on_changed)
        self._on_changed()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self.fit.apply_theme(theme)

    def give_room(self, height: int) -> None:
        """Let the plot be so many pixels high, or more where these are too few."""
        self.fit.setFixedHeight(max(height, HEIGHT))

    def take_focus(self) -> None:
        """Keys go to the plot."""
        self.fit.setFocus()

    @Slot()
    def _on_changed(self) -> None:
        self.fit.take(self._sandbox.state)

    def draw(self) -> None:
        """Bring the plot up to date; the panel calls this."""
        newest = self._sandbox.state, self._sandbox.answer
        if newest != self._drawn:
            self._drawn = newest
            draw_fit(self.fit, self._sandbox)
