"""Curves that Qt paints by itself, without the interpreter's lock, and straight lines."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

Item = TypeVar("Item")
Values = NDArray[np.float64]
_NONE: Values = np.empty(0)
_TRIANGLE = QPainterPath(QPointF(-7, 7))  # pixels
_TRIANGLE.lineTo(0, -7)
_TRIANGLE.lineTo(7, 7)
_TRIANGLE.closeSubpath()
_CIRCLE = QPainterPath()
_CIRCLE.addEllipse(QPointF(0, 0), 5.5, 5.5)  # pixels


class Curve(QGraphicsPathItem):
    """A line through points of data that breaks at values that are not finite."""

    def __init__(self) -> None:
        super().__init__()
        self._data = _NONE, _NONE

    def set_values(self, x: Values, y: Values) -> None:
        """Show other points; the arrays are kept and must not change."""
        self._data = x, y
        whole = bool(np.isfinite(y).all())
        self.setPath(pg.arrayToQPath(x, y, "all" if whole else "finite", finiteCheck=not whole))

    def getData(self) -> tuple[Values, Values]:  # noqa: N802 - pyqtgraph's name
        """The points shown."""
        return self._data

    def clear(self) -> None:
        """Show nothing."""
        if len(self._data[0]):
            self._data = _NONE, _NONE
            self.setPath(QPainterPath())


def band_path(x: Values, low: Values, high: Values) -> QPainterPath:
    """The area between two curves, in as many pieces as there are gaps in them."""
    path = QPainterPath()
    whole = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], whole, [False]]).astype(int)))
    for first, end in edges.reshape(-1, 2):
        piece = slice(first, end)
        around = np.concatenate([x[piece], x[piece][::-1]])
        heights = np.concatenate([high[piece], low[piece][::-1]])
        path.addPath(pg.arrayToQPath(around, heights, "all", finiteCheck=False))
        path.closeSubpath()
    return path


class RoughCurve(Curve):
    """A curve of very many points, whose edges need no smoothing."""

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Paint faster than smoothed."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        super().paint(painter, option, widget)


class Marker(QGraphicsPathItem):
    """A triangle that has the same size on the screen whatever the axes do."""

    shape_of_all = _TRIANGLE

    def __init__(self) -> None:
        super().__init__(self.shape_of_all)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)


class Ring(Marker):
    """A hollow circle, of which the same is true."""

    shape_of_all = _CIRCLE


class ByRole(dict[str, Item]):
    """What belongs to each role of the sandbox, made when it is first asked for.

    Most roles are never shown, and a window without their curves opens sooner.
    """

    def __init__(self, make: Callable[[str], Item]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, role: str) -> Item:
        """Make it, and keep it."""
        self[role] = item = self._make(role)
        return item


class Rule(pg.InfiniteLine):  # type: ignore[misc]
    """A horizontal or vertical line across the plot, one sharp row of pixels."""

    def paint(self, painter: QPainter, *more: object) -> None:
        """Paint without smoothing."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        super().paint(painter, *more)

    def move_to(self, value: float) -> None:
        """Go to a place on the axis."""
        if self.value() != value:
            self.setPos(value)
