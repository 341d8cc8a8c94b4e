"""A picture of an instrument: it answers to presses and drags where the instrument does."""

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from explorer.core.figures.figure import Panel
from explorer.panels.figures.items import on_axis
from explorer.panels.figures.panel_plot import TIP, PanelPlot
from explorer.panels.plotting.curves import Ring
from explorer.panels.widgets.style import Theme, pen

STEPS = 40  # of an arrow key from one end of the picture to the other
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Up: (0, 1),
}
PLAIN = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
TOP = 50.0  # layer, over all curves


class LivePlot(PanelPlot):
    """Turns presses into wishes, where its panel says that it can be pressed.

    The arrow keys press too while it has the focus: beside where it was pressed last, or where its
    star is. A ring shows where.

    Signals:
        pressed: where, x and y.
    """

    pressed = Signal(float, float)

    def __init__(self, panel: Panel, parent: QWidget | None = None) -> None:
        super().__init__(panel, parent)
        self._is_held = False
        self._last: QPointF | None = None  # where it was pressed, since it has the focus
        self.ring = self.add(Ring(), TOP)
        self.ring.setVisible(False)
        if panel.press:
            self.setToolTip(f"{panel.press} Or with the arrow keys.\n{TIP}")
            self.viewport().setCursor(Qt.CursorShape.CrossCursor)
            self.installEventFilter(self)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        super().apply_theme(theme)
        self.ring.setPen(pen(theme, theme.text, 2))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the arrow keys before they become the window's shortcuts."""
        about_to = watched is self and event.type() == QEvent.Type.ShortcutOverride
        if about_to and isinstance(event, QKeyEvent) and self._is_arrow(event):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def _is_arrow(self, event: QKeyEvent) -> bool:
        return bool(self.panel.press) and event.key() in ARROWS and event.modifiers() in PLAIN

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press a little further on, or zoom."""
        if not self._is_arrow(event):
            super().keyPressEvent(event)
            return
        event.accept()
        right, up = ARROWS[Qt.Key(event.key())]
        x, y = self.getPlotItem().getViewBox().viewRange()
        place = self._place
        step = QPointF(right * (x[1] - x[0]) / STEPS, up * (y[1] - y[0]) / STEPS)
        self._press(self.held_inside(place + step))
        self._show_ring()

    @property
    def _place(self) -> QPointF:
        """Where a key goes on from: the last press, what the panel marks, or the middle."""
        (left, right), (low, high) = self.getPlotItem().getViewBox().viewRange()
        marked = mark_of(self.panel)
        middle = QPointF((left + right) / 2, (low + high) / 2)
        return self._last or self.held_inside(middle if marked is None else QPointF(*marked))

    def _show_ring(self) -> None:
        self.ring.setPos(self._place)
        self.ring.setVisible(True)
        self.show_changes()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the arrow keys begin, if they are what brought it here."""
        super().focusInEvent(event)
        self._last = None
        if self.panel.press and event.reason() != Qt.FocusReason.MouseFocusReason:
            self._show_ring()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They go elsewhere."""
        super().focusOutEvent(event)
        self._hide_ring()

    def _hide_ring(self) -> None:
        if self.ring.isVisible():
            self.ring.setVisible(False)
            self.show_changes()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to press, or take hold of the data where there is nothing to press."""
        if self.panel.press and event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._hide_ring()
            if self.is_inside(event.position()):
                self._is_held = True
                self._press(self.data_inside(event.position()))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on pressing somewhere else."""
        if self._is_held:
            event.accept()
            self._press(self.data_inside(event.position()))
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

    def _press(self, at: QPointF) -> None:
        self._last = at
        self.pressed.emit(at.x(), at.y())


def mark_of(panel: Panel) -> tuple[float, float] | None:
    """Where a panel has its star or else, as the last of them, a lone point or a rule of points."""
    stars: list[tuple[float, float]] = []
    marks: list[tuple[float, float]] = []
    for curve in panel.curves:
        known = np.isfinite(curve.x) & np.isfinite(on_axis(curve.y, panel.log_y))
        x, y = curve.x[known], on_axis(curve.y, panel.log_y)[known]
        is_rule = curve.role == "points" and len(x) == 2 and (np.ptp(x) == 0 or np.ptp(y) == 0)
        if is_rule or (curve.markers and len(x) == 1):
            (stars if curve.star else marks).append((float(x.mean()), float(y.mean())))
    return next(iter(stars + marks[::-1]), None)
