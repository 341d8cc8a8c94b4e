"""The settings in the training panel: presets, values half typed, and when they hold."""

from dataclasses import replace

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.experiment.presets import PRESETS
from explorer.state.training_session import Phase
from tests.conftest import OpenTraining
from tests.panels.training import CTRL, Key, iteration, phase
from tests.stages import TrainingStage
from tests.trainers import SMALL, GatedTrainer
from tests.ui import click, enter, pick, press


def test_settings_edited_in_mid_run_wait_for_reset(
    open_training: OpenTraining, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """They are announced as pending, the run goes on as it is, and Reset takes them."""
    stage = open_training(trainer=trainer.train)
    panel = stage.training
    click(panel.train)
    trainer.open(3)
    qtbot.waitUntil(lambda: iteration(stage) == 3)
    assert panel.pending.isHidden()
    panel.tabs.setCurrentWidget(panel.form)
    enter(panel.form.editors["shots"], "7")
    assert not panel.pending.isHidden()
    assert "Reset" in panel.pending.text()
    assert stage.workspace.session.run.settings == SMALL
    assert phase(stage) is Phase.TRAINING
    trainer.open()
    qtbot.waitUntil(lambda: iteration(stage) == 4)
    click(panel.reset)
    assert stage.workspace.session.run.settings.shots == 7
    assert iteration(stage) == 0
    assert panel.pending.isHidden()
    assert panel.train.isEnabled()


def test_settings_edited_before_training_hold_at_once(training_stage: TrainingStage) -> None:
    """There is nothing to lose yet, so nothing is pending."""
    panel = training_stage.training
    panel.tabs.setCurrentWidget(panel.form)
    enter(panel.form.editors["iterations"], "80")
    assert training_stage.workspace.session.run.settings.iterations == 80
    assert panel.progress.maximum() == 80
    assert panel.pending.isHidden()
    assert panel.train.isEnabled()


def test_impossible_settings_keep_training_off(window: MainWindow) -> None:
    """Until the value is mended neither Train nor Step nor Reset can be pressed."""
    panel = window.training
    panel.tabs.setCurrentWidget(panel.form)
    editor = panel.form.editors["hidden"]
    assert isinstance(editor, QLineEdit)
    enter(editor, "40, x")
    assert not panel.form.errors["hidden"].isHidden()
    assert "40, 40" in panel.form.errors["hidden"].text()
    for button in (panel.train, panel.step, panel.reset):
        assert not button.isEnabled()
    press(window, Key.Key_Return, modifier=CTRL)
    assert phase(window) is Phase.READY
    enter(editor, "8")
    assert panel.form.errors["hidden"].isHidden()
    assert panel.train.isEnabled()


def test_presets_fill_the_form(training_stage: TrainingStage) -> None:
    """Each preset is taken whole and recognised; editing a value makes it one's own settings."""
    panel = training_stage.training
    assert panel.preset.currentData() is None
    for name, preset in PRESETS.items():
        pick(panel.preset, name)
        expected = replace(preset.settings, seed=SMALL.seed)  # the seed is the user's
        assert panel.form.settings == expected
        assert training_stage.workspace.session.run.settings == expected
        assert panel.preset.currentData() == name
        assert panel.train.isEnabled()
    panel.tabs.setCurrentWidget(panel.form)
    enter(panel.form.editors["shots"], "3")
    assert panel.preset.currentData() is None


def test_own_settings_that_are_a_presets_are_called_so(window: MainWindow) -> None:
    """With another seed too; choosing "Own settings" changes nothing, so the preset is shown."""
    panel = window.training
    pick(panel.preset, "5-shot")
    panel.tabs.setCurrentWidget(panel.form)
    enter(panel.form.editors["seed"], "77")
    assert panel.preset.currentData() == "5-shot"
    pick(panel.preset, "quick")
    assert panel.form.settings == replace(PRESETS["quick"].settings, seed=77)
    assert window.workspace.session.run.settings.seed == 77
    panel.preset.setFocus()
    press(panel.preset, Key.Key_End)
    assert panel.preset.currentData() == "quick"
    assert panel.form.settings == replace(PRESETS["quick"].settings, seed=77)
    enter(panel.form.editors["shots"], "3")
    assert panel.preset.currentText() == "Own settings"


@pytest.mark.parametrize("by_menu", [False, True])
def test_a_number_still_being_typed_is_trained_with(window: MainWindow, by_menu: bool) -> None:
    """Ctrl+Return takes in what stands in the field that has the focus."""
    panel = window.training
    panel.tabs.setCurrentWidget(panel.form)
    alpha = panel.form.editors["alpha"]
    alpha.setFocus()
    QTest.keySequence(alpha, "Ctrl+A")
    QTest.keyClicks(alpha, "0.05")
    assert window.workspace.session.run.settings.alpha == SMALL.alpha
    if by_menu:
        window.actions_by_name["Train, pause or resume"].trigger()
    else:
        press(window, Key.Key_Return, modifier=CTRL)
    assert phase(window) is Phase.TRAINING
    assert window.workspace.session.run.settings.alpha == 0.05
    assert panel.pending.isHidden()
