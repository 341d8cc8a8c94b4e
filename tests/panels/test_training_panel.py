"""Training by buttons and keys, and what goes on beside it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.training.loop import advance, start
from explorer.panels.training.panel import duration
from explorer.state.training_session import Phase, train_newest
from tests.conftest import OpenTraining, OpenWindow
from tests.panels.training import CTRL, Key, assert_curves, iteration, phase
from tests.stages import TrainingStage
from tests.trainers import LONG, SMALL, GatedTrainer
from tests.ui import assert_adapted, click, click_plot, curve_values, press, status_text


def test_training_to_the_end(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """Train: the curve grows to the last iteration, and it is that of the core bit for bit."""
    panel = training_stage.training
    assert panel.train.isEnabled()
    assert not panel.reset.isEnabled()
    click(panel.train)
    assert phase(training_stage) is Phase.TRAINING
    assert not panel.step.isEnabled()
    qtbot.waitUntil(lambda: phase(training_stage) is Phase.FINISHED)
    assert_curves(qtbot, training_stage)
    run, losses = advance(start(SMALL), SMALL.iterations)
    drawn = panel.meta_loss.raw["maml", "after the inner step"]
    np.testing.assert_allclose(curve_values(drawn), np.log10(losses["maml"][:, 1]), rtol=1e-6)
    learners = training_stage.workspace.session.run.learners
    assert torch.equal(learners["maml"].meta, run.learners["maml"].meta)
    assert panel.progress.value() == SMALL.iterations
    assert panel.progress.value() == panel.progress.maximum()
    assert "60 of 60" in panel.numbers.text()
    qtbot.waitUntil(lambda: "finished" in panel.numbers.text())
    assert not panel.train.isEnabled()
    assert not panel.step.isEnabled()
    assert panel.reset.isEnabled()


def test_pause_and_resume_are_exact(open_window: OpenWindow, qtbot: QtBot) -> None:
    """A run paused by the button and resumed by the key equals one that never stopped."""
    settings = replace(SMALL, iterations=600)
    trainer = GatedTrainer(train_newest)
    window = open_window(settings, trainer.train)
    with qtbot.waitSignal(window.workspace.session.progressed):
        click(window.training.train)
        trainer.open()
    assert window.training.train.text() == "Pause"
    click(window.training.train)
    trainer.open()
    qtbot.waitUntil(lambda: phase(window) is Phase.PAUSED)
    stopped = iteration(window)
    assert 0 < stopped < 600
    assert window.training.train.text() == "Resume"
    qtbot.waitUntil(lambda: f"{stopped} of 600" in window.training.numbers.text())
    assert f"{stopped}" in status_text(window)
    assert_curves(qtbot, window)
    assert iteration(window) == stopped
    press(window, Key.Key_Return, modifier=CTRL)
    trainer.open_all()
    qtbot.waitUntil(lambda: phase(window) is Phase.FINISHED)
    assert_curves(qtbot, window)
    run, losses = advance(start(settings), 600)
    session = window.workspace.session
    for name, state in run.learners.items():
        assert torch.equal(session.run.learners[name].meta, state.meta)
    low, high = losses["pretrained"][:, 0].min(), losses["pretrained"][:, 0].max()
    raw = session.histories["pretrained", "joint loss"].raw()[1]
    assert (raw.min(), raw.max()) == (low, high)


def test_step_is_one_iteration(window: MainWindow, qtbot: QtBot) -> None:
    """Button and key each do exactly one."""
    panel = window.training
    for count, act in enumerate(
        (
            lambda: click(panel.step),
            lambda: press(window, Key.Key_Right, modifier=CTRL),
            lambda: click(panel.step),
        ),
        1,
    ):
        act()
        qtbot.waitUntil(lambda: phase(window) is Phase.PAUSED)
        assert iteration(window) == count
        assert_curves(qtbot, window)
    assert panel.progress.value() == 3
    assert len(curve_values(panel.meta_loss.smooth["maml", "after the inner step"])) == 3


def test_reset_starts_over(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """Iteration 0, empty curves, and the same curve again when trained again."""
    panel = training_stage.training
    seen = []
    for _ in range(2):
        click(panel.train)
        qtbot.waitUntil(lambda: phase(training_stage) is Phase.FINISHED)
        assert_curves(qtbot, training_stage)
        seen.append(curve_values(panel.meta_loss.raw["pretrained", "joint loss"]).copy())
        click(panel.reset)
        assert phase(training_stage) is Phase.READY
        assert iteration(training_stage) == 0
        assert_curves(qtbot, training_stage)
        qtbot.waitUntil(lambda: panel.progress.value() == 0)
        assert len(curve_values(panel.meta_loss.raw["pretrained", "joint loss"])) == 0
        assert len(curve_values(panel.held_out.curves["maml"])) == 0
    assert np.array_equal(seen[0], seen[1])


def test_reset_in_the_midst_of_training(open_window: OpenWindow, qtbot: QtBot) -> None:
    """It does not wait for the worker, and training can begin again at once."""
    window = open_window(LONG)
    with qtbot.waitSignal(window.workspace.session.progressed):
        click(window.training.train)
    press(window, "r", modifier=CTRL)
    assert phase(window) is Phase.READY
    assert iteration(window) == 0
    with qtbot.waitSignal(window.workspace.session.progressed):
        click(window.training.train)
    click(window.training.train)
    qtbot.waitUntil(lambda: phase(window) is Phase.PAUSED)
    count = iteration(window)
    done = advance(start(LONG), count)[0]
    theta = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(theta, done.learners["maml"].meta)


def test_pausing_is_said_until_it_is_done(
    open_training: OpenTraining, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """While the chunk in hand ends, no button begins anything else."""
    stage = open_training(trainer=trainer.train)
    panel = stage.training
    click(panel.train)
    trainer.open()
    qtbot.waitUntil(lambda: iteration(stage) == 1)
    qtbot.waitUntil(lambda: "100 per second" in panel.numbers.text())
    click(panel.train)
    assert phase(stage) is Phase.PAUSING
    assert not panel.train.isEnabled()
    assert not panel.step.isEnabled()
    trainer.open()
    qtbot.waitUntil(lambda: phase(stage) is Phase.PAUSED)
    assert panel.train.isEnabled()
    assert panel.step.isEnabled()


def test_the_sandbox_answers_while_training_flat_out(open_window: OpenWindow, qtbot: QtBot) -> None:
    """A click is answered between two chunks, long before training ends."""
    window = open_window(LONG)
    with qtbot.waitSignal(window.workspace.session.progressed):
        click(window.training.train)
    order: list[str] = []
    window.workspace.session.progressed.connect(lambda _: order.append("chunk"))
    window.workspace.sandbox.answered.connect(lambda: order.append("answer"))
    for x in (-4.0, -1.0, 0.5, 3.0):
        order.clear()
        click_plot(window.sandbox.fit, x, 0.0)
        assert_adapted(qtbot, window)
        assert order.index("answer") < 200  # of the ten thousand chunks of the run
        assert phase(window) is Phase.TRAINING
    qtbot.waitUntil(lambda: order[-1] == "chunk")


def test_following_shows_the_network_in_training(open_window: OpenWindow, qtbot: QtBot) -> None:
    """With Follow on, the curves are those of newer and newer iterations."""
    window = open_window(LONG)
    press(window, "f")
    origins: list[str] = []
    window.workspace.sandbox.answered.connect(
        lambda: origins.append(window.workspace.sandbox.competitors.origin)
    )
    click(window.training.train)
    qtbot.waitUntil(lambda: len(set(origins)) >= 3)
    click(window.training.train)
    qtbot.waitUntil(lambda: phase(window) is Phase.PAUSED)
    assert_adapted(qtbot, window)
    theta = window.workspace.sandbox.competitors.by_role["maml"].start.theta
    assert torch.equal(theta, window.workspace.session.run.learners["maml"].meta)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (120, "2 min"), (7200, "2.0 h")]
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    """Time left, in the largest unit that fits."""
    assert duration(seconds) == text
