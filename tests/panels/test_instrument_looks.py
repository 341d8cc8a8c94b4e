"""How pictures of instruments stand beside each other, and what stands along their axes."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.core.families.formula import Formula
from explorer.core.figures.figure import Curve, Panel
from explorer.core.instruments import PAGES
from explorer.core.instruments.poke import POKE
from explorer.panels.figures.look import look_of, swatch
from explorer.panels.figures.panel_plot import PanelPlot
from explorer.panels.instruments.small_sandbox import HEIGHT
from explorer.panels.plotting.plots import LogAxis
from explorer.panels.widgets.controls import NumberBox
from explorer.panels.widgets.style import LIGHT
from tests.stages import InstrumentsStage

BESIDE = 5  # pixels of border, margin and spacing above a plot
ENDS = np.array([1.0, 2.0])


@pytest.mark.parametrize("exponents", [(-6, -3), (-1, 1), (4, 7)])
@pytest.mark.usefixtures("qapp")  # without an application Qt ends the process
def test_no_two_places_of_a_logarithmic_axis_have_one_name(exponents: tuple[int, int]) -> None:
    """With room for 2 and 5 between the powers of ten; 5·10⁻⁴ used to be called 10⁻³."""
    axis = LogAxis("left")
    (_, places), *_ = axis.tickValues(*exponents, 1000.0)
    names = [name for name in axis.tickStrings(places, 1.0, 1.0) if name]
    assert len(places) == 3 * (exponents[1] - exponents[0]) + 1
    assert len({*names}) == len(names) >= exponents[1] - exponents[0]


@pytest.mark.parametrize("counts", [True, False])
def test_only_whole_numbers_stand_along_what_counts(counts: bool, qtbot: QtBot) -> None:
    """However few of them there are."""
    plot = PanelPlot(Panel("", "step", "", (Curve("maml", "", ENDS, ENDS),), counts=counts))
    qtbot.addWidget(plot)
    axis = plot.getPlotItem().getAxis("bottom")
    ticks = [tick for _, level in axis.tickValues(0.5, 2.5, 800.0) for tick in level]
    assert all(tick == round(tick) for tick in ticks) == counts


def test_plots_of_a_row_begin_at_one_height(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """Though one of them has a longer legend; in a wider window it gives the room back."""
    panel = instruments_stage.instruments
    panel.state.turn_to([page.title for page in PAGES].index("One meta-iteration"))

    def is_level(heights: int) -> bool:
        boxes = panel.views[panel.state.page][0].boxes
        tops = {box.plot.y() for box in boxes}
        needed = {box.needed_above for box in boxes}
        return len(boxes) == 2 and len(needed) == heights and tops == {max(needed) + BESIDE}

    qtbot.waitUntil(lambda: is_level(heights=2))
    instruments_stage.resize(1500, 740)
    qtbot.waitUntil(lambda: is_level(heights=1))


def test_a_single_picture_has_all_the_width(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """Also after there were two of them."""
    panel = instruments_stage.instruments
    panel.state.turn_to([page.title for page in PAGES].index("Beyond"))
    (view,) = panel.views[panel.state.page]
    qtbot.waitUntil(lambda: len(view.boxes) == 2)
    panel.state.sandbox.choose_family(Formula())
    qtbot.waitUntil(lambda: len(view.boxes) == 1 and view.boxes[0].width() > 0.9 * view.width())


def test_points_have_more_room_in_a_high_window(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """In a low one as much as they need."""
    fit = instruments_stage.instruments.fit.fit
    assert fit.height() == HEIGHT
    instruments_stage.resize(708, 2000)
    qtbot.waitUntil(lambda: fit.height() > 1.8 * HEIGHT)
    instruments_stage.resize(708, 740)
    qtbot.waitUntil(lambda: fit.height() == HEIGHT)


def test_words_alone_begin_at_the_top(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """Where there is nothing to draw."""
    panel = instruments_stage.instruments
    (compass, _) = panel.views[0]
    panel.state.sandbox.update(shown=frozenset({"ridge"}))
    qtbot.waitUntil(lambda: not compass.boxes and bool(compass.sentence.text()))
    qtbot.waitUntil(lambda: compass.sentence.height() < 80 < compass.height())


def test_numbers_that_are_pressed_are_not_cut(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """The fields are made for the ends of their ranges, which have fewer digits."""
    panel = instruments_stage.instruments
    panel.state.turn_to([page.title for page in PAGES].index("Sensitive"))
    view = panel.views[panel.state.page][0]
    panel.state.choose(POKE, place=-4.25, pull=-1.75)
    qtbot.waitUntil(lambda: view.editors["pull"].width() > 0)
    for editor in view.editors.values():
        assert isinstance(editor, NumberBox)
        assert "." in editor.text()
        room = editor.lineEdit().width() - 4
        assert editor.fontMetrics().horizontalAdvance(editor.text()) <= room


@pytest.mark.parametrize("pixel_ratio", [1.0, 2.0, 3.0])
def test_lines_in_legends_are_as_wide_as_in_pictures(pixel_ratio: float, qtbot: QtBot) -> None:
    """Two pixels, or as many more as the screen is denser."""
    look = look_of(Curve("maml", "", ENDS, ENDS))
    picture = swatch(replace(LIGHT, pixel_ratio=pixel_ratio), look).toImage()
    column = [picture.pixelColor(picture.width() // 2, y).alphaF() for y in range(picture.height())]
    assert sum(column) == pytest.approx(2 * pixel_ratio, rel=0.05)
