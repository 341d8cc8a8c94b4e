"""Values over a plane, painted as one picture of colours."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsPixmapItem

from explorer.core.figures.figure import HIGH_ROLE, LOW_ROLE, Raster
from explorer.panels.plotting.plots import Plot
from explorer.panels.widgets.style import Theme

Bytes = NDArray[np.uint8]


def shades(first: str, last: str, shares: NDArray[np.float64]) -> Bytes:
    """Colours ``(…, 3)`` a share ``(…)`` of the way from one to another."""
    ends = [
        np.array([colour.red(), colour.green(), colour.blue()], np.float64)
        for colour in map(QColor, (first, last))
    ]
    colours: Bytes = np.rint(ends[0] + (ends[1] - ends[0]) * shares[..., None]).astype(np.uint8)
    return colours


def coloured(raster: Raster, theme: Theme) -> Bytes:
    """The raster as a picture ``(rows, columns, 4)``; see-through where there is nothing."""
    places = np.nan_to_num(raster.shades)
    high = theme.learners[HIGH_ROLE]
    if raster.diverging:
        above = shades(theme.base, high, np.clip(2 * places - 1, 0, 1))
        below = shades(theme.base, theme.learners[LOW_ROLE], np.clip(1 - 2 * places, 0, 1))
        colours = np.where(places[..., None] < 0.5, below, above)
    else:
        colours = shades(theme.base, high, places)
    known = np.isfinite(raster.values)[..., None] * np.uint8(255)
    return np.ascontiguousarray(np.concatenate([colours, known], -1))


class DrawnRaster:
    """A raster under the curves of a plot."""

    def __init__(self, plot: Plot) -> None:
        self._shown: tuple[Raster | None, Theme | None] = None, None
        self.item = plot.add(QGraphicsPixmapItem(), 0.5)
        self.item.setTransformationMode(Qt.TransformationMode.FastTransformation)

    def show(self, raster: Raster | None, theme: Theme) -> None:
        """Show other values, or nothing."""
        if (raster, theme) == self._shown:
            return
        self._shown = raster, theme
        self.item.setVisible(raster is not None)
        if raster is None:
            return
        rows, columns = raster.values.shape
        colours = coloured(raster, theme)
        image = QImage(colours.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
        self.item.setPixmap(QPixmap.fromImage(image))
        place = QTransform.fromTranslate(raster.x[0], raster.y[0])
        place.scale((raster.x[1] - raster.x[0]) / columns, (raster.y[1] - raster.y[0]) / rows)
        self.item.setTransform(place)
