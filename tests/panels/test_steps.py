"""Going through the gradient steps, and the errors at each."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.panels.widgets import style
from explorer.state.competitors import ROLES
from explorer.state.player import SPEEDS
from tests.shipped import PRESENT
from tests.stages import SandboxStage
from tests.ui import (
    assert_adapted,
    click,
    click_plot,
    curve_values,
    drag_plot,
    enter,
    expected,
    pick,
    press,
)

Key = Qt.Key


def step(window: MainWindow | SandboxStage) -> int:
    """The gradient step shown."""
    return window.workspace.sandbox.state.step


def test_buttons(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Back and Forward go one step, and are off at the ends."""
    bar = sandbox_stage.sandbox.step_bar
    assert step(sandbox_stage) == 1
    click(bar.forward)
    assert step(sandbox_stage) == 2
    assert_adapted(qtbot, sandbox_stage)
    click(bar.back)
    click(bar.back)
    assert step(sandbox_stage) == 0
    assert not bar.back.isEnabled()
    assert_adapted(qtbot, sandbox_stage)
    sandbox_stage.workspace.sandbox.go_to(10)
    assert not bar.forward.isEnabled()
    assert bar.back.isEnabled()


def test_keys(window: MainWindow, qtbot: QtBot) -> None:
    """Arrows, Home and End go through the steps and stop at the ends."""
    seen = []
    for key in (Key.Key_Right, Key.Key_Right, Key.Key_Left, Key.Key_End, Key.Key_Right):
        press(window, key)
        seen.append(step(window))
    assert_adapted(qtbot, window)
    press(window, Key.Key_Home, Key.Key_Left)
    assert [*seen, step(window)] == [2, 3, 2, 10, 10, 0]
    assert_adapted(qtbot, window)


def test_the_slider_and_the_number_agree(window: MainWindow, qtbot: QtBot) -> None:
    """The slider chooses the step, spans 0…n, and follows steps chosen elsewhere."""
    bar = window.sandbox.step_bar
    assert (bar.slider.minimum(), bar.slider.maximum()) == (0, 10)
    bar.slider.setFocus()
    press(window, Key.Key_Right, Key.Key_Right)
    assert step(window) == bar.slider.value() == 3
    assert "3" in bar.shown.text()
    window.workspace.sandbox.go_to(8)
    assert bar.slider.value() == 8
    assert_adapted(qtbot, window)


def test_a_hundred_steps(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """N goes up to 100; more steps leave those before as they were."""
    assert_adapted(qtbot, sandbox_stage)
    before = expected(sandbox_stage.workspace.sandbox)["maml"][0]
    enter(sandbox_stage.sandbox.step_bar.steps, "100")
    sandbox_stage.workspace.sandbox.go_to(100)
    assert step(sandbox_stage) == 100
    assert_adapted(qtbot, sandbox_stage)
    after = expected(sandbox_stage.workspace.sandbox)["maml"][0]
    assert len(after) == 101
    assert np.array_equal(after[:11], before)
    assert sandbox_stage.sandbox.step_bar.steps.maximum() == 100
    enter(sandbox_stage.sandbox.step_bar.steps, "4")
    assert step(sandbox_stage) == 4
    assert_adapted(qtbot, sandbox_stage)


def test_playing_by_key(window: MainWindow, qtbot: QtBot) -> None:
    """Space plays every step to the last, and the curve shown is then that of the last."""
    pick(window.sandbox.step_bar.speed, max(SPEEDS))
    window.sandbox.fit.setFocus()
    seen = []
    window.workspace.sandbox.changed.connect(lambda: seen.append(step(window)))
    press(window, Key.Key_Space)
    assert window.workspace.player.is_playing
    assert window.sandbox.step_bar.play.text() == "Stop"
    qtbot.waitUntil(lambda: not window.workspace.player.is_playing)
    assert seen == list(range(2, 11))
    assert window.sandbox.step_bar.play.text() == "Play"
    assert_adapted(qtbot, window)


def test_stopping_by_key_and_button(window: MainWindow, qtbot: QtBot) -> None:
    """A second Space or a second click stops where the film is."""
    pick(window.sandbox.step_bar.speed, max(SPEEDS))
    window.sandbox.fit.setFocus()
    enter(window.sandbox.step_bar.steps, "100")
    window.sandbox.fit.setFocus()
    for toggle in (
        lambda: press(window, Key.Key_Space),
        lambda: click(window.sandbox.step_bar.play),
    ):
        begin = step(window)
        toggle()
        qtbot.waitUntil(lambda begin=begin: step(window) >= begin + 2)
        toggle()
        assert not window.workspace.player.is_playing
        assert step(window) < 100


def test_points_can_change_while_playing(window: MainWindow, qtbot: QtBot) -> None:
    """The film goes on, and shows the new adaptation."""
    pick(window.sandbox.step_bar.speed, max(SPEEDS))
    window.sandbox.fit.setFocus()
    press(window, Key.Key_Space)
    click_plot(window.sandbox.fit, 0.0, 0.0)
    assert window.workspace.player.is_playing
    qtbot.waitUntil(lambda: not window.workspace.player.is_playing)
    assert step(window) == 10
    assert_adapted(qtbot, window)


def test_errors_at_every_step_are_plotted(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The curves are the core's errors on a logarithmic axis, for the learners shown."""
    assert_adapted(qtbot, sandbox_stage)
    plot = sandbox_stage.sandbox.errors
    for role, (_, errors, losses) in expected(sandbox_stage.workspace.sandbox).items():
        assert plot.on_task[role].isVisible() == (
            role in sandbox_stage.workspace.sandbox.state.shown
        )
        if plot.on_task[role].isVisible():
            np.testing.assert_allclose(curve_values(plot.on_task[role]), np.log10(errors))
            np.testing.assert_allclose(curve_values(plot.on_support[role]), np.log10(losses))


def test_a_click_on_the_errors_chooses_a_step(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """So does dragging, up to the ends; the marker shows it."""
    click_plot(sandbox_stage.sandbox.errors, 6.2, 0.0)
    assert step(sandbox_stage) == 6
    assert_adapted(qtbot, sandbox_stage)
    assert sandbox_stage.sandbox.errors.marker.value() == 6
    seen = []
    sandbox_stage.workspace.sandbox.changed.connect(lambda: seen.append(step(sandbox_stage)))
    drag_plot(sandbox_stage.sandbox.errors, (6, 0), (7, 0), (8, 0), (14, 0))
    assert seen == [7, 8, 10]


def test_learners_can_be_hidden(window: MainWindow, qtbot: QtBot) -> None:
    """Switches and keys show and hide curves in both plots; what is hidden is not computed."""
    assert_adapted(qtbot, window)
    switches = window.sandbox.numbers.switches
    assert [role for role in ROLES if switches[role].isChecked()] == ["maml", "pretrained"]
    for key, role in enumerate(ROLES[:9], 1):
        shown = role in window.workspace.sandbox.state.shown
        press(window, str(key))
        assert (role in window.workspace.sandbox.state.shown) is not shown
        assert switches[role].isChecked() is not shown
        assert_adapted(qtbot, window)
        assert window.sandbox.errors.on_task[role].isVisible() is not shown
        click(switches[role])
        assert (role in window.workspace.sandbox.state.shown) is shown
        assert_adapted(qtbot, window)
        answer = window.workspace.sandbox.answer
        assert answer is not None
        assert not set(answer.trajectories) & set(ROLES[max(key, 2) :])


def test_every_role_can_be_shown(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """All learners, baselines and closed forms at once, each with the core's own numbers."""
    for role, switch in sandbox_stage.sandbox.numbers.switches.items():
        if role in PRESENT and not switch.isChecked():
            sandbox_stage.sandbox.numbers.rows.ensureWidgetVisible(switch)
            click(switch)
            assert role in sandbox_stage.workspace.sandbox.state.shown
    assert_adapted(qtbot, sandbox_stage)
    answer = sandbox_stage.workspace.sandbox.answer
    assert answer is not None
    assert set(answer.trajectories) == set(PRESENT)


def test_curves_are_made_when_they_are_shown(window: MainWindow, qtbot: QtBot) -> None:
    """None for a role that was never shown; one made later has the theme's pen, and its place."""
    fit, errors = window.sandbox.fit, window.sandbox.errors
    made = fit.fits, fit.earlier, errors.on_task, errors.on_support
    qtbot.waitUntil(lambda: all(set(curves) == {"maml", "pretrained"} for curves in made))
    window.set_theme("dark")
    for role in ("oracle", "anil"):  # in another order than theirs in the list
        click(window.sandbox.numbers.switches[role])
    qtbot.waitUntil(lambda: {*fit.fits} == {"maml", "pretrained", "oracle", "anil"})
    for role in fit.fits:
        for curve in (fit.fits[role], errors.on_task[role], errors.on_support[role]):
            assert curve.isVisible()
            assert curve.pen().color().rgb() == QColor(style.DARK.learners[role]).rgb()
        assert curve.pen().widthF() < errors.on_task[role].pen().widthF()
    heights = [fit.fits[role].zValue() for role in ROLES if role in fit.fits]
    assert heights == sorted(heights)
    for role in ("oracle", "anil"):
        click(window.sandbox.numbers.switches[role])
    qtbot.waitUntil(lambda: not fit.fits["oracle"].isVisible())
    assert not errors.on_task["oracle"].isVisible()
    assert not errors.on_support["oracle"].isVisible()
    assert not any(curve.isVisible() for curve in fit.earlier["oracle"])


def test_no_learner_shown(window: MainWindow, qtbot: QtBot) -> None:
    """An empty plot is still a plot."""
    press(window, "1", "2")
    assert window.workspace.sandbox.state.shown == frozenset()
    assert_adapted(qtbot, window)
    assert not any(curve.isVisible() for curve in window.sandbox.errors.on_task.values())


def _diverge(window: MainWindow | SandboxStage, alpha: float) -> None:
    window.workspace.sandbox.clear_points()
    for i in range(20):
        window.workspace.sandbox.add_point(2 + i / 50, 0.0)
    window.workspace.sandbox.update(alpha=alpha, steps=30, step=30, shown=frozenset(ROLES))


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0])
def test_divergence_is_shown_calmly(
    sandbox_stage: SandboxStage, qtbot: QtBot, alpha: float
) -> None:
    """Clustered points and a long step: said in words, drawn within the axes, no bare infinity."""
    assert_adapted(qtbot, sandbox_stage)
    fit, errors, numbers = (
        sandbox_stage.sandbox.fit,
        sandbox_stage.sandbox.errors,
        sandbox_stage.sandbox.numbers,
    )
    before = fit.getPlotItem().getViewBox().viewRange()
    _diverge(sandbox_stage, alpha)
    qtbot.waitUntil(lambda: sandbox_stage.workspace.sandbox.is_current)
    answer = sandbox_stage.workspace.sandbox.answer
    assert answer is not None
    divergence, sentence = answer.trajectories["maml"].divergence, answer.sentences["maml"]
    qtbot.waitUntil(lambda: sentence in numbers.message.text())
    assert not numbers.message.isHidden()
    assert divergence is not None
    assert f"MAML diverged at step {divergence.step}: " in sentence
    assert "α" in sentence
    roles = answer.trajectories
    curves = [c for r in roles for c in (fit.fits[r], errors.on_task[r], errors.on_support[r])]
    for curve in curves:
        values = curve_values(curve)
        assert not np.isinf(values).any()
        assert (np.abs(values[np.isfinite(values)]) < 1e7).all()
    assert fit.getPlotItem().getViewBox().viewRange() == before
    low, high = errors.getPlotItem().getViewBox().viewRange()[1]
    assert -6 < low < high < 7
    texts = [numbers.on_task[role].text() for role in ROLES]
    texts += [numbers.on_support[role].text() for role in ROLES]
    assert not any(bad in text.lower() for text in texts for bad in ("inf", "nan"))
    assert all(text for text in texts)


def test_the_message_of_divergence_goes_with_its_cause(window: MainWindow, qtbot: QtBot) -> None:
    """It names the learners shown, and vanishes once α is small again."""
    numbers = window.sandbox.numbers
    _diverge(window, 0.5)
    qtbot.waitUntil(lambda: numbers.message.text().startswith("MAML diverged"))
    press(window, "1")
    qtbot.waitUntil(lambda: not numbers.message.text().startswith("MAML diverged"))
    press(window, "1")
    enter(window.sandbox.controls.alpha, "0.001")
    assert_adapted(qtbot, window)
    qtbot.waitUntil(numbers.message.isHidden)
