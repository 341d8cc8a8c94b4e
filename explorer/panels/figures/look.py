"""How the curves of a figure look: pens, pieces of line for legends, and the legends."""

import cmath
from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from explorer.core.figures.figure import Curve, Panel
from explorer.palette import LOOKS
from explorer.panels.widgets.style import (
    BAND_OPACITY,
    TRUTH_OPACITY,
    Theme,
    on_ground,
    pen,
    see_through,
    small_picture,
)

TRIANGLE = QPainterPath(QPointF(-5, 5))  # pixels, as all symbols
TRIANGLE.lineTo(0, -5)
TRIANGLE.lineTo(5, 5)
TRIANGLE.closeSubpath()
DISC = QPainterPath()
DISC.addEllipse(QPointF(0, 0), 4, 4)
STAR = QPainterPath()
_corners = [cmath.rect((9.0, 3.8)[n % 2], (n / 5 - 0.5) * cmath.pi) for n in range(10)]
STAR.addPolygon([QPointF(corner.real, corner.imag) for corner in _corners])
STAR.closeSubpath()
SWATCH = 30, 12  # pixels


class Look(NamedTuple):
    """All of a curve that a legend tells apart."""

    role: str
    dashes: tuple[float, ...] | None
    opacity: float
    markers: bool
    hollow: bool
    star: bool = False
    bar: bool = False


def look_of(curve: Curve) -> Look:
    """How a curve is to be told from others."""
    of_line = curve.role, curve.dashes, curve.opacity, curve.markers
    return Look(*of_line, curve.hollow, curve.star, curve.bar > 0)


def colour_of(theme: Theme, role: str) -> str:
    """The colour of a role; the text's for one that nobody knows."""
    special = {"truth": theme.truth, "points": theme.point}
    return special.get(role) or theme.learners.get(role, theme.text)


def line_pen(theme: Theme, look: Look, width: float = 2.0) -> QPen:
    """The pen of a curve's line."""
    colour, opacity, dashes = colour_of(theme, look.role), look.opacity, look.dashes
    if look.role == "truth":
        width, opacity = 2 * width, TRUTH_OPACITY * opacity
    if dashes is None and look.role in LOOKS:
        dashes = LOOKS[look.role].dashes
    return pen(theme, on_ground(theme, colour, opacity), width, dashes=dashes or ())


def band_colour(theme: Theme, look: Look) -> QColor:
    """What a band around a curve is filled with."""
    return see_through(colour_of(theme, look.role), BAND_OPACITY * look.opacity)


def bar_colour(theme: Theme, look: Look) -> QColor:
    """What bars are filled with."""
    return QColor(on_ground(theme, colour_of(theme, look.role), look.opacity))


def symbol_of(look: Look) -> QPainterPath:
    """The shape of a point, in pixels around it."""
    if look.star:
        return STAR
    return TRIANGLE if look.role == "points" else DISC


def symbol_colours(theme: Theme, look: Look) -> tuple[QPen, QColor]:
    """Edge and filling of a point."""
    colour = on_ground(theme, colour_of(theme, look.role), look.opacity)
    if look.hollow:
        return pen(theme, colour, 1.5), QColor(theme.base)
    return pen(theme, theme.base), QColor(colour)


def swatch(theme: Theme, look: Look) -> QPixmap:
    """A piece of the line, or a point."""
    width, height = SWATCH

    def point(painter: QPainter) -> None:
        edge, filling = symbol_colours(theme, look)
        painter.translate(width / 2, height / 2)
        painter.setPen(edge)
        painter.setBrush(filling)
        painter.drawPath(symbol_of(look))

    def bar(painter: QPainter) -> None:
        painter.fillRect(2, 1, width - 4, height - 2, bar_colour(theme, look))

    def line(painter: QPainter) -> None:
        painter.setPen(line_pen(theme, look))
        painter.drawLine(QPointF(1, height / 2), QPointF(width - 1, height / 2))

    painted = bar if look.bar else point if look.markers else line
    return small_picture(theme, width, height, painted)


def entries_of(panels: Iterable[Panel]) -> dict[tuple[str, Look], None]:
    """What a legend of these panels lists, in the order of the curves."""
    curves = (curve for panel in panels for curve in panel.curves if curve.label)
    return {(curve.label, look_of(curve)): None for curve in curves}


def one_legend_serves(panels: Iterable[Panel]) -> bool:
    """Whether a label means the same look in every panel."""
    labels = [label for label, _ in entries_of(panels)]
    return len(labels) == len(set(labels))
