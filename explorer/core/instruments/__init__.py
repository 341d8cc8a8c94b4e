"""The instruments of *Why it works*: what each shows and says of a scene.

A further instrument is one file with an `Instrument`, and its name in a page of `PAGES`.
"""

from explorer.core.instruments.base import Action, Instrument, Page, Press, Reading, Wish
from explorer.core.instruments.beyond import BEYOND
from explorer.core.instruments.compass import COMPASS
from explorer.core.instruments.exercises import INSTRUMENTS as EXERCISES
from explorer.core.instruments.layers import LAYERS
from explorer.core.instruments.meta_iteration import META_ITERATION
from explorer.core.instruments.modes import MODES
from explorer.core.instruments.poke import POKE
from explorer.core.instruments.query_points import QUERY_POINTS
from explorer.core.instruments.ray import RAY

PAGES = (
    Page("More steps", "Why do more steps help than it was trained for?", (COMPASS, MODES)),
    Page("Sensitive", "What does it mean that its parameters are sensitive?", (POKE, RAY)),
    Page(
        "One meta-iteration",
        "What does one meta-iteration do, and how many query points does it need?",
        (META_ITERATION, QUERY_POINTS),
    ),
    Page("Layers", "Which layer adapts?", (LAYERS,)),
    Page("Beyond", "What happens beyond the range of its training?", (BEYOND,)),
    Page("Exercises", "What teachers ask", EXERCISES),
)

__all__ = ["PAGES", "Action", "Instrument", "Page", "Press", "Reading", "Wish"]
