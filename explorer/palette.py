"""How each competitor is drawn, on screens and in exported figures alike.

The first colours follow Okabe and Ito's palette, which colour-blind readers can tell apart; as
there are more competitors than such colours, each also has a dash pattern of its own. Learners
bring their look along; those that need no training have theirs here.
"""

from explorer.core.base.look import Look
from explorer.core.learners import LEARNERS

UNKNOWN = Look("#3b4252", "#c5ccd6", (3, 3))  # of who has no look

LOOKS = {
    **{name: learner.look for name, learner in LEARNERS.items() if learner.look is not None},
    "random": Look("#00875f", "#2fbf93", (1, 2)),
    "zero": Look("#6e7781", "#8b949e", (1, 4)),
    "constant": Look("#7d6e5e", "#ab9c8a", (1, 3)),
    "single": Look("#57606a", "#a3adb9", (1, 1)),
    "ideal": Look("#1b1f24", "#e6e9ee", (8, 2, 1, 2, 1, 2)),
}


def look(role: str) -> Look:
    """How a competitor is drawn."""
    return LOOKS.get(role, UNKNOWN)
