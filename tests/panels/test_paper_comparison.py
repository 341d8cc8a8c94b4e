"""Presets and settings beside those of the paper."""

from dataclasses import replace

from PySide6.QtCore import Qt

from explorer.app.main_window import MainWindow
from explorer.core.experiment.differences import differences, effective_alpha_text
from explorer.core.experiment.presets import PRESETS, Preset
from explorer.panels.training.paper_comparison import SAME
from tests.panels.training import choose, trained
from tests.stages import TrainingStage
from tests.trainers import SMALL
from tests.ui import enter, pick, press


def test_every_preset_is_compared_with_the_paper(training_stage: TrainingStage) -> None:
    """One after the other, up the list from settings of one's own at its end."""
    for name, preset in reversed(PRESETS.items()):
        pick(training_stage.training.preset, name)
        assert_compared(training_stage, preset)


def assert_compared(training_stage: TrainingStage, preset: Preset) -> None:
    """Every difference has a row, what settings cannot say is told, and the tab counts."""
    panel = training_stage.training
    shown = panel.comparison
    assert panel.form.settings == replace(preset.settings, seed=SMALL.seed)
    found = differences(preset.settings)
    rows = [tuple(c.text() for c in row) for row in shown.table.rows if not row[0].isHidden()]
    assert rows == found
    assert shown.alpha.text() == effective_alpha_text(preset.settings)
    assert all(sentence in shown.beyond.text() for sentence in preset.beyond)
    assert shown.beyond.isHidden() == (not preset.beyond)
    assert (shown.verdict.text() == SAME) == (not found)
    title = panel.tabs.tabText(panel.tabs.indexOf(shown))
    assert title == shown.title
    assert ("same" if not found else str(len(found))) in title
    assert trained(training_stage) == (preset.learners or ("maml", "pretrained"))


def test_maml_comes_back_after_the_reptile_gist(training_stage: TrainingStage) -> None:
    """A preset for MAML trains MAML; a choice of one's own that has it stays."""
    panel = training_stage.training
    pick(panel.preset, "reptile-gist")
    assert trained(training_stage) == ("reptile",)
    pick(panel.preset, "maml-tf2")
    assert trained(training_stage) == ("maml", "pretrained")
    choose(training_stage, "maml", "anil", "reptile")
    pick(panel.preset, "hereismari")
    assert trained(training_stage) == ("maml", "anil", "reptile")


def test_sum_against_mean_shows_the_factor_k(window: MainWindow) -> None:
    """Choosing the sum over K points in the form says what α amounts to, at once."""
    panel = window.training
    pick(panel.preset, "5-shot")
    assert panel.comparison.alpha.text() == "α = 0.01 on the mean over 5 points."
    panel.tabs.setCurrentWidget(panel.form)
    editor = panel.form.editors["reduction"]
    editor.setFocus()
    press(editor, Qt.Key.Key_Down)
    assert panel.comparison.alpha.text() == "α = 0.01 on the sum over 5 points is 0.05 on the mean."


def test_impossible_settings_are_not_compared(training_stage: TrainingStage) -> None:
    """Until they are mended there is nothing to compare."""
    panel = training_stage.training
    panel.tabs.setCurrentWidget(panel.form)
    enter(panel.form.editors["hidden"], "x")
    assert "Mend" in panel.comparison.verdict.text()
    assert panel.comparison.table.isHidden()
    enter(panel.form.editors["hidden"], "8")
    assert "Mend" not in panel.comparison.verdict.text()
