"""Figures in the window: panels and texts around them, and nothing left behind."""

import gc
from collections import Counter
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsItem, QGraphicsScene, QMenu, QWidget
from pytestqt.qtbot import QtBot

from explorer.core.figures.figure import Panel
from explorer.panels.figures.panel_plot import PanelPlot
from explorer.panels.figures.view import FigureView
from tests.jobs import fit_figure, heat_figure, loss_figure
from tests.panels.conftest import Show
from tests.ui import DOUBLE, LEFT, drag_plot, pixel, press, send_mouse


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
