"""Figures in the window: what is drawn is what the figure holds."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsItem, QGraphicsScene, QMenu, QWidget
from pytestqt.qtbot import QtBot

from explorer.core.figures.figure import Curve, Figure, HeatMap, Panel
from explorer.panels.figures.panel_plot import PanelPlot
from explorer.panels.figures.view import FigureView
from explorer.panels.widgets.style import DARK, LIGHT
from explorer.state.frame_clock import FrameClock
from tests.jobs import STEPS, fit_figure, heat_figure, loss_curve, loss_figure
from tests.ui import DOUBLE, LEFT, drag_plot, pixel, press, send_mouse

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
        return [box.plot for box in view.boxes]

    return show


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
        assert truth.line.pen().color().name() == theme.truth
        assert points.points[0].brush().color().name() == theme.point
        assert maml.line.pen().color().name() == theme.learners["maml"]
        assert maml.line.pen().style() == Qt.PenStyle.SolidLine
        assert before.line.pen().dashPattern() == [1.0, 3.0]
        assert before.line.pen().color().alphaF() == pytest.approx(0.5, abs=0.01)
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


def test_a_zoom_outlasts_new_values(show: Show, view: FigureView) -> None:
    """Ctrl and wheel, or keys; a drag moves; a double click and 0 show everything again."""
    plot = show(loss_figure(1))[0]
    whole = plot.getPlotItem().getViewBox().viewRange()

    def ranges() -> list[list[float]]:
        return [[*side] for side in plot.getPlotItem().getViewBox().viewRange()]

    at = pixel(plot, 2, 0)
    wheel = QWheelEvent(
        QPointF(at), QPointF(plot.viewport().mapToGlobal(at)), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot.viewport(), wheel)
    zoomed = ranges()
    assert whole[0][0] < zoomed[0][0] < 2 < zoomed[0][1] < whole[0][1]
    (panel,) = loss_figure(1).panels
    lower = tuple(replace(curve, x=2 * curve.x, y=curve.y / 1000) for curve in panel.curves)
    newer = replace(loss_figure(1), panels=(replace(panel, curves=lower),))
    show(newer)
    assert ranges() == zoomed
    show(loss_figure(1))
    drag_plot(plot, (2, 0), (3, 0))
    assert ranges()[0][0] == pytest.approx(zoomed[0][0] - 1, abs=0.1)
    send_mouse(plot, DOUBLE, at, LEFT, LEFT)
    assert ranges() == whole
    plot.setFocus()
    press(view, "+")
    assert ranges()[0][1] < whole[0][1]
    press(view, "0")
    assert ranges() == whole


def test_the_plot_with_the_keys_is_marked(show: Show, view: FigureView, qtbot: QtBot) -> None:
    """One reaches every panel with Tab, and sees which one it is."""
    plots = show(loss_figure())
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    plots[0].setFocus()
    for plot, later in zip(plots, [*plots[1:], None], strict=True):
        assert view.focusWidget() is plot
        assert [box.property("focused") is True for box in view.boxes].count(True) == 1
        if later is not None:
            press(view, Qt.Key.Key_Tab)


def test_as_many_columns_as_fit(show: Show, view: FigureView, qtbot: QtBot) -> None:
    """Rows of a figure are never torn apart, and what is too high can be scrolled to."""
    show(fit_figure())

    def columns() -> int:
        return len({box.x() for box in view.boxes})

    qtbot.waitUntil(lambda: columns() == 2)
    view.resize(400, 400)
    qtbot.waitUntil(lambda: columns() == 1)
    assert view.verticalScrollBar().maximum() > 0
    view.resize(760, 400)
    qtbot.waitUntil(lambda: columns() == 2)


def test_a_single_panel_is_placed(show: Show, view: FigureView, qtbot: QtBot) -> None:
    """It fills the view, after an emptied one too."""
    for _ in range(2):
        show(loss_figure(1))
        qtbot.waitUntil(lambda: view.boxes[0].isVisible() and view.boxes[0].width() > 600)
        assert view.widget().isAncestorOf(view.boxes[0])
        view.take(None)
        qtbot.waitUntil(lambda: view.boxes == [])


def test_legends(show: Show, view: FigureView, qtbot: QtBot) -> None:
    """One for all panels where labels mean the same in each; otherwise one for each."""
    show(loss_figure())
    assert view.legend.texts == ["MAML", "Pretrained", "Oracle"]
    assert not any(box.legend.isVisible() for box in view.boxes)
    show(fit_figure())
    assert not view.legend.isVisible()
    qtbot.waitUntil(lambda: all(box.legend.isVisible() for box in view.boxes))
    for box in view.boxes:
        assert box.legend.texts == [
            "true sine", "points used", "before update", "1 step", "10 steps"
        ]  # fmt: skip


def test_texts_around_a_figure(show: Show, view: FigureView) -> None:
    """Title, notes, protocol and provenance are there to be read; without a figure the hint."""
    figure = loss_figure()
    show(figure)
    assert view.title.text() == figure.title
    assert view.notes.text() == figure.notes[0]
    for line in (*figure.protocol, figure.provenance):
        assert line in view.protocol.text()
    assert not view.hint.isVisible()
    view.take(None, "Press Start")
    view.draw()
    assert view.hint.isVisible()
    assert view.hint.text() == "Press Start"
    assert not view.protocol.isVisible()


def test_curves_come_and_go(show: Show) -> None:
    """A figure that gains and loses curves shows those that it has."""
    for roles in (["maml"], ["maml", "oracle", "pretrained"], ["oracle"]):
        figure = one(*(loss_curve(role, 5) for role in roles), log_y=True)
        plot = show(figure)[0]
        assert [drawn.look.role for drawn in plot.curves if drawn.look] == roles


def test_many_figures_are_drawn_now_and_then(
    view: FigureView, show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest is shown in the end, and few of those before it."""
    show(loss_figure(1))
    drawn: list[Panel] = []
    original = PanelPlot.draw
    monkeypatch.setattr(
        PanelPlot, "draw", lambda plot, panel: (drawn.append(panel), original(plot, panel))
    )
    figures = [loss_figure(1) for _ in range(100)]
    for figure in figures:
        view.take(figure)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: bool(drawn) and drawn[-1] is figures[-1].panels[0])
    assert len(drawn) < 20


def test_nothing_is_drawn_unseen(view: FigureView, qtbot: QtBot) -> None:
    """A hidden view draws what it missed once it is shown."""
    view.hide()
    figure = loss_figure(1)
    view.take(figure)
    view.draw()
    assert view.boxes == []
    view.show()
    qtbot.waitUntil(lambda: [box.plot.panel for box in view.boxes] == [*figure.panels])


def qt_objects() -> Counter[str]:
    """How many things that can be seen there are of each kind, garbage among them."""
    seen = QWidget | QGraphicsItem | QGraphicsScene | QAction
    return Counter(k.__name__ for k in map(type, gc.get_objects()) if issubclass(k, seen))


def test_replaced_figures_leave_nothing_behind(show: Show, qtbot: QtBot) -> None:
    """However many figures were shown, there is no more of plots, menus and items than for one.

    None waits for a collection, which may come late.
    """
    gc.disable()
    for figure in (loss_figure(), fit_figure(), heat_figure()):
        show(figure)
    before, widgets = qt_objects(), len(QApplication.allWidgets())
    assert before["PanelPlot"] == before["ViewBox"] == 2
    for figure in 3 * (loss_figure(), fit_figure(), heat_figure()):
        show(figure)
    qtbot.waitUntil(lambda: len(QApplication.allWidgets()) == widgets)
    assert qt_objects() == before


def test_a_plot_has_no_menus(show: Show) -> None:
    """Widgets that nobody can open would be dressed anew with every theme."""
    show(loss_figure())
    assert not [w for w in QApplication.allWidgets() if isinstance(w, QMenu)]
