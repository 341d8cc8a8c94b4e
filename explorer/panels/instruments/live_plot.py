"""A picture of an instrument: it answers to presses and drags where the instrument does."""

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from explorer.core.figures.figure import Panel
from explorer.panels.figures.panel_plot import TIP, PanelPlot


class LivePlot(PanelPlot):
    """Turns presses into wishes, where its panel says that it can be pressed.

    Signals:
        pressed: where, x and y.
    """

    pressed = Signal(float, float)

    def __init__(self, panel: Panel, parent: QWidget | None = None) -> None:
        super().__init__(panel, parent)
        self._is_held = False
        if panel.press:
            self.setToolTip(f"{panel.press}\n{TIP}")
            self.viewport().setCursor(Qt.CursorShape.CrossCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to press, or take hold of the data where there is nothing to press."""
        if self.panel.press and event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            if self.is_inside(event.position()):
                self._is_held = True
                self._tell(event.position())
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on pressing somewhere else."""
        if self._is_held:
            event.accept()
            self._tell(event.position())
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._is_held = False
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A fast second press is a press like any other."""
        if self.panel.press:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def _tell(self, position: QPointF) -> None:
        at = self.data_inside(position)
        self.pressed.emit(at.x(), at.y())
