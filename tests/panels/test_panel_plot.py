"""Panels of figures: what is drawn is what the figure holds."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from explorer.core.figures.figure import Curve, Figure, HeatMap, Panel
from explorer.panels.figures.view import FigureView
from explorer.panels.widgets.style import DARK, LIGHT, TRUTH_OPACITY, on_ground
from tests.jobs import STEPS, fit_figure, heat_figure, loss_curve, loss_figure
from tests.panels.conftest import Show


def one(*curves: Curve, log_y: bool = False) -> Figure:
    return Figure("one", "One", (Panel("A", "x", "y", curves, log_y=log_y),))


@pytest.mark.parametrize("figure", [loss_figure(), fit_figure()], ids=["losses", "fits"])
def test_curves_are_the_figures(show: Show, figure: Figure) -> None:
    """Every line, band and point lies where the figure has it; lines and points exactly."""
    for plot, panel in zip(show(figure), figure.panels, strict=True):
        scale = np.log10 if panel.log_y else np.asarray
        for drawn, curve in zip(plot.curves, panel.curves, strict=True):
            if curve.markers:
                places = [(item.pos().x(), item.pos().y()) for item in drawn.points]
                assert places == [*zip(curve.x, scale(curve.y), strict=True)]
                continue
            x, y = drawn.line.getData()
            assert np.array_equal(x, curve.x)
            assert np.array_equal(y, scale(curve.y))
            if curve.low is not None and curve.high is not None:
                box = drawn.band.path().boundingRect()
                assert box.top() == pytest.approx(scale(curve.low).min(), abs=1e-12)
                assert box.bottom() == pytest.approx(scale(curve.high).max(), abs=1e-12)


def test_what_a_log_axis_cannot_show_is_left_out(show: Show) -> None:
    """Zero and less break a curve and do not move the axis; a diverged value stays in reach."""
    y = np.where(STEPS == 4, 0.0, np.where(STEPS == 5, -1.0, 0.5))
    (plot,) = show(one(Curve("maml", "MAML", STEPS, y, y - 1.0, y + 1.0), log_y=True))
    drawn = plot.curves[0].line.getData()[1]
    assert np.array_equal(np.isnan(drawn), y <= 0)
    low, high = plot.getPlotItem().getViewBox().viewRange()[1]
    assert -1 < low < np.log10(0.5) < high < 1
    (plot,) = show(one(Curve("maml", "MAML", STEPS, np.full(11, np.inf)), log_y=True))
    assert np.isfinite(plot.curves[0].line.getData()[1]).all()


def test_bars_stand_on_nothing(show: Show) -> None:
    """The view of bars begins at 0, or higher ones would look many times as high."""
    (plot,) = show(one(Curve("maml", "MAML", STEPS, 5 + STEPS / 10, bar=0.7)))
    low, high = plot.getPlotItem().getViewBox().viewRange()[1]
    assert low <= 0
    assert high >= 6


def test_a_band_has_the_gaps_of_its_curve(show: Show) -> None:
    """Where nothing is known nothing is filled, in one piece or in several."""
    low, high = np.zeros(11), np.ones(11)
    low[5] = np.nan
    (plot,) = show(one(Curve("maml", "MAML", STEPS, low + 0.5, low, high)))
    path = plot.curves[0].band.path()
    assert path.contains(QPointF(3.5, 0.5))
    assert not path.contains(QPointF(4.5, 0.5))
    assert path.contains(QPointF(6.5, 0.5))


def test_looks_follow_role_and_theme(view: FigureView, show: Show) -> None:
    """Own dashes and opacity win over the role's; another theme recolours what is drawn."""
    curves = (
        Curve("truth", "truth", STEPS, STEPS),
        Curve("points", "points", STEPS, STEPS, markers=True),
        Curve("maml", "MAML", STEPS, STEPS),
        Curve("maml", "before", STEPS, STEPS, dashes=(1.0, 3.0), opacity=0.5),
        Curve("maml", "hollow", STEPS, STEPS, markers=True, hollow=True),
    )
    (plot,) = show(one(*curves))
    for theme in (LIGHT, DARK):
        view.apply_theme(theme)
        truth, points, maml, before, hollow = plot.curves
        assert truth.line.pen().color().name() == on_ground(theme, theme.truth, TRUTH_OPACITY)
        assert points.points[0].brush().color().name() == theme.point
        assert maml.line.pen().color().name() == theme.learners["maml"]
        assert maml.line.pen().style() == Qt.PenStyle.SolidLine
        assert before.line.pen().dashPattern() == [1.0, 3.0]
        assert before.line.pen().color().name() == on_ground(theme, theme.learners["maml"], 0.5)
        assert hollow.points[0].brush().color().name() == theme.base
        assert hollow.points[0].pen().color().name() == theme.learners["maml"]


def test_a_heat_map(show: Show) -> None:
    """Darker is larger, each cell says its mark, and the hatching keeps to its cells."""
    figure = heat_figure()
    plot = show(figure)[0]
    drawn, data = plot.heat_map, figure.panels[0].heat_map
    assert drawn is not None
    assert data is not None
    ground = QColor(LIGHT.base)

    def distance(at: tuple[int, int]) -> int:
        colour = drawn.cells[at].brush().color()
        return sum(abs(a - b) for a, b in zip(colour.getRgb(), ground.getRgb(), strict=True))

    known = sorted((v, distance(at)) for at, v in np.ndenumerate(data.values) if np.isfinite(v))
    assert [shade for _, shade in known] == sorted(shade for _, shade in known)
    assert {at: text.text() for at, text in drawn.texts.items()} == {
        at: data.marks[at[0]][at[1]] for at in np.ndindex(data.values.shape)
    }
    box = drawn.hatching.path().boundingRect()
    (row, column), *others = np.argwhere(data.hatched).tolist()
    assert others == []
    assert box.left() >= column - 0.5
    assert box.right() <= column + 0.5
    assert box.top() >= row - 0.5
    assert box.bottom() <= row + 0.5


def test_long_marks_give_way(view: FigureView, show: Show) -> None:
    """What has no room is shortened to its first word, and then left out."""
    marks = tuple(tuple(f"0.{i}{j} @0.01234567" for j in range(6)) for i in range(3))
    names = tuple("abcdef")
    heat = HeatMap(names, names[:3], np.ones((3, 6)), marks, np.zeros((3, 6), bool))
    plot = show(Figure("grid", "Grid", (Panel("A", "x", "y", heat_map=heat),)))[0]
    assert plot.heat_map is not None
    text = plot.heat_map.texts[1, 2]
    for width, height, expected in (
        (200, 20, "0.12 @0.01234567"),
        (100, 40, "0.12\n@0.01234567"),
        (40, 20, "0.12"),
        (10, 20, ""),
    ):
        plot.heat_map.fit_texts(width, height)
        assert text.text() == expected


def test_curves_come_and_go(show: Show) -> None:
    """A figure that gains and loses curves shows those that it has."""
    for roles in (["maml"], ["maml", "oracle", "pretrained"], ["oracle"]):
        figure = one(*(loss_curve(role, 5) for role in roles), log_y=True)
        plot = show(figure)[0]
        assert [drawn.look.role for drawn in plot.curves if drawn.look] == roles


def test_bars_end_a_little_above_a_picture_that_they_lead_out_of(show: Show) -> None:
    """Qt leaves out some of those that are a million pixels high."""
    x, tops = np.array([1.0, 2.0]), np.array([1.0, 1e13])
    bars = Curve("maml", "", x, tops / 2, bar=0.5), Curve("maml", "", x, tops, tops / 2, bar=0.5)
    (plot,) = show(Figure("one", "", (Panel("A", "x", "y", bars, y_range=(0.0, 5.0)),)))
    drawn = [curve.band.path().boundingRect() for curve in plot.curves]
    assert [bar.bottom() for bar in drawn] == [10.0, 10.0]
    assert [bar.top() for bar in drawn] == [0.0, 0.5]
