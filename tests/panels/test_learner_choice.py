"""Choosing the learners to train, what is drawn of them, and the comparison with the paper."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.experiment.differences import differences, effective_alpha_text
from explorer.core.experiment.presets import PRESETS
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import advance, start
from explorer.panels.training.learner_choice import NONE_CHOSEN
from explorer.panels.training.loss_plots import CROWDED, is_early
from explorer.panels.training.paper_comparison import SAME
from explorer.state.training_session import Phase
from tests.conftest import OpenTraining, OpenWindow
from tests.stages import TrainingStage
from tests.trainers import SMALL, GatedTrainer
from tests.ui import click, curve_values, enter, pick, press, read_number

BRIEF = replace(SMALL, iterations=12, networks=3)
MANY = tuple(name for name in LEARNERS if name != "pretrained")


def choose(window: MainWindow | TrainingStage, *names: str) -> None:
    """Tick exactly these learners with the mouse; new ones first, so that some always are."""
    panel = window.training
    panel.tabs.setCurrentWidget(panel.choice)
    for wanted in (True, False):
        for name, box in panel.choice.boxes.items():
            if (name in names) is wanted and box.isChecked() is not wanted:
                panel.choice.ensureWidgetVisible(box)
                click(box)


def trained(window: MainWindow | TrainingStage) -> tuple[str, ...]:
    """The learners of the run in hand."""
    return tuple(window.workspace.session.run.learners)


def finish(window: MainWindow | TrainingStage, qtbot: QtBot) -> None:
    """Train to the end."""
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.FINISHED)


def test_maml_and_its_baseline_are_chosen_at_first(training_stage: TrainingStage) -> None:
    """There is a box for each learner, two of them ticked."""
    choice = training_stage.training.choice
    assert list(choice.boxes) == list(LEARNERS)
    assert choice.chosen == trained(training_stage) == ("maml", "pretrained")
    for name, box in choice.boxes.items():
        assert isinstance(box, QCheckBox)
        assert box.text() == LEARNERS[name].label
        assert box.accessibleDescription() == LEARNERS[name].source
        assert not box.icon().isNull()


def test_before_training_the_choice_holds_at_once(training_stage: TrainingStage) -> None:
    """There is nothing to lose yet, so nothing is pending."""
    choose(training_stage, "anil", "oracle")
    assert trained(training_stage) == ("anil", "oracle")
    assert training_stage.training.pending.isHidden()
    assert training_stage.training.train.isEnabled()


def test_reset_trains_exactly_what_is_ticked(
    open_training: OpenTraining, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """In mid-run another choice waits for Reset, and the present run goes on as it is."""
    stage = open_training(trainer=trainer.train)
    panel = stage.training
    click(panel.train)
    trainer.open(2)
    qtbot.waitUntil(lambda: stage.workspace.session.iteration == 2)
    choose(stage, "first-order", "meta-sgd")
    assert not panel.pending.isHidden()
    assert "Reset" in panel.pending.text()
    assert trained(stage) == ("maml", "pretrained")
    assert stage.workspace.session.phase is Phase.TRAINING
    click(panel.reset)
    assert trained(stage) == ("first-order", "meta-sgd")
    assert stage.workspace.session.iteration == 0
    assert panel.pending.isHidden()


@pytest.fixture
def trainer() -> Iterator[GatedTrainer]:
    trainer = GatedTrainer()
    yield trainer
    trainer.open_all()


def test_all_are_trained_on_the_same_tasks(open_training: OpenTraining, qtbot: QtBot) -> None:
    """Each learner of the panel's run is the one that the core trains alone, bit for bit."""
    stage = open_training(BRIEF)
    names = ("maml", "anil", "layer-rates", "reptile")
    choose(stage, *names)
    finish(stage, qtbot)
    assert trained(stage) == names
    for name in names:
        alone = advance(start(BRIEF, (name,)), BRIEF.iterations)[0].learners[name]
        together = stage.workspace.session.run.learners[name]
        assert torch.equal(together.meta, alone.meta)


def test_none_is_too_few(window: MainWindow) -> None:
    """Without a learner nothing can be started; a sentence says what to do, and goes again."""
    panel = window.training
    choose(window)
    assert panel.choice.chosen == ()
    assert not panel.pending.isHidden()
    assert panel.pending.text() == NONE_CHOSEN
    for button in (panel.train, panel.step, panel.reset):
        assert not button.isEnabled()
    press(window, Qt.Key.Key_Return, modifier=Qt.KeyboardModifier.ControlModifier)
    assert window.workspace.session.phase is Phase.READY
    assert trained(window)
    choose(window, "cavia")
    assert panel.pending.isHidden()
    assert panel.train.isEnabled()
    assert trained(window) == ("cavia",)


def test_what_would_make_pause_wait_is_refused(training_stage: TrainingStage) -> None:
    """The sentence names the slowest; when the settings are lowered the choice is taken."""
    panel = training_stage.training
    choose(training_stage, "maml", "reptile")
    panel.tabs.setCurrentWidget(panel.form)
    enter(panel.form.editors["reptile_steps"], "100")
    enter(panel.form.editors["hidden"], "256, 256")
    enter(panel.form.editors["meta_batch"], "60")
    assert "Reptile" in panel.pending.text()
    assert not panel.pending.isHidden()
    assert not panel.train.isEnabled()
    enter(panel.form.editors["reptile_steps"], "2")
    assert panel.pending.isHidden()
    assert training_stage.workspace.session.settings.value("reptile_steps") == 2
    assert panel.train.isEnabled()


def test_only_the_runs_learners_are_drawn(open_training: OpenTraining, qtbot: QtBot) -> None:
    """Curves, legend and held-out curves are those of the run, its numbers those of the core."""
    stage = open_training(BRIEF)
    panel, session = stage.training, stage.workspace.session
    choose(stage, "oracle", "cavia")
    finish(stage, qtbot)
    panel.tabs.setCurrentIndex(0)
    keys = [(n, kind) for n in ("cavia", "oracle") for kind in LEARNERS[n].losses]
    plot = panel.meta_loss
    assert list(plot.smooth) == list(plot.raw) == list(panel.legend.values) == keys
    assert set(panel.held_out.curves) == {"cavia", "oracle"}
    qtbot.waitUntil(lambda: len(curve_values(plot.smooth[keys[-1]])) == BRIEF.iterations)
    for key in keys:
        expected = session.histories[key].smoothed()[1]
        np.testing.assert_allclose(curve_values(plot.smooth[key]), np.log10(expected))
    qtbot.waitUntil(lambda: panel.legend.values[keys[0]].text() != "–")
    for key, value in panel.legend.values.items():
        latest = session.histories[key].latest()
        assert read_number(value.text()) == pytest.approx(latest, rel=2e-3)


def test_a_crowd_shows_its_last_losses_alone(open_training: OpenTraining, qtbot: QtBot) -> None:
    """With many learners early and raw losses leave the plot; the early ones stay as numbers."""
    assert len(MANY) > CROWDED
    stage = open_training(BRIEF)
    panel, session = stage.training, stage.workspace.session
    choose(stage, *MANY)
    assert trained(stage) == MANY
    finish(stage, qtbot)
    panel.tabs.setCurrentIndex(0)
    assert {name for name, _ in panel.meta_loss.smooth} == set(MANY)
    assert not any(is_early(key) for key in panel.meta_loss.smooth)
    assert panel.meta_loss.raw == {}
    assert "before → after" in panel.caption.text()
    assert set(panel.legend.values) == set(session.histories)
    qtbot.waitUntil(lambda: all(v.text() != "–" for v in panel.legend.values.values()))
    qtbot.waitUntil(lambda: set(session.held_out.mse) == set(MANY) if session.held_out else False)
    qtbot.waitUntil(lambda: len(curve_values(panel.held_out.curves["averaged"])) > 0)


@pytest.mark.parametrize("names", [("maml", "pretrained"), tuple(LEARNERS)])
def test_the_window_keeps_its_width(
    open_window: OpenWindow, qtbot: QtBot, names: tuple[str, ...]
) -> None:
    """Neither two nor all learners make the panel wider, and no text of the legend is cut."""
    window = open_window(BRIEF)
    before = window.training.width()
    choose(window, *names)
    window.training.tabs.setCurrentIndex(0)
    finish(window, qtbot)
    legend = window.training.legend
    qtbot.waitUntil(lambda: all(v.text() != "–" for v in legend.values.values()))
    qtbot.waitUntil(lambda: legend.width() >= legend.minimumSizeHint().width())
    assert window.training.width() == before
    assert window.width() == 1280


def test_each_line_is_told_apart(training_stage: TrainingStage) -> None:
    """No two learners share both colour and dashes."""
    choose(training_stage, *LEARNERS)
    pens = [curve.pen() for curve in training_stage.training.held_out.curves.values()]
    looks = {(pen.color().name(), tuple(pen.dashPattern())) for pen in pens}
    assert len(looks) == len(LEARNERS)


def test_absent_learners_cost_nothing(training_stage: TrainingStage) -> None:
    """What is not trained is not in the plots at all, also after it was."""
    plots = (training_stage.training.meta_loss, training_stage.training.held_out)
    before = [len(plot.scene().items()) for plot in plots]
    choose(training_stage, *LEARNERS)
    assert all(len(plot.scene().items()) > count for plot, count in zip(plots, before, strict=True))
    choose(training_stage, "maml", "pretrained")
    assert [len(plot.scene().items()) for plot in plots] == before


def test_an_opened_run_brings_its_learners(training_stage: TrainingStage) -> None:
    """The boxes, curves and legend are those of the run taken in hand."""
    run = advance(start(BRIEF, ("reptile", "meta-sgd")), 3)[0]
    training_stage.workspace.session.open(run)
    assert training_stage.training.choice.chosen == ("meta-sgd", "reptile")
    assert set(training_stage.training.held_out.curves) == {"meta-sgd", "reptile"}
    assert training_stage.training.pending.isHidden()
    assert training_stage.training.train.isEnabled()


def test_training_time_of_each(open_training: OpenTraining, qtbot: QtBot) -> None:
    """The table under the list has the seconds that the run counts, and only its learners."""
    stage = open_training(BRIEF)
    choose(stage, "maml", "averaged")
    finish(stage, qtbot)
    costs = stage.training.choice.costs
    seconds = stage.workspace.session.seconds
    assert set(seconds) == {"maml", "averaged"}
    assert all(value > 0 for value in seconds.values())

    def shown() -> None:
        assert {name for name, _ in costs.cells} == {"maml", "averaged"}
        for name, value in seconds.items():
            assert costs.cells[name, "seconds"].text() == f"{value:,.1f}"

    qtbot.waitUntil(shown)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_compared_with_the_paper(training_stage: TrainingStage, name: str) -> None:
    """Every difference has a row, what settings cannot say is told, and the tab counts."""
    panel = training_stage.training
    pick(panel.preset, name)
    preset, shown = PRESETS[name], panel.comparison
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
