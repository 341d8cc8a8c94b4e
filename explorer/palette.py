"""How each competitor is drawn, on screens and in exported figures alike.

The first colours follow Okabe and Ito's palette, which colour-blind readers can tell apart; as
there are more competitors than such colours, each also has a dash pattern of its own.
"""

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


UNKNOWN = Look("#3b4252", "#c5ccd6", (3, 3))  # of who has no line below
SOLID: tuple[float, ...] = ()

LOOKS = {
    "maml": Look("#0072b2", "#56b4e9", SOLID),
    "pretrained": Look("#d55e00", "#f0912d", (4, 2)),
    "first-order": Look("#a8407f", "#e38ec4", (4, 2, 1, 2)),
    "anil": Look("#776a00", "#d6c63a", (4, 2, 1, 2, 1, 2)),
    "meta-sgd": Look("#4c4fa8", "#a9abf2", (8, 3)),
    "layer-rates": Look("#007a87", "#4fc9d6", (8, 2, 1, 2)),
    "reptile": Look("#7a4a21", "#d3a178", (2, 2)),
    "cavia": Look("#3d7a1f", "#93cf6b", (8, 2, 4, 2)),
    "oracle": Look("#b3123d", "#ff8a9b", (4, 2, 4, 2, 1, 2)),
    "averaged": Look("#5b5f66", "#b4bac2", (4, 4)),
    "averaged-l2": Look("#6b4fa0", "#c0a6ee", (4, 2, 1, 2, 1, 2, 1, 2)),
    "averaged-pulled": Look("#8a5a00", "#e0b060", (2, 5)),
    "random": Look("#00875f", "#2fbf93", (1, 2)),
    "zero": Look("#6e7781", "#8b949e", (1, 4)),
    "single": Look("#57606a", "#a3adb9", (1, 1)),
    "ideal": Look("#1b1f24", "#e6e9ee", (8, 2, 1, 2, 1, 2)),
}


def look(role: str) -> Look:
    """How a competitor is drawn."""
    return LOOKS.get(role, UNKNOWN)
