"""The tab of instruments under the mouse while it trains: the process that `instruments` starts.

``python -m tests.benchmarks.instrument_scenes [--quick]`` writes what it saw as JSON.
"""

import sys
import time
from typing import Any

from explorer.app.views import VIEWS
from explorer.core.instruments import PAGES
from explorer.panels.instruments.panel import InstrumentsPanel
from tests.benchmarks.scenes import Stage, drag_rounds, play, until
from tests.benchmarks.watch import Watch

TITLE = "Why it works"


def open_tab(stage: Stage) -> tuple[InstrumentsPanel, float]:
    """The tab, and the milliseconds for which the window stood still while it was made."""
    begin = time.perf_counter()
    stage.window.left.setCurrentIndex([view.title for view in VIEWS].index(TITLE))
    taken = 1000 * (time.perf_counter() - begin)
    panel = stage.window.views[TITLE]
    assert isinstance(panel, InstrumentsPanel)
    until(lambda: panel.state.is_current)
    return panel, taken


def turn_to(stage: Stage, panel: InstrumentsPanel, page: int) -> bool:
    """Show a page and watch its first picture; whether it has one."""
    panel.state.turn_to(page)
    if not any(instrument.columns for instrument in PAGES[page].instruments):
        return False
    until(lambda: panel.state.is_current and all(view.boxes for view in panel.views[page]))
    begin = time.perf_counter()
    until(lambda: time.perf_counter() - begin > 0.5)
    watch = Watch(stage.window, panel.fit.fit, panel.views[page][0].boxes[0].plot)
    draw = panel.views[page][0].take

    def note(reading: Any) -> None:
        if panel.state.answer is not None:
            watch.note(panel.state.answer.scene.support)
        draw(reading)

    panel.views[page][0].take = note  # type: ignore[method-assign]
    stage.take_hold(panel.fit.fit, watch)
    return True


def measure(stage: Stage, quick: bool) -> dict[str, Any]:
    """Drag a point on every page while training goes on."""
    rounds, seconds = (1, 3.0) if quick else (3, 4.0)
    stage.workspace.set_follow("--follow" in sys.argv)
    panel, opening = open_tab(stage)
    pages: dict[str, dict[str, list[float]]] = {}
    for number, page in enumerate(PAGES):
        if turn_to(stage, panel, number):
            pages[page.title] = drag_rounds(stage, rounds, seconds)
    return {"opening": opening, "pages": pages}


if __name__ == "__main__":
    play(measure)
