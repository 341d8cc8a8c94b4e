"""Pictures that can be pressed, by keys alone: in the tab, and against the window's shortcuts."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.figures.figure import Curve, Panel
from explorer.panels.instruments.live_plot import STEPS, LivePlot, mark_of
from explorer.panels.instruments.panel import InstrumentsPanel
from explorer.panels.widgets.style import LIGHT
from tests.stages import InstrumentsStage
from tests.ui import click_plot, press

KEY = Qt.Key


def compass_of(panel: InstrumentsPanel, qtbot: QtBot) -> LivePlot:
    """The picture with the star, once it is there."""
    qtbot.waitUntil(lambda: bool(panel.views[0][0].boxes))
    plot = panel.views[0][0].boxes[0].plot
    assert isinstance(plot, LivePlot)
    return plot


def star(sandbox_task: tuple[float, ...]) -> tuple[float, float]:
    amplitude, phase = sandbox_task
    return amplitude * np.cos(phase), amplitude * np.sin(phase)


def spans(plot: LivePlot) -> tuple[float, float]:
    """How much of x and of y it shows."""
    (left, right), (low, high) = plot.getPlotItem().getViewBox().viewRange()
    return right - left, high - low


def test_star_goes_by_arrow_keys(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """From where it is, a fortieth of the picture with each; a ring shows where."""
    plot = compass_of(instruments_stage.instruments, qtbot)
    sandbox = instruments_stage.workspace.sandbox
    u, v = star(sandbox.state.task)
    width, height = spans(plot)
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    assert plot.ring.isVisible()
    press(plot, KEY.Key_Left, KEY.Key_Left, KEY.Key_Down)
    expected = u - 2 * width / STEPS, v - height / STEPS
    assert star(sandbox.state.task) == pytest.approx(expected, abs=1e-4)
    assert (plot.ring.pos().x(), plot.ring.pos().y()) == pytest.approx(expected, abs=1e-4)
    press(plot, KEY.Key_Right, KEY.Key_Up)
    assert star(sandbox.state.task) == pytest.approx((u - width / STEPS, v), abs=1e-4)
    instruments_stage.instruments.focus.setFocus()
    assert not plot.ring.isVisible()


def test_keys_go_on_from_a_click(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """And stay within the picture; the other keys zoom as ever."""
    plot = compass_of(instruments_stage.instruments, qtbot)
    sandbox = instruments_stage.workspace.sandbox
    click_plot(plot, 1.0, 2.0)
    assert not plot.ring.isVisible()
    before = star(sandbox.state.task)
    press(plot, KEY.Key_Right)
    there = before[0] + spans(plot)[0] / STEPS, before[1]
    assert star(sandbox.state.task) == pytest.approx(there, abs=1e-4)
    press(plot, *[KEY.Key_Up] * (STEPS + 5))
    assert plot.ring.pos().y() == plot.getPlotItem().getViewBox().viewRange()[1][1]
    width = spans(plot)[0]
    press(plot, "+")
    assert spans(plot)[0] < width
    press(plot, "0")
    assert spans(plot)[0] == pytest.approx(width)


def test_focused_picture_has_the_arrows_first(window: MainWindow, qtbot: QtBot) -> None:
    """They are shortcuts of the window too: there they go to another step."""
    press(window, KEY.Key_3, modifier=Qt.KeyboardModifier.ControlModifier)
    panel = next(iter(window.findChildren(InstrumentsPanel)))
    plot = compass_of(panel, qtbot)
    sandbox = window.workspace.sandbox
    task, step = sandbox.state.task, sandbox.state.step
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    press(window, KEY.Key_Left)
    assert sandbox.state.task != task
    assert sandbox.state.step == step
    panel.fit.take_focus()
    moved = sandbox.state.task
    press(window, KEY.Key_Right)
    assert sandbox.state.task == moved
    assert sandbox.state.step == step + 1


def test_pictures_without_presses_leave_arrows_alone(qtbot: QtBot) -> None:
    """Nothing is there to be moved."""
    plot = LivePlot(Panel("Still", "x", "y"))
    qtbot.addWidget(plot)
    plot.apply_theme(LIGHT)
    told: list[object] = []
    plot.pressed.connect(lambda *at: told.append(at))
    with qtbot.waitExposed(plot):
        plot.show()
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    press(plot, KEY.Key_Right)
    assert not told
    assert not plot.ring.isVisible()


def test_marks() -> None:
    """A star before a lone point, the last of these; a rule of points; else nothing."""
    one, two = np.array([1.0]), np.array([1.0, 2.0])
    line = Curve("maml", "", two, two)
    dot, other = (Curve("maml", "", one * k, one, markers=True) for k in (2.0, 3.0))
    rule = Curve("points", "", np.full(2, 4.0), two * 10)
    of_star = Curve("points", "", one * 5, one, markers=True, star=True)

    def mark(*curves: Curve, log_y: bool = False) -> tuple[float, float] | None:
        return mark_of(Panel("", "x", "y", curves, log_y=log_y))

    assert mark(line) is None
    assert mark(line, dot, other) == (3.0, 1.0)
    assert mark(dot, rule) == (4.0, 15.0)
    assert mark(of_star, dot, rule) == (5.0, 1.0)
    assert mark(dot, log_y=True) == (2.0, 0.0)
