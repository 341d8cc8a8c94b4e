"""How a competitor is drawn, on screens and in exported figures alike."""

from collections.abc import Callable
from typing import NamedTuple


class Look(NamedTuple):
    """A competitor's line.

    Attributes:
        light: colour on a light ground, as #rrggbb.
        dark: colour on a dark ground.
        dashes: lengths of strokes and gaps in units of the line's width; empty for a solid line.
    """

    light: str
    dark: str
    dashes: tuple[float, ...]


LookOf = Callable[[str], Look]  # from a competitor's name to its look

SOLID: tuple[float, ...] = ()
