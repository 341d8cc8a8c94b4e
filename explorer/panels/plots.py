"""What all plots share: still axes, theme colours, and a logarithmic axis that hides nothing."""

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.panels.style import Theme, pen
from explorer.panels.widgets import label

LOG_FLOOR, LOG_CEILING = 1e-5, 1e6


class LogAxis(pg.AxisItem):  # type: ignore[misc]
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
        """Plain numbers near one, powers of ten further out."""
        if spacing < 1:
            return [""] * len(values)
        return [f"{10**v:.3g}" if -3.01 < v < 4 else f"10{superscript(round(v))}" for v in values]


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
        axes = {"left": LogAxis("left")} if log_y else None
        super().__init__(parent, axisItems=axes)
        self.setAccessibleName(name)
        item = self.getPlotItem()
        item.getAxis("left").setWidth(52)
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.showGrid(x=True, y=True, alpha=0.15)
        item.setLabel("bottom", x_label)
        item.setLabel("left", y_label)
        item.getAxis("left").enableAutoSIPrefix(False)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents, False)

        self.hint = label("", "hint", wrap=True)
        self.hint.setParent(self)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

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

    def add_curve(self, z: float = 0.0, antialias: bool = True) -> pg.PlotCurveItem:
        """An empty curve that breaks at values that are not finite."""
        curve = pg.PlotCurveItem(connect="finite", antialias=antialias)
        curve.setZValue(z)
        self.addItem(curve)
        return curve

    def apply_theme(self, theme: Theme) -> None:
        """Recolour background and axes."""
        self.setBackground(theme.base)
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pen(theme, theme.border))
            axis.setTextPen(pen(theme, theme.muted))

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
