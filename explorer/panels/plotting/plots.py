"""What all plots share: still axes, theme colours, and a logarithmic axis that hides nothing.

Painting a plot costs training speed wherever it runs Python, which keeps the interpreter's lock.
So the axes with their grid and text are painted once, into the background that Qt keeps, and
everything else is left to Qt: neither `Plot` nor what it lies in may override `paintEvent` or
`event` in Python.
"""

import math
from typing import TypeVar

import numpy as np
import pyqtgraph as pg
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView, QWidget, QWidgetAction

from explorer.core.base.texts import superscript
from explorer.panels.plotting.curves import Curve, RoughCurve
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.style import Theme, pen
from explorer.state.competitors import ROLES

Item = TypeVar("Item", bound=QGraphicsItem)
LOG_FLOOR, LOG_CEILING = 1e-5, 1e6
BEYOND = 1e6  # values further out are off any screen; painters choke on 1e16
GRID_ALPHA = 38  # of 255
LEFT_WIDTH = 56  # pixels: a number such as 0.001, and the name of the axis beside it


class Axis(pg.AxisItem):  # type: ignore[misc]
    """An axis that is part of its plot's background."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.counts = False  # whether only whole numbers mean something on it
        self.enableAutoSIPrefix(False)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)

    def tickSpacing(  # noqa: N802 - pyqtgraph's name
        self, low: float, high: float, size: float
    ) -> list[tuple[float, float]]:
        """Distance and offset of the ticks, the widest first."""
        levels: list[tuple[float, float]] = super().tickSpacing(low, high, size)
        if not self.counts:
            return levels
        return [level for level in levels if level[0] >= 1] or [(1.0, 0.0)]

    @property
    def is_stale(self) -> bool:
        """Whether it changed since it was last painted."""
        return self.picture is None

    def paint_on(self, background: QPainter) -> None:
        """Paint line, ticks, numbers and grid."""
        background.save()
        background.setTransform(self.sceneTransform(), True)
        self.paint(background, None, None)
        background.restore()


class LogAxis(Axis):
    """Ticks at powers of ten, with 2 and 5 between them where there is room.

    The values on the axis are log₁₀ already: pyqtgraph's own log mode would have to see the data
    before they are clipped, and crowds its labels.
    """

    def tickValues(  # noqa: N802 - pyqtgraph's name
        self, low: float, high: float, size: float
    ) -> list[tuple[float, list[float]]]:
        """Major ticks (labelled) and minor ones (grid only)."""
        decades = range(math.floor(low), math.ceil(high) + 1)
        roomy = size / max(high - low, 1e-9) >= 75  # pixels to a decade
        mantissas = (1, 2, 5) if roomy else (1,)
        major = [e + math.log10(m) for e in decades for m in mantissas]
        minor = [e + math.log10(m) for e in decades for m in range(1, 10)]
        inside = [[v for v in values if low <= v <= high] for values in (major, minor)]
        return [(1.0, inside[0]), (0.1, [v for v in inside[1] if v not in inside[0]])]

    def tickStrings(  # noqa: N802 - pyqtgraph's name
        self, values: list[float], _scale: float, spacing: float
    ) -> list[str]:
        """Plain numbers near one, powers of ten further out; there 2 and 5 go without a name."""
        return [""] * len(values) if spacing < 1 else [_name_of(value) for value in values]


def _name_of(value: float) -> str:
    """What stands at 10 to the power of a value."""
    if -3.01 < value < 4:
        return f"{10**value:.4g}"
    power = round(value)
    return f"10{superscript(power)}" if math.isclose(value, power, abs_tol=1e-6) else ""


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """A plot whose view is set by the program: no panning, zooming or context menu."""

    def __init__(
        self,
        name: str,
        x_label: str,
        y_label: str,
        log_y: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        left, bottom = LogAxis("left") if log_y else Axis("left"), Axis("bottom")
        self._axes = left, bottom
        self._background_due = False
        super().__init__(parent, axisItems={"left": left, "bottom": bottom}, enableMenu=False)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Or every scene would have the window painted as soon as it has changed.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setAccessibleName(name)
        self._view: dict[str, tuple[float, float, float]] = {}
        item = self.getPlotItem()
        _drop_controls(item)
        left.setWidth(LEFT_WIDTH)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        self.show_grid(True)
        item.setLabel("bottom", x_label)
        item.setLabel("left", y_label)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents, False)
        self.viewport().installEventFilter(self)

        self.hint = label("", "hint", wrap=True)
        self.hint.setParent(self)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_grid(self, wanted: bool) -> None:
        """Draw faint lines at the ticks, or none."""
        for axis in self._axes:
            axis.setGrid(GRID_ALPHA if wanted else False)

    def take_apart(self) -> None:
        """Delete the plot at once; nothing of it may be used again.

        The objects of a plot hold each other in cycles of references. So what Python has of them
        would outlive the plot until a collection finds it; here they let go of each other.
        """
        parts = [self, self.scene(), *self.scene().items()]
        shiboken6.delete(self)
        for part in parts:
            vars(part).clear()
        self.plotItem = None  # or pyqtgraph would look for it for ever

    def show_hint(self, text: str) -> None:
        """Say over an empty plot what would fill it; an empty text hides the hint."""
        if self.hint.text() != text:
            self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the hint in the middle of the plot, clear of the axis."""
        super().resizeEvent(event)
        if hasattr(self, "hint"):
            self.hint.setGeometry(60, 0, max(self.width() - 70, 0), self.height() - 70)

    def sizeHint(self) -> QSize:
        """Small: layouts hand out the room by their stretch factors."""
        return QSize(200, 120)

    paintEvent = QGraphicsView.paintEvent  # not pyqtgraph's, which runs in Python; see the filter

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Whatever the reason for a paint, the scene is ready for it."""
        if event.type() == QEvent.Type.Paint and watched is self.viewport():
            self.settle()
        return bool(super().eventFilter(watched, event))

    @property
    def is_in_sight(self) -> bool:
        """Whether any of it can be seen, and is not scrolled away."""
        return not self.viewport().visibleRegion().isEmpty()

    def settle(self) -> None:
        """Make the scene ready to be painted."""
        self.scene().prepareForPaint()
        if any(axis.is_stale for axis in self._axes) and not self._background_due:
            self._background_due = True
            self.resetCachedContent()

    def show_changes(self) -> None:
        """Have the plot painted anew, together with all else that changes in this frame."""
        self.settle()
        self.viewport().update()

    def drawBackground(  # noqa: N802 - Qt's name
        self, painter: QPainter, rect: QRectF | QRect
    ) -> None:
        """Paint what stays the same from frame to frame."""
        self._background_due = False
        super().drawBackground(painter, rect)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        for axis in self._axes:
            axis.paint_on(painter)

    def show_range(self, side: str, low: float, high: float, padding: float) -> None:
        """Fix what the x or y axis spans; padding is a share of that."""
        if self._view.get(side) != (low, high, padding):
            self._view[side] = low, high, padding
            self.setRange(**{f"{side}Range": (low, high)}, padding=padding)

    def add_curve(self, z: float = 0.0, antialias: bool = True) -> Curve:
        """An empty curve that breaks at values that are not finite."""
        return self.add(Curve() if antialias else RoughCurve(), z)

    def add_hidden(self, role: str, z: float, look: QPen) -> Curve:
        """A role's curve, not visible yet; whoever is shown first, it lies where the list has it.

        Args:
            role: of the sandbox's `ROLES`.
            z: its layer, which ends below the next whole number.
            look: how it is drawn.
        """
        curve = self.add_curve(z + ROLES.index(role) / len(ROLES))
        curve.setPen(look)
        curve.setVisible(False)
        return curve

    def add(self, item: Item, z: float) -> Item:
        """Put an item that lives in data coordinates on the plot."""
        item.setZValue(z)
        self.getPlotItem().getViewBox().addItem(item, ignoreBounds=True)
        return item

    def take_away(self, item: QGraphicsItem) -> None:
        """Remove an item that `add` put there."""
        self.getPlotItem().getViewBox().removeItem(item)

    def data_at(self, position: QPointF) -> QPointF:
        """Where a position of the mouse is in the data."""
        box = self.getPlotItem().getViewBox()
        at: QPointF = box.mapSceneToView(self.mapToScene(position.toPoint()))
        return at

    def data_inside(self, position: QPointF) -> QPointF:
        """Where a position is in the data, held inside the view."""
        return self.held_inside(self.data_at(position))

    def held_inside(self, at: QPointF) -> QPointF:
        """The nearest place in the data that is in the view."""
        (left, right), (low, high) = self.getPlotItem().getViewBox().viewRange()
        return QPointF(min(max(at.x(), left), right), min(max(at.y(), low), high))

    def is_inside(self, position: QPointF) -> bool:
        """Whether a position of the mouse is within the axes."""
        box = self.getPlotItem().getViewBox()
        return bool(box.sceneBoundingRect().contains(self.mapToScene(position.toPoint())))

    def apply_theme(self, theme: Theme) -> None:
        """Recolour background and axes."""
        self.setBackground(theme.base)
        for axis in self._axes:
            axis.setPen(pen(theme, theme.border))
            axis.setTextPen(pen(theme, theme.muted))
        self.show_changes()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave every key to the window; a graphics view would scroll."""
        event.ignore()

    def wheelEvent(self, event: object) -> None:
        """The view is fixed."""


def _drop_controls(item: pg.PlotItem) -> None:
    """Delete the menu that pyqtgraph makes for every plot: some forty widgets that nobody opens.

    They would be dressed anew with every theme, and hang on to the plot in cycles of references.
    """
    for action in item.findChildren(QWidgetAction):
        shiboken6.delete(action)
    shiboken6.delete(item.ctrlMenu)
    item.ctrlMenu = item.ctrl = item.stateGroup = None


def log_values(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """log₁₀, held within what an axis can show; NaN stays NaN and breaks the curve."""
    infinite = np.where(np.isinf(values), LOG_CEILING, values)
    result: NDArray[np.float64] = np.log10(np.clip(infinite, LOG_FLOOR, LOG_CEILING))
    return result


def drawable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values as painters bear them; NaN where there is nothing, which breaks the curve."""
    finite = np.where(np.isfinite(values), values, np.nan)
    result: NDArray[np.float64] = np.clip(finite, -BEYOND, BEYOND)
    return result


def steady(span: float) -> float:
    """A growing span rounded up by 3 % at most, so that its axis changes only now and then."""
    step = 2.0 ** (math.ceil(math.log2(span)) - 6)
    return math.ceil(span / step) * step
