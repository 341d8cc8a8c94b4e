"""Support points spaced evenly or in one half, and query points beside them."""

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from tests.stages import SandboxStage
from tests.ui import assert_adapted, click, click_plot, pick, press, read_number

EVEN = [-4.5 + k for k in range(10)]


def xs(window: MainWindow | SandboxStage) -> list[float]:
    """Inputs of the support points."""
    return [point.x for point in window.workspace.sandbox.state.points]


def test_points_are_spaced_evenly(window: MainWindow, qtbot: QtBot) -> None:
    """By the button beside *Draw* and by its key."""
    sandbox, controls = window.workspace.sandbox, window.sandbox.controls
    for act in (lambda: click(controls.evenly), lambda: press(window, "e")):
        sandbox.draw_points()
        assert xs(window) != EVEN
        act()
        assert xs(window) == EVEN
        assert_adapted(qtbot, window)
    assert controls.evenly.x() > controls.draw.x()
    assert controls.evenly.y() == controls.draw.y()


def test_points_in_one_half_only(window: MainWindow, qtbot: QtBot) -> None:
    """By its key, others each time."""
    seen = []
    for _ in range(2):
        press(window, "h")
        assert len(xs(window)) == 10
        assert min(xs(window)) >= 0
        assert_adapted(qtbot, window)
        seen.append(xs(window))
    assert seen[0] != seen[1]


def test_query_points_are_circles_on_the_function(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """They come and go with their check box, and follow the function while it changes."""
    panel, sandbox = sandbox_stage.sandbox, sandbox_stage.workspace.sandbox
    assert panel.fit.query == []
    click(panel.controls.query)
    assert sandbox.state.query_points
    for change in (lambda: None, lambda: sandbox.set_parameter(0, 1.3), sandbox.draw_task):
        change()
        places = sandbox.state.query_points
        qtbot.waitUntil(lambda at=places: [r.pos().toTuple() for r in panel.fit.query] == [*at])
        assert_adapted(qtbot, sandbox_stage)
    for ring in panel.fit.query:
        assert ring.isVisible()
        assert ring.brush().style() == Qt.BrushStyle.NoBrush
        assert ring.pen().color().name() == panel.fit.points[0].brush().color().name()
        assert ring.zValue() < panel.fit.points[0].zValue()
    click(panel.controls.query)
    qtbot.waitUntil(lambda: panel.fit.query == [])


def test_each_learner_is_judged_on_them(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """A column of the table, at the step shown, that is there only with them."""
    panel, sandbox = sandbox_stage.sandbox, sandbox_stage.workspace.sandbox
    numbers = panel.numbers
    assert_adapted(qtbot, sandbox_stage)
    assert numbers.query_heading.isHidden()
    assert numbers.on_query["maml"].isHidden()
    click(panel.controls.query)
    for step in (1, 4):
        sandbox.go_to(step)
        assert_adapted(qtbot, sandbox_stage)
        assert sandbox.answer is not None
        for role in ("maml", "pretrained"):
            text, value = numbers.on_query[role].text(), sandbox.answer.query_mse[role][step]
            assert numbers.on_query[role].isVisible()
            assert np.isclose(read_number(text), value, rtol=0.05, atol=6e-4)
    assert numbers.on_query["random"].isHidden()
    assert "Circles" in numbers.caption.text()
    click(panel.controls.query)
    assert_adapted(qtbot, sandbox_stage)
    assert numbers.query_heading.isHidden()
    assert numbers.on_query["maml"].isHidden()
    qtbot.waitUntil(lambda: "Circles" not in numbers.caption.text())


def test_query_points_cannot_be_grabbed(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """A click on one adds a support point there, and a right click removes nothing."""
    panel, sandbox = sandbox_stage.sandbox, sandbox_stage.workspace.sandbox
    click(panel.controls.clear)
    click(panel.controls.query)
    assert_adapted(qtbot, sandbox_stage)
    before = sandbox.state.query_points
    click_plot(panel.fit, *before[0], Qt.MouseButton.RightButton)
    assert sandbox.state.points == ()
    click_plot(panel.fit, *before[0])
    assert len(sandbox.state.points) == 1
    assert sandbox.state.query_points == before
    assert_adapted(qtbot, sandbox_stage)


def test_the_key_switches_query_points(window: MainWindow, qtbot: QtBot) -> None:
    """And the check box shows it; it is off whenever a window opens."""
    box = window.sandbox.controls.query
    assert not box.isChecked()
    press(window, "q")
    assert box.isChecked()
    assert len(window.workspace.sandbox.state.query_x) == 10
    press(window, "r")
    assert_adapted(qtbot, window)
    press(window, "q")
    assert not box.isChecked()
    assert window.workspace.sandbox.state.query_x == ()


def test_they_stay_with_another_family(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Drawn anew for its tasks."""
    panel, sandbox = sandbox_stage.sandbox, sandbox_stage.workspace.sandbox
    click(panel.controls.query)
    pick(panel.controls.family, "line")
    assert len(sandbox.state.query_points) == 10
    assert_adapted(qtbot, sandbox_stage)
    places = sandbox.state.query_points
    assert [ring.pos().toTuple() for ring in panel.fit.query] == [*places]
