"""Choosing the learners to train."""

import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import advance, start
from explorer.panels.training.learner_choice import NONE_CHOSEN
from explorer.state.training_session import Phase
from tests.conftest import OpenTraining
from tests.panels.training import BRIEF, choose, finish, trained
from tests.stages import TrainingStage
from tests.trainers import GatedTrainer
from tests.ui import click, enter, press


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
