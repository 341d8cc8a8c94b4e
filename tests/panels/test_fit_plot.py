"""The sandbox's main plot, with mouse and keys."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.state.sandbox_state import SandboxState
from tests.stages import SandboxStage
from tests.ui import (
    DOUBLE,
    LEFT,
    MOVE,
    NONE,
    PRESS,
    RELEASE,
    RIGHT,
    assert_adapted,
    click,
    click_plot,
    curve_values,
    drag_plot,
    expected,
    pixel,
    press,
    send_mouse,
)

Key = Qt.Key
PIXEL = 0.03  # data units; a mouse knows whole pixels only


def state(window: MainWindow | SandboxStage) -> SandboxState:
    """What the user has set up."""
    return window.workspace.sandbox.state


def on_task(window: MainWindow | SandboxStage, x: float) -> float:
    """The true sine at x."""
    return state(window).task[0] * math.sin(x - state(window).task[1])


def test_the_window_opens_with_both_learners_adapted(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """Curves and numbers are the core's from the start; the two differ before any step too."""
    assert_adapted(qtbot, sandbox_stage)
    fits = sandbox_stage.sandbox.fit.fits
    sandbox_stage.workspace.sandbox.go_to(0)
    assert_adapted(qtbot, sandbox_stage)
    assert not np.allclose(curve_values(fits["maml"]), curve_values(fits["pretrained"]), atol=0.1)
    errors = {role: values[1] for role, values in expected(sandbox_stage.workspace.sandbox).items()}
    assert errors["maml"][1] < 0.5 * errors["maml"][0]
    assert errors["maml"][1] < 0.5 * errors["pretrained"][1]


def test_the_true_sine_is_drawn(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The curve to learn is that of the amplitude and phase shown."""
    assert_adapted(qtbot, sandbox_stage)
    x, y = sandbox_stage.sandbox.fit.truth.getData()
    assert (x[0], x[-1]) == (-5, 5)
    np.testing.assert_allclose(y, [on_task(sandbox_stage, value) for value in x], atol=1e-5)


def test_a_click_adds_a_point_on_the_sine(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """With snapping the point lies on the sine wherever above or below it the click was."""
    click(sandbox_stage.sandbox.controls.clear)
    click_plot(sandbox_stage.sandbox.fit, 1.0, -3.5)
    (point,) = state(sandbox_stage).points
    assert point.x == pytest.approx(1.0, abs=PIXEL)
    assert point.y == on_task(sandbox_stage, point.x)
    assert point.snapped
    assert_adapted(qtbot, sandbox_stage)


def test_a_click_adds_a_free_point(window: MainWindow, qtbot: QtBot) -> None:
    """Without snapping the point lies where the click was, and stays there under a new sine."""
    click(window.sandbox.controls.clear)
    click(window.sandbox.controls.snap)
    assert not state(window).snap
    click_plot(window.sandbox.fit, -2.0, 2.5)
    (point,) = state(window).points
    assert (point.x, point.y) == pytest.approx((-2.0, 2.5), abs=PIXEL)
    press(window, "r")
    assert state(window).points == (point,)
    assert_adapted(qtbot, window)


def test_points_are_where_the_plot_shows_them(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The drawn points are the ones adapted to."""
    click(sandbox_stage.sandbox.controls.clear)
    for x in (-4.0, -1.0, 2.0):
        click_plot(sandbox_stage.sandbox.fit, x, 0.0)
    assert_adapted(qtbot, sandbox_stage)
    drawn = [marker.pos().toTuple() for marker in sandbox_stage.sandbox.fit.points]
    assert drawn == [(p.x, p.y) for p in state(sandbox_stage).points]
    assert len(drawn) == 3


def test_every_point_changes_the_curve(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Click by click the fit is that of the points so far, and never the one before."""
    click(sandbox_stage.sandbox.controls.clear)
    seen = []
    for x in (-4.0, -2.0, 0.5, 3.0):
        click_plot(sandbox_stage.sandbox.fit, x, 0.0)
        assert_adapted(qtbot, sandbox_stage)
        seen.append(curve_values(sandbox_stage.sandbox.fit.fits["maml"]).copy())
    assert len({values.tobytes() for values in seen}) == 4


@pytest.mark.parametrize("held", range(3))
def test_a_point_is_dragged(sandbox_stage: SandboxStage, qtbot: QtBot, held: int) -> None:
    """The held point follows the mouse along the sine, and no other appears."""
    click(sandbox_stage.sandbox.controls.clear)
    for x in (-3.0, 0.0, 3.0):
        click_plot(sandbox_stage.sandbox.fit, x, 0.0)
    before = state(sandbox_stage).points
    drag_plot(sandbox_stage.sandbox.fit, (before[held].x, before[held].y), (-2.0, 1.0), (1.5, -1.0))
    after = state(sandbox_stage).points
    moved = after[held]
    assert moved.x == pytest.approx(1.5, abs=PIXEL)
    assert moved.y == on_task(sandbox_stage, moved.x)
    assert [p for p in after if p is not moved] == [p for p in before if p is not before[held]]
    assert state(sandbox_stage).selected == held
    assert_adapted(qtbot, sandbox_stage)


@pytest.mark.parametrize("before", [(), (-4.0,), (-4.0, 4.0)])
def test_a_new_point_can_be_dragged_at_once(
    sandbox_stage: SandboxStage, before: Sequence[float]
) -> None:
    """Press, move and release is one gesture, which moves none of the points that were there."""
    click(sandbox_stage.sandbox.controls.clear)
    click(sandbox_stage.sandbox.controls.snap)
    for x in before:
        click_plot(sandbox_stage.sandbox.fit, x, 3.0)
    others = state(sandbox_stage).points
    drag_plot(sandbox_stage.sandbox.fit, (-3.0, 1.0), (-1.0, 2.0), (2.0, -2.0))
    *still, point = state(sandbox_stage).points
    assert tuple(still) == others
    assert (point.x, point.y) == pytest.approx((2.0, -2.0), abs=PIXEL)


def test_dragging_beyond_the_plot_stays_at_its_edge(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """A point held outside the inputs stops at the last of them."""
    click(sandbox_stage.sandbox.controls.clear)
    drag_plot(sandbox_stage.sandbox.fit, (4.0, 0.0), (5.1, 0.0), (9.0, 0.0))
    assert [p.x for p in state(sandbox_stage).points] == [5.0]
    assert_adapted(qtbot, sandbox_stage)


@pytest.mark.parametrize(("x", "y"), [(1.0, 60.0), (1.0, -60.0), (60.0, 60.0), (-60.0, -60.0)])
def test_a_free_point_cannot_be_dragged_out_of_view(
    sandbox_stage: SandboxStage, qtbot: QtBot, x: float, y: float
) -> None:
    """It stops at the edge, where it can be seen and grabbed again."""
    click(sandbox_stage.sandbox.controls.clear)
    click(sandbox_stage.sandbox.controls.snap)
    drag_plot(sandbox_stage.sandbox.fit, (1.0, 1.0), (x, y))
    (left, right), (low, high) = sandbox_stage.sandbox.fit.getPlotItem().getViewBox().viewRange()
    (point,) = state(sandbox_stage).points
    assert left <= point.x <= right
    assert point.y == pytest.approx(high if y > 0 else low, abs=PIXEL)
    assert low <= point.y <= high
    assert_adapted(qtbot, sandbox_stage)
    drag_plot(sandbox_stage.sandbox.fit, (point.x, point.y), (0.5, 1.0))
    (point,) = state(sandbox_stage).points
    assert (point.x, point.y) == pytest.approx((0.5, 1.0), abs=PIXEL)


@pytest.mark.parametrize("held", [0, 1])
@pytest.mark.parametrize("by_key", [True, False], ids=["Delete", "right click"])
def test_a_point_removed_while_held_is_let_go(window: MainWindow, by_key: bool, held: int) -> None:
    """The mouse then drags no other point, whichever has taken its place."""
    click(window.sandbox.controls.clear)
    for x in (-3.0, 0.0, 3.0):
        click_plot(window.sandbox.fit, x, 0.0)
    point = state(window).points[held]
    at = pixel(window.sandbox.fit, point.x, point.y)
    send_mouse(window.sandbox.fit, PRESS, at, LEFT, LEFT)
    if by_key:
        press(window, Key.Key_Delete)
    else:
        send_mouse(window.sandbox.fit, PRESS, at, RIGHT, LEFT | RIGHT)
    left = state(window).points
    assert point not in left
    assert len(left) == 2
    for x in (-1.0, 1.0, 2.0):
        send_mouse(window.sandbox.fit, MOVE, pixel(window.sandbox.fit, x, 1.0), NONE, LEFT)
    assert state(window).points == left
    send_mouse(window.sandbox.fit, RELEASE, pixel(window.sandbox.fit, 2.0, 1.0), LEFT, NONE)
    assert state(window).points == left


def test_moving_without_a_button_moves_nothing(sandbox_stage: SandboxStage) -> None:
    """After the release, and after a point was removed while held, the mouse is free."""
    click(sandbox_stage.sandbox.controls.clear)
    click_plot(sandbox_stage.sandbox.fit, 1.0, 0.0)
    (point,) = state(sandbox_stage).points
    at = pixel(sandbox_stage.sandbox.fit, -3.0, 0.0)
    send_mouse(sandbox_stage.sandbox.fit, MOVE, at, NONE, NONE)
    assert state(sandbox_stage).points == (point,)


def test_two_fast_clicks_are_two_points(sandbox_stage: SandboxStage) -> None:
    """What the system takes for a double click adds a point like any other click."""
    click(sandbox_stage.sandbox.controls.clear)
    click_plot(sandbox_stage.sandbox.fit, -2.0, 0.0)
    send_mouse(
        sandbox_stage.sandbox.fit, DOUBLE, pixel(sandbox_stage.sandbox.fit, 2.0, 0.0), LEFT, LEFT
    )
    assert [round(p.x) for p in state(sandbox_stage).points] == [-2, 2]


def test_a_right_click_removes_a_point(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Only the point under the mouse; beside the points nothing happens."""
    click(sandbox_stage.sandbox.controls.clear)
    for x in (-3.0, 0.0, 3.0):
        click_plot(sandbox_stage.sandbox.fit, x, 0.0)
    middle = state(sandbox_stage).points[1]
    click_plot(sandbox_stage.sandbox.fit, 1.6, 0.0, RIGHT)
    assert len(state(sandbox_stage).points) == 3
    click_plot(sandbox_stage.sandbox.fit, middle.x, middle.y, RIGHT)
    assert [round(p.x) for p in state(sandbox_stage).points] == [-3, 3]
    assert_adapted(qtbot, sandbox_stage)


@pytest.mark.parametrize("key", [Key.Key_Delete, Key.Key_Backspace])
def test_a_key_removes_the_selected_point(window: MainWindow, qtbot: QtBot, key: Key) -> None:
    """A click selects, Delete removes, until none is left; then it does nothing."""
    click(window.sandbox.controls.clear)
    for x in (-3.0, 0.0, 3.0):
        click_plot(window.sandbox.fit, x, 0.0)
    first = state(window).points[0]
    click_plot(window.sandbox.fit, first.x, first.y)
    press(window, key)
    assert [round(p.x) for p in state(window).points] == [0, 3]
    press(window, key, key, key)
    assert state(window).points == ()
    assert_adapted(qtbot, window)


def test_clearing_undoes_the_adaptation(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Without points there is nothing to learn from: every step shows the network as it is."""
    click(sandbox_stage.sandbox.controls.clear)
    sandbox_stage.workspace.sandbox.go_to(7)
    assert_adapted(qtbot, sandbox_stage)
    for role, (predictions, _, losses) in expected(sandbox_stage.workspace.sandbox).items():
        assert np.array_equal(predictions[0], predictions[7])
        assert np.isnan(losses).all()
        assert sandbox_stage.sandbox.numbers.on_support[role].text() == "–"
    assert sandbox_stage.sandbox.numbers.message.isHidden()


def test_clicks_outside_the_axes_add_nothing(sandbox_stage: SandboxStage) -> None:
    """The labels of the axes are no place for points."""
    before = state(sandbox_stage).points
    send = sandbox_stage.sandbox.fit
    box = send.getPlotItem().getViewBox().viewRange()
    click_plot(send, box[0][0] - 0.4, 0.0)
    assert state(sandbox_stage).points == before


def test_earlier_steps_stay_visible(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Thin curves show the way: each is one of the core's earlier predictions."""
    sandbox_stage.workspace.sandbox.go_to(5)
    assert_adapted(qtbot, sandbox_stage)
    predictions = expected(sandbox_stage.workspace.sandbox)["maml"][0]
    earlier = [c for c in sandbox_stage.sandbox.fit.earlier["maml"] if c.isVisible()]
    drawn = [curve_values(curve) for curve in earlier]
    assert len(drawn) == 5
    for values, prediction in zip(drawn, predictions, strict=False):
        assert np.array_equal(values, prediction)
    sandbox_stage.workspace.sandbox.go_to(0)
    assert_adapted(qtbot, sandbox_stage)
    assert not any(curve.isVisible() for curve in sandbox_stage.sandbox.fit.earlier["maml"])


def test_keys_do_not_scroll_or_zoom(window: MainWindow, qtbot: QtBot) -> None:
    """The view is the program's; arrows are for the gradient steps."""
    assert_adapted(qtbot, window)
    before = window.sandbox.fit.getPlotItem().getViewBox().viewRange()
    window.sandbox.fit.setFocus()
    press(window, Key.Key_Up, Key.Key_Down, Key.Key_PageDown, Key.Key_Plus)
    assert window.sandbox.fit.getPlotItem().getViewBox().viewRange() == before
