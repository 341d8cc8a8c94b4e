"""The instruments of *Why it works*: what each shows and says of a scene.

A further instrument is one file with an `Instrument`, and its name in a page of `PAGES`.
"""

from explorer.core.instruments.base import Instrument, Page, Press, Reading, Wish
from explorer.core.instruments.compass import COMPASS
from explorer.core.instruments.modes import MODES

PAGES = (
    Page(
        "More steps",
        "Why do more steps help than it was trained for?",
        (COMPASS, MODES),
    ),
)

__all__ = ["PAGES", "Instrument", "Page", "Press", "Reading", "Wish"]
