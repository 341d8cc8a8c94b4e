"""What all plots share: still axes, theme colours, and a logarithmic axis that hides nothing."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from explorer.panels.style import Theme, pen

LOG_FLOOR, LOG_CEILING = 1e-5, 1e6


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
        super().__init__(parent)
        self.setAccessibleName(name)
        item = self.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.showGrid(x=True, y=True, alpha=0.15)
        item.setLabel("bottom", x_label)
        item.setLabel("left", y_label)
        item.getAxis("left").setLogMode(log_y)
        item.getAxis("left").enableAutoSIPrefix(False)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents, False)

    def add_curve(self, z: float = 0.0) -> pg.PlotCurveItem:
        """An empty curve that breaks at values that are not finite."""
        curve = pg.PlotCurveItem(connect="finite", antialias=True)
        curve.setZValue(z)
        self.addItem(curve)
        return curve

    def apply_theme(self, theme: Theme) -> None:
        """Recolour background and axes."""
        self.setBackground(theme.base)
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pen(theme.border))
            axis.setTextPen(pen(theme.muted))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave every key to the window; a graphics view would scroll."""
        event.ignore()

    def wheelEvent(self, event: object) -> None:
        """The view is fixed."""


def log_values(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """log₁₀, held within what an axis can show; NaN stays NaN and breaks the curve."""
    infinite = np.where(np.isinf(values), LOG_CEILING, values)
    result: NDArray[np.float64] = np.log10(np.clip(infinite, LOG_FLOOR, LOG_CEILING))
    return result


def number_text(value: float | None) -> str:
    """A loss as people read it: three significant digits, never a bare inf or nan."""
    if value is None or np.isnan(value):
        return "–"
    if not np.isfinite(value):
        return "diverged"
    if value != 0 and not 1e-3 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}·10{superscript(int(exponent))}"
    return f"{value:.3f}" if value < 10 else f"{value:.4g}"


def superscript(number: int) -> str:
    """A whole number in raised digits."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
