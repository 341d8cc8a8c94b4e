"""What the tests of several panels share."""

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer.core.figures.figure import Figure
from explorer.panels.figures.panel_plot import PanelPlot
from explorer.panels.figures.view import FigureView
from explorer.panels.widgets.style import LIGHT
from explorer.state.frame_clock import FrameClock

Show = Callable[[Figure], list[PanelPlot]]


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[FigureView]:
    """An empty view of a window's size."""
    clock = FrameClock()
    view = FigureView(clock)
    qtbot.addWidget(view)
    view.apply_theme(LIGHT)
    view.resize(760, 560)
    with qtbot.waitExposed(view):
        view.show()
    yield view
    clock.stop()


@pytest.fixture
def show(view: FigureView, qtbot: QtBot) -> Show:
    """Shows a figure and waits until all of it is drawn."""

    def show(figure: Figure) -> list[PanelPlot]:
        view.take(figure)
        qtbot.waitUntil(lambda: [box.plot.panel for box in view.boxes] == [*figure.panels])
        qtbot.waitUntil(lambda: all(box.isVisible() for box in view.boxes))
        return [box.plot for box in view.boxes]

    return show
