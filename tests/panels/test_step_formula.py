"""The step's formula with its numbers, and the line that says what is frozen."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.adaptation.step_values import values_text
from tests.stages import SandboxStage
from tests.ui import assert_adapted, click, enter, press


def text(stage: SandboxStage | MainWindow) -> str:
    """Both lines, without the name's emphasis."""
    formula = stage.sandbox.formula
    plain = formula.formula.text().replace("<b>", "").replace("</b>", "")
    return f"{plain}\n{formula.values.text()}"


def test_it_is_folded_until_asked_for(window: MainWindow, qtbot: QtBot) -> None:
    """The key folds it out and in, the cross in; what is asked of the engine changes with it."""
    formula, sandbox = window.sandbox.formula, window.workspace.sandbox
    assert not formula.isVisible()
    assert sandbox.question.explained is None
    press(window, "m")
    assert formula.isVisible()
    qtbot.waitUntil(lambda: "θ₂ = θ₁ − α∇L(θ₁)" in text(window))
    press(window, "m")
    assert not formula.isVisible()
    press(window, "m")
    click(formula.hide_it)
    assert not formula.isVisible()
    assert sandbox.question.explained is None


def test_from_another_tab_it_is_shown_where_it_lies(window: MainWindow) -> None:
    """What cannot be seen is not folded away."""
    for _ in range(2):
        press(window, "3", modifier=Qt.KeyboardModifier.ControlModifier)
        assert not window.sandbox.isVisible()
        press(window, "m")
        assert window.sandbox.formula.isVisible()


def test_keys_of_the_sandbox_act_on_what_is_seen_from_another_tab(window: MainWindow) -> None:
    """Though its own controls are not refreshed meanwhile; on return they are."""
    sandbox = window.workspace.sandbox
    sandbox.go_to(0)
    press(window, "3", modifier=Qt.KeyboardModifier.ControlModifier)
    press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_Left)
    assert sandbox.state.step == 1
    sandbox.update(snap=False, query_x=(1.0,))
    press(window, "n")
    press(window, "q")
    assert sandbox.state.snap
    assert sandbox.state.query_x == ()
    sandbox.go_to(4)
    press(window, "1", modifier=Qt.KeyboardModifier.ControlModifier)
    panel = window.sandbox
    assert panel.step_bar.slider.value() == 4
    assert panel.step_bar.back.isEnabled()
    assert panel.controls.snap.isChecked()
    assert not panel.controls.query.isChecked()


def test_its_numbers_are_those_of_the_step_shown(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Step by step, to the last, behind which there is one more."""
    sandbox, panel = sandbox_stage.workspace.sandbox, sandbox_stage.sandbox
    panel.formula.toggle()
    for step, formula in ((0, "θ₁ = θ₀ −"), (3, "θ₄ = θ₃ −"), (10, "θ₁₁ = θ₁₀ −")):
        sandbox.go_to(step)
        assert_adapted(qtbot, sandbox_stage)
        assert sandbox.answer is not None
        values = sandbox.answer.explanation
        assert values is not None
        expected = values_text(values, step)
        qtbot.waitUntil(lambda expected=expected: expected in text(sandbox_stage))
        assert f"Next step of MAML:  {formula} α∇L" in text(sandbox_stage)
    enter(panel.controls.alpha, "0.002")
    qtbot.waitUntil(lambda: "α = 0.002," in text(sandbox_stage))


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("anil", "Next step of ANIL:  θ₂ = θ₁ − αM∇L(θ₁)"),
        ("ridge", "Ridge head takes no gradient steps"),
        ("zero", "takes no gradient steps"),
        (None, "No learner is shown"),
    ],
)
def test_it_is_about_the_first_learner_shown(
    sandbox_stage: SandboxStage, qtbot: QtBot, role: str | None, expected: str
) -> None:
    """Whoever it is, M where there is one, and a sentence where there are no steps."""
    sandbox = sandbox_stage.workspace.sandbox
    sandbox_stage.sandbox.formula.toggle()
    sandbox.update(shown=frozenset({role} - {None}))
    qtbot.waitUntil(lambda: expected in text(sandbox_stage))


def test_frozen_layers_are_said_and_freed(window: MainWindow, qtbot: QtBot) -> None:
    """A line over the plot and the status line tell of them; button and key free all."""
    sandbox, bar = window.workspace.sandbox, window.sandbox.frozen
    assert not bar.isVisible()
    for act in (lambda: click(bar.free), lambda: press(window, "l")):
        sandbox.set_frozen(0, True)
        sandbox.set_frozen(2, True)
        assert bar.isVisible()
        assert bar.text.text().startswith("Layers 1 and 3 frozen")
        assert_adapted(qtbot, window)
        qtbot.waitUntil(lambda: "layers 1 and 3 frozen" in window._origin.text())
        act()
        assert sandbox.state.frozen == frozenset()
        assert not bar.isVisible()
        assert_adapted(qtbot, window)
        qtbot.waitUntil(lambda: "frozen" not in window._origin.text())


def test_frozen_layers_show_in_the_formula(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """MAML then has an M; with all layers frozen the step is of length 0."""
    sandbox = sandbox_stage.workspace.sandbox
    sandbox_stage.sandbox.formula.toggle()
    for layer in range(3):
        sandbox.set_frozen(layer, True)
    qtbot.waitUntil(lambda: "‖αM∇L‖ = 0.000" in text(sandbox_stage))


def test_space_still_plays_after_the_line_is_gone(window: MainWindow) -> None:
    """A click on what then disappears leaves the focus on the plot."""
    window.sandbox.fit.setFocus()
    window.workspace.sandbox.set_frozen(1, True)
    click(window.sandbox.frozen.free)
    assert window.focusWidget() is window.sandbox.fit
    press(window, Qt.Key.Key_Space)
    assert window.workspace.player.is_playing
    press(window, Qt.Key.Key_Space)
