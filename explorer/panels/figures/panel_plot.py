"""One set of axes of a figure, live: it can be zoomed into, and keeps that while values come in."""

import math

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from explorer.core.figures.figure import Panel
from explorer.panels.figures.items import DrawnCurve, DrawnHeatMap, Values, on_axis
from explorer.panels.figures.raster import DrawnRaster
from explorer.panels.plotting.plots import Plot
from explorer.panels.widgets.style import LIGHT, Theme

ZOOM = 1.25
SMALLEST = 205, 200  # pixels
TIP = "Zoom: Ctrl and wheel, or + and −. Move: drag. Whole view: double click, or 0."


def shape_of(panel: Panel) -> tuple[object, ...]:
    """What cannot change while a plot stays."""
    kinds = panel.log_y, panel.square, panel.heat_map is not None, bool(panel.x_label)
    return *kinds, panel.names, panel.counts, panel.press


class PanelPlot(Plot):
    """Draws the curves or the heat map of a panel."""

    def __init__(self, panel: Panel, parent: QWidget | None = None) -> None:
        super().__init__(panel.title, panel.x_label, panel.y_label, panel.log_y, parent)
        self.setMinimumSize(*SMALLEST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(TIP)
        if panel.square:
            self.getPlotItem().getViewBox().setAspectLocked()
        self.getPlotItem().getAxis("bottom").counts = panel.counts
        if panel.names:
            self.getPlotItem().getAxis("bottom").setTicks([list(enumerate(panel.names)), []])
        elif not panel.x_label:  # the places along x are competitors, which the legend names
            self.getPlotItem().getAxis("bottom").setTicks([[], []])
        self.panel = panel
        self.curves: list[DrawnCurve] = []
        self.heat_map: DrawnHeatMap | None = None
        self.raster: DrawnRaster | None = None
        self.is_zoomed = False
        self._theme = LIGHT
        self._dragged: QPointF | None = None

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        super().apply_theme(theme)
        self._theme = theme
        for curve in self.curves:
            curve.apply_theme(theme)
        if self.heat_map is not None:
            self.heat_map.apply_theme(theme)
        if self.raster is not None:
            self.raster.show(self.panel.raster, theme)

    def draw(self, panel: Panel) -> None:
        """Show newer values."""
        self._take_texts(panel)
        self.panel = panel
        while len(self.curves) > len(panel.curves):
            self.curves.pop().remove()
        while len(self.curves) < len(panel.curves):
            self.curves.append(DrawnCurve(self, len(self.curves)))
        # A bar far higher than the picture is not painted well, or not at all.
        most = math.inf if panel.y_range is None or panel.log_y else 2 * panel.y_range[1]
        for drawn, data in zip(self.curves, panel.curves, strict=True):
            drawn.show(data, panel.log_y, self._theme, most)
        if panel.raster is not None and self.raster is None:
            self.raster = DrawnRaster(self)
            self.show_grid(False)
        if self.raster is not None:
            self.raster.show(panel.raster, self._theme)
        if panel.heat_map is not None and (
            self.heat_map is None or panel.heat_map is not self.heat_map.data
        ):
            if self.heat_map is not None:
                self.heat_map.remove()
            self.show_grid(False)
            self.heat_map = DrawnHeatMap(self, panel.heat_map)
            self.heat_map.apply_theme(self._theme)
        self._show_whole()
        self._fit_texts()
        self.show_changes()

    def _take_texts(self, panel: Panel) -> None:
        """Name it and its axes anew, where their names have changed."""
        for side, before, text in (
            ("bottom", self.panel.x_label, panel.x_label),
            ("left", self.panel.y_label, panel.y_label),
        ):
            if text != before:
                self.getPlotItem().setLabel(side, text)
        if panel.title != self.panel.title:
            self.setAccessibleName(panel.title)

    def _show_whole(self) -> None:
        """Set the view by what there is to see, unless the user has chosen another."""
        if self.is_zoomed:
            return
        (left, right), (low, high), padding = view_of(self.panel)
        still = self.heat_map is not None or self.panel.x_range is not None
        self.show_range("x", left, right, 0.0 if still else 0.03)
        self.show_range("y", low, high, padding)

    def _fit_texts(self) -> None:
        if self.heat_map is not None:
            width, height = self.getPlotItem().getViewBox().viewPixelSize()
            self.heat_map.fit_texts(1 / width, 1 / height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Texts in cells come and go with the room for them."""
        super().resizeEvent(event)
        if hasattr(self, "heat_map"):
            self._fit_texts()

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Show more (above 1) or less of the data, around a point of it or the middle."""
        box = self.getPlotItem().getViewBox()
        (left, right), (low, high) = box.viewRange()
        middle = around or QPointF((left + right) / 2, (low + high) / 2)
        self._show_part(
            [middle.x() + (edge - middle.x()) * factor for edge in (left, right)],
            [middle.y() + (edge - middle.y()) * factor for edge in (low, high)],
        )

    def zoom_out(self) -> None:
        """Show everything again."""
        self.is_zoomed = False
        self._view.clear()
        self._show_whole()
        self._fit_texts()
        self.show_changes()

    def _show_part(self, x: list[float], y: list[float]) -> None:
        self.is_zoomed = True
        self.setRange(xRange=x, yRange=y, padding=0)
        self._fit_texts()
        self.show_changes()

    def wheelEvent(self, event: object) -> None:
        """With Ctrl: zoom. Without: the figure scrolls."""
        if not isinstance(event, QWheelEvent):
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.accept()
            steps = event.angleDelta().y() / 120
            self.zoom(ZOOM**-steps, self.data_at(event.position()))
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the data."""
        event.accept()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = self.data_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held; a whole view stays."""
        event.accept()
        if self._dragged is None or not self.is_zoomed:
            return
        away = self._dragged - self.data_at(event.position())
        x, y = self.getPlotItem().getViewBox().viewRange()
        self._show_part([edge + away.x() for edge in x], [edge + away.y() for edge in y])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        event.accept()
        self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show everything again."""
        event.accept()
        self.zoom_out()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom; every other key is the window's."""
        factor = {"+": 1 / ZOOM, "=": 1 / ZOOM, "-": ZOOM, "−": ZOOM}.get(event.text())
        if factor is not None:
            self.zoom(factor)
        elif event.text() == "0":
            self.zoom_out()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys go."""
        super().focusInEvent(event)
        _mark(self.parentWidget(), True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They go elsewhere."""
        super().focusOutEvent(event)
        _mark(self.parentWidget(), False)


def _mark(box: QWidget, focused: bool) -> None:
    if box is not None:
        box.setProperty("focused", focused)
        box.style().unpolish(box)
        box.style().polish(box)


def view_of(panel: Panel) -> tuple[tuple[float, float], tuple[float, float], float]:
    """What to show of x and of y (log₁₀ on a log axis), and the share to add to y."""
    if panel.heat_map is not None:
        rows, columns = panel.heat_map.values.shape
        return (-0.5, columns - 0.5), (-0.5, rows - 0.5), 0.0
    x = _spanned(panel)
    if panel.y_range is not None:
        low, high = (on_axis(np.array(panel.y_range), panel.log_y)).tolist()
        return x, (low, high), 0.0
    around = [
        band
        for curve in panel.curves
        for band in (curve.y, curve.low, curve.high)
        if band is not None
    ]
    if not panel.log_y and any(curve.bar and curve.low is None for curve in panel.curves):
        around.append(np.zeros(1))  # where such bars stand: cut off, they would lie
    ys = _finite(*(on_axis(each, panel.log_y) for each in around))
    if not len(ys):
        return x, (-1.0, 1.0), 0.0
    # Rounded, so that the axis changes only now and then while values come in.
    step = 0.25 if panel.log_y else 10.0 ** math.floor(math.log10(max(np.ptp(ys), 1e-3))) / 2
    low = math.floor(float(ys.min()) / step) * step
    high = math.ceil(float(ys.max()) / step) * step
    of_points = all(curve.markers for curve in panel.curves)
    return x, (low, max(high, low + step)), 0.06 if of_points else 0.02


def _spanned(panel: Panel) -> tuple[float, float]:
    """What to show of x."""
    if panel.x_range is not None:
        return panel.x_range
    xs = _finite(*(curve.x for curve in panel.curves))
    low, high = (float(xs.min()), float(xs.max())) if len(xs) else (0.0, 1.0)
    bars = max((curve.bar for curve in panel.curves), default=0.0)
    beside = 0.5 if low == high or not panel.x_label or panel.names else bars / 2
    return low - beside, high + beside


def _finite(*arrays: Values) -> Values:
    values = np.concatenate([np.ravel(each) for each in arrays]) if arrays else np.empty(0)
    finite: Values = values[np.isfinite(values)]
    return finite
