"""What a figure's panel is made of, painted by Qt alone: curves with bands, points, heat maps."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainterPath, QTransform
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsRectItem,
    QGraphicsSimpleTextItem,
)

from explorer.core.figures.figure import Curve as CurveData
from explorer.core.figures.figure import HeatMap
from explorer.panels.figures.look import (
    Look,
    band_colour,
    bar_colour,
    line_pen,
    look_of,
    symbol_colours,
    symbol_of,
)
from explorer.panels.plotting.curves import band_path
from explorer.panels.plotting.plots import Plot, drawable, log_values
from explorer.panels.widgets.style import Theme, on_ground, pen

Values = NDArray[np.float64]
NO_LINE = Qt.PenStyle.NoPen
HATCHES = 4  # lines across a cell
TEXT_ROOM = 6  # pixels around a cell's text


def on_axis(values: Values, log_y: bool) -> Values:
    """Heights as the axis has them; NaN where it can show nothing, as for a log of 0."""
    if log_y:
        return log_values(np.where(values > 0, values, np.nan))
    return drawable(values)


def intervals_path(x: Values, low: Values, high: Values) -> QPainterPath:
    """A vertical line from low to high at each point."""
    path = QPainterPath()
    for at, bottom, top in zip(x, low, high, strict=True):
        if math.isfinite(bottom) and math.isfinite(top):
            path.moveTo(at, bottom)
            path.lineTo(at, top)
    return path


def bars_path(x: Values, low: Values, high: Values, width: float) -> QPainterPath:
    """An upright bar around each x."""
    path = QPainterPath()
    for at, bottom, top in zip(x, low, high, strict=True):
        if math.isfinite(bottom) and math.isfinite(top):
            path.addRect(QRectF(at - width / 2, bottom, width, top - bottom))
    return path


class DrawnCurve:
    """A curve of a panel with what lies around it."""

    def __init__(self, plot: Plot, number: int) -> None:
        self._plot = plot
        self._z = 2.0 + 0.01 * number
        self.band = plot.add(QGraphicsPathItem(), 1.0 + 0.01 * number)
        self.line = plot.add_curve(self._z)
        self.points: list[QGraphicsPathItem] = []
        self.look: Look | None = None
        self._shown: CurveData | None = None

    def show(self, data: CurveData, log_y: bool, theme: Theme, most: float = math.inf) -> None:
        """Show other values, perhaps of another curve; bars are cut off at the most."""
        if data is self._shown:  # as far as values go
            return
        self._shown = data
        y = on_axis(data.y, log_y)
        if look_of(data) != self.look:
            self.look = look_of(data)
            self._show_points(0)
            self.apply_theme(theme)
        if data.bar:
            low = np.zeros_like(data.y) if data.low is None else data.low
            feet, tops = np.minimum(on_axis(low, log_y), most), np.minimum(y, most)
            self.band.setPath(bars_path(data.x, feet, tops, data.bar))
            self.line.clear()
            return
        if data.low is None or data.high is None:
            self.band.setPath(QPainterPath())
        else:
            around = intervals_path if data.markers else band_path
            # A band that reaches below all that a log axis has goes to its very bottom.
            low = np.where(data.low > 0, data.low, 1e-9) if log_y else data.low
            low = np.where(np.isnan(data.low), np.nan, low)
            self.band.setPath(around(data.x, on_axis(low, log_y), on_axis(data.high, log_y)))
        if data.markers:
            self.line.clear()
            seen = np.flatnonzero(np.isfinite(y))
            self._show_points(len(seen), theme)
            for item, index in zip(self.points, seen, strict=True):
                item.setPos(data.x[index], y[index])
        else:
            self.line.set_values(data.x, y)

    def _show_points(self, count: int, theme: Theme | None = None) -> None:
        while len(self.points) > count:
            self._plot.scene().removeItem(self.points.pop())
        while len(self.points) < count and self.look is not None and theme is not None:
            item = self._plot.add(QGraphicsPathItem(symbol_of(self.look)), 3.0 + self._z)
            item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
            self.points.append(item)
            self._dress(item, theme)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        if self.look is None:
            return
        self.line.setPen(line_pen(theme, self.look))
        if self.look.bar:
            self.band.setPen(NO_LINE)
            self.band.setBrush(bar_colour(theme, self.look))
        elif self.look.markers:
            interval = line_pen(theme, self.look._replace(dashes=()), 1.2)
            self.band.setPen(interval)
            self.band.setBrush(QBrush())
        else:
            self.band.setPen(NO_LINE)
            self.band.setBrush(band_colour(theme, self.look))
        for item in self.points:
            self._dress(item, theme)

    def _dress(self, point: QGraphicsPathItem, theme: Theme) -> None:
        if self.look is not None:
            edge, filling = symbol_colours(theme, self.look)
            point.setPen(edge)
            point.setBrush(filling)

    def remove(self) -> None:
        """Take it off the plot."""
        self._show_points(0)
        for item in (self.band, self.line):
            self._plot.scene().removeItem(item)


class DrawnHeatMap:
    """Cells with their text; darker is larger, hatched where the map says so."""

    def __init__(self, plot: Plot, data: HeatMap) -> None:
        self._plot, self.data = plot, data
        self.cells: dict[tuple[int, int], QGraphicsRectItem] = {}
        self.texts: dict[tuple[int, int], QGraphicsSimpleTextItem] = {}
        for row, column in np.ndindex(data.values.shape):
            box = QRectF(column - 0.5, row - 0.5, 1, 1)
            self.cells[row, column] = plot.add(QGraphicsRectItem(box), 1.0)
            text = plot.add(QGraphicsSimpleTextItem(data.marks[row][column]), 3.0)
            text.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
            text.setPos(column, row)
            self.texts[row, column] = text
        self.hatching = plot.add(QGraphicsPathItem(self._hatch_path()), 2.0)
        for axis, names in (("bottom", data.x), ("left", data.y)):
            plot.getPlotItem().getAxis(axis).setTicks([list(enumerate(names)), []])

    def _hatch_path(self) -> QPainterPath:
        path = QPainterPath()
        for row, column in np.argwhere(self.data.hatched):
            left, bottom = column - 0.5, row - 0.5
            for number in range(1, 2 * HATCHES):
                along = number / HATCHES  # where the line leaves the lower or the right edge
                start = max(0.0, along - 1)
                path.moveTo(left + start, bottom + along - start)
                path.lineTo(left + along - start, bottom + start)
        return path

    def fit_texts(self, width: float, height: float) -> None:
        """Show what has room in cells of so many pixels: all words, the first ones, or none."""
        ways: tuple[Callable[[str], str], ...] = (
            str,
            lambda mark: "\n".join(mark.split()),
            lambda mark: "".join(mark.split()[:1]),
        )
        for way in ways:
            for (row, column), text in self.texts.items():
                text.setText(way(self.data.marks[row][column]))
                size = text.boundingRect()
                text.setTransform(QTransform.fromTranslate(-size.width() / 2, -size.height() / 2))
            boxes = [text.boundingRect() for text in self.texts.values() if text.text()]
            if all(box.width() + TEXT_ROOM <= width and box.height() <= height for box in boxes):
                break
        else:
            for text in self.texts.values():
                text.setText("")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        values = self.data.values
        shades = np.full(values.shape, np.nan)
        known = np.isfinite(values)
        if known.any():
            heights = np.where(known, values, np.nan)
            if (heights[known] > 0).all():
                heights = np.log(heights)
            low, high = np.nanmin(heights), np.nanmax(heights)
            shades = (heights - low) / max(high - low, 1e-9)
        for at, cell in self.cells.items():
            colour = _blend(theme, 0.08 + 0.8 * shades[at]) if known[at] else QColor(theme.window)
            cell.setBrush(colour)
            cell.setPen(pen(theme, theme.base))
            self.texts[at].setBrush(QColor(_readable_on(colour)))
        self.hatching.setPen(pen(theme, theme.text, 1, 0.45))

    def remove(self) -> None:
        """Take it off the plot."""
        for item in (*self.cells.values(), *self.texts.values(), self.hatching):
            self._plot.scene().removeItem(item)


def _blend(theme: Theme, share: float) -> QColor:
    """From the plot's ground towards the colour for large errors."""
    return QColor(on_ground(theme, theme.learners["pretrained"], share))


def _readable_on(colour: QColor) -> str:
    """Black or white, whichever contrasts more (WCAG's relative luminance)."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if luminance > 0.179 else "#ffffff"
