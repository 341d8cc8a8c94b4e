"""Sine, points and step size by their controls."""

import math

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.panels.widgets.controls import SliderBox
from explorer.state.sandbox import MAX_POINTS
from tests.stages import SandboxStage
from tests.ui import assert_adapted, click, click_plot, enter, press

Key = Qt.Key


def assert_on_task(window: MainWindow | SandboxStage) -> None:
    """Every snapped point lies on the sine shown."""
    state = window.workspace.sandbox.state
    for point in state.points:
        assert point.y == state.task[0] * math.sin(point.x - state.task[1])


@pytest.mark.parametrize(("column", "value"), [(0, 1.25), (1, 2.5)])
def test_a_typed_value_moves_the_points(
    sandbox_stage: SandboxStage, qtbot: QtBot, column: int, value: float
) -> None:
    """Function and points follow the number, and the slider does too."""
    control = sandbox_stage.sandbox.controls.parameters.editors[column]
    assert isinstance(control, SliderBox)
    enter(control.box, str(value))
    assert sandbox_stage.workspace.sandbox.state.task[column] == value
    assert_on_task(sandbox_stage)
    assert_adapted(qtbot, sandbox_stage)
    bounds = sandbox_stage.workspace.sandbox.state.family.parameters[column].bounds
    share = (value - bounds.low) / (bounds.high - bounds.low)
    assert control.slider.value() / control.slider.maximum() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("column", [0, 1])
def test_a_slider_moves_the_points(window: MainWindow, qtbot: QtBot, column: int) -> None:
    """Keys on the slider, and both ends reach the ends of the distribution."""
    control = window.sandbox.controls.parameters.editors[column]
    assert isinstance(control, SliderBox)
    before = window.workspace.sandbox.state.task[column]
    control.slider.setFocus()
    press(window, Key.Key_Right)
    assert window.workspace.sandbox.state.task[column] > before
    assert_on_task(window)
    assert_adapted(qtbot, window)
    bounds = window.workspace.sandbox.state.family.parameters[column].bounds
    press(window, Key.Key_End)
    assert window.workspace.sandbox.state.task[column] == pytest.approx(bounds.high, abs=1e-3)
    press(window, Key.Key_Home)
    assert window.workspace.sandbox.state.task[column] == pytest.approx(bounds.low, abs=1e-3)
    assert float(control.box.text()) == pytest.approx(bounds.low, abs=1e-3)


def test_a_new_task(window: MainWindow, qtbot: QtBot) -> None:
    """Button and key each draw another sine, on which the points lie at once."""
    seen = set()
    for act in (lambda: click(window.sandbox.controls.new_task), lambda: press(window, "r")):
        xs = [p.x for p in window.workspace.sandbox.state.points]
        act()
        state = window.workspace.sandbox.state
        seen.add((state.task[0], state.task[1]))
        assert [p.x for p in state.points] == xs
        assert_on_task(window)
        assert_adapted(qtbot, window)
    assert len(seen) == 2


def test_drawing_k_points(window: MainWindow, qtbot: QtBot) -> None:
    """K is that of the training run shown; button and key draw anew each time."""
    shots = window.workspace.sandbox.competitors.settings.shots
    seen = []
    for act in (lambda: click(window.sandbox.controls.draw), lambda: press(window, "d")):
        act()
        seen.append(window.workspace.sandbox.state.points)
        assert len(seen[-1]) == shots
        assert_on_task(window)
        assert_adapted(qtbot, window)
    assert seen[0] != seen[1]
    assert str(shots) in window.sandbox.controls.draw.text()


def test_clear_is_off_without_points(window: MainWindow) -> None:
    """There is then nothing to clear."""
    controls = window.sandbox.controls
    assert controls.clear.isEnabled()
    press(window, "c")
    assert window.workspace.sandbox.state.points == ()
    assert not controls.clear.isEnabled()
    click(controls.draw)
    assert controls.clear.isEnabled()


def test_alpha(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The step size typed is the one adapted with; beyond its bounds it cannot be set."""
    sandbox_stage.workspace.sandbox.go_to(3)
    box = sandbox_stage.sandbox.controls.alpha
    enter(box, "0.002")
    assert sandbox_stage.workspace.sandbox.state.alpha == 0.002
    assert_adapted(qtbot, sandbox_stage)
    enter(box, "7")
    assert sandbox_stage.workspace.sandbox.state.alpha <= 1.0
    enter(box, "0")
    assert sandbox_stage.workspace.sandbox.state.alpha > 0
    assert_adapted(qtbot, sandbox_stage)


def test_snap_by_key(window: MainWindow) -> None:
    """N switches snapping, and the box shows it."""
    press(window, "n")
    assert not window.workspace.sandbox.state.snap
    assert not window.sandbox.controls.snap.isChecked()
    press(window, "n")
    assert window.workspace.sandbox.state.snap


@pytest.mark.parametrize("value", [0.0, 1.5, 1e-9])
def test_a_slider_over_a_single_value(qtbot: QtBot, value: float) -> None:
    """A range without any width, or none that the box can show, is no error."""
    control = SliderBox("Amplitude A", 0.1, 3)
    qtbot.addWidget(control)
    control.set_range(value, value)
    control.show_value(value)
    assert control.slider.value() == 0
    assert control.box.value() == pytest.approx(value, abs=1e-3)
    edited = []
    control.edited.connect(edited.append)
    control.slider.setValue(500)
    assert edited == [pytest.approx(value, abs=1e-3)]


def test_a_point_too_many_is_said(window: MainWindow) -> None:
    """A click beyond the largest number of points gives a notice and adds none."""
    sandbox = window.workspace.sandbox
    sandbox.clear_points()
    for i in range(MAX_POINTS):
        sandbox.add_point(-5 + i / 11, 0.0)
    assert window.notices.isHidden()
    click_plot(window.sandbox.fit, 4.8, -5.5)
    assert len(sandbox.state.points) == MAX_POINTS
    assert window.notices.isVisible()
    assert str(MAX_POINTS) in window.notices.text.text()


def test_typing_is_not_a_shortcut(window: MainWindow) -> None:
    """Space, arrows, Delete, digits and letters belong to the field that has the focus."""
    sandbox, box = window.workspace.sandbox, window.sandbox.controls.parameters.editors[0].box
    window.workspace.sandbox.update(selected=0)
    before = sandbox.state
    box.setFocus()
    press(window, Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End, Key.Key_Delete)
    press(window, "1", "2", "3", "r", "d", "c", "f", "n", Key.Key_Space)
    assert sandbox.state == before
    assert not window.workspace.player.is_playing
    box.lineEdit().selectAll()
    QTest.keyClicks(box, "2.5")
    assert sandbox.state == before  # half a number is none yet
    press(window, Key.Key_Return)
    assert sandbox.state.task[0] == 2.5
    assert sandbox.state.shown == before.shown


def test_the_same_keys_act_elsewhere(window: MainWindow) -> None:
    """With the focus on the plot or on a button they are shortcuts."""
    window.sandbox.controls.new_task.setFocus()
    before = window.workspace.sandbox.state
    press(window, "1", Key.Key_Right, "c")
    after = window.workspace.sandbox.state
    assert after.shown == before.shown ^ {"maml"}
    assert after.step == before.step + 1
    assert after.points == ()
