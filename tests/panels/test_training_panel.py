"""Training by buttons and keys, and what it shows."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.base.errors import TrainingDivergedError
from explorer.core.experiment.presets import PRESETS
from explorer.core.families.closed_forms import reference_losses, told_apart
from explorer.core.training.loop import HeldOut, TrainEvent, advance, start
from explorer.panels.training.panel import duration
from explorer.state.training_session import Newest, Phase, train_newest
from tests.conftest import OpenTraining, OpenWindow
from tests.stages import TrainingStage
from tests.trainers import LONG, SMALL, GatedTrainer, failing, progress
from tests.ui import (
    assert_adapted,
    click,
    click_plot,
    curve_values,
    enter,
    pick,
    press,
    status_text,
)

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def trainer() -> Iterator[GatedTrainer]:
    trainer = GatedTrainer()
    yield trainer
    trainer.open_all()


def phase(window: MainWindow | TrainingStage) -> Phase:
    """What the session is doing."""
    return window.workspace.session.phase


def iteration(window: MainWindow | TrainingStage) -> int:
    """How far the run is."""
    return window.workspace.session.run.iteration


def assert_curves(qtbot: QtBot, window: MainWindow | TrainingStage) -> None:
    """Wait until the plot shows the run's whole history, smoothed and raw."""
    plot, histories = window.training.meta_loss, window.workspace.session.histories

    def shown() -> None:
        for key, history in histories.items():
            for curve, (x, y) in (
                (plot.smooth[key], history.smoothed()),
                (plot.raw[key], history.raw()),
            ):
                assert np.array_equal(curve.getData()[0], x)
                np.testing.assert_allclose(curve_values(curve), np.log10(y))

    qtbot.waitUntil(shown)


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


def test_curves_drawn_late_are_complete(window: MainWindow, qtbot: QtBot) -> None:
    """Training with the settings in view: turning to the curves afterwards shows them all."""
    panel = window.training
    qtbot.waitUntil(panel.meta_loss.hint.isVisible)
    panel.tabs.setCurrentWidget(panel.form)
    for count in (1, 2, 3):
        click(panel.step)
        qtbot.waitUntil(lambda: phase(window) is Phase.PAUSED)
        assert iteration(window) == count
    qtbot.waitUntil(lambda: panel.progress.value() == 3)
    qtbot.waitUntil(lambda: not window.clock._due)  # nothing else is about to draw
    assert len(curve_values(panel.meta_loss.smooth["maml", "after the inner step"])) == 0
    panel.tabs.tabBar().setFocus()
    press(panel.tabs.tabBar(), Key.Key_Left)
    assert panel.meta_loss.isVisible()
    assert_curves(qtbot, window)
    assert len(curve_values(panel.meta_loss.smooth["maml", "after the inner step"])) == 3
    assert not panel.meta_loss.hint.isVisible()


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


def test_a_defect_is_shown_with_details_to_copy(open_window: OpenWindow, qtbot: QtBot) -> None:
    """One sentence in the bar, the rest on demand; the window lives on and Reset works."""
    window = open_window(trainer=failing(ZeroDivisionError("by nought")))
    notices, panel = window.notices, window.training
    assert notices.isHidden()
    click(panel.train)
    qtbot.waitUntil(notices.isVisible)
    assert "by nought" in notices.text.text()
    assert "\n" not in notices.text.text()
    assert notices.details.isHidden()
    click(notices.show_details)
    assert notices.details.isVisible()
    assert "Traceback" in notices.details.toPlainText()
    QApplication.clipboard().clear()
    click(notices.copy)
    copied = QApplication.clipboard().text()
    assert "by nought" in copied
    assert "Traceback" in copied
    assert phase(window) is Phase.FAILED
    assert iteration(window) == 2
    assert_curves(qtbot, window)
    click_plot(window.sandbox.fit, 0.5, 0.0)
    assert_adapted(qtbot, window)
    click(notices.close_button)
    assert notices.isHidden()
    click(panel.reset)
    assert phase(window) is Phase.READY
    assert panel.train.isEnabled()


def test_a_users_error_is_only_its_sentence(open_window: OpenWindow, qtbot: QtBot) -> None:
    """There is nothing to copy, and Esc dismisses it."""
    window = open_window(trainer=failing(TrainingDivergedError("Lower α or β."), after=1))
    click(window.training.train)
    qtbot.waitUntil(window.notices.isVisible)
    assert window.notices.text.text() == "Lower α or β."
    assert window.notices.copy.isHidden()
    assert window.notices.show_details.isHidden()
    assert window.notices.details.isHidden()
    press(window, Key.Key_Escape)
    assert window.notices.isHidden()


def test_held_out_tasks(open_window: OpenWindow, qtbot: QtBot) -> None:
    """The evaluation is drawn, with its iteration and what diverged said above."""
    result = HeldOut(
        7,
        {"maml": (3.0, 1.0, 0.5), "pretrained": (3.0, 2.0, float("nan"))},
        {"maml": (0, 0, 0), "pretrained": (0, 1, 4)},
    )

    def trainer(newest: Newest, until: int | None, seconds: float | None) -> Iterator[TrainEvent]:
        yield progress(newest())
        yield result

    window = open_window(trainer=trainer)
    click(window.training.train)
    curves = window.training.held_out.curves
    qtbot.waitUntil(lambda: len(curve_values(curves["maml"])) == 3)
    np.testing.assert_allclose(curve_values(curves["maml"]), np.log10([3.0, 1.0, 0.5]))
    assert np.isnan(curve_values(curves["pretrained"])[2])
    assert "7" in window.training.held_out_title.text()
    assert "4 diverged" in window.training.held_out_title.text()


@pytest.mark.parametrize("loss", [np.inf, np.nan, 1e30])
def test_losses_out_of_all_bounds_are_drawn_calmly(
    open_training: OpenTraining, qtbot: QtBot, loss: float
) -> None:
    """The curve stays within what an axis can show, and numbers are never a bare inf or nan."""

    def trainer(newest: Newest, until: int | None, seconds: float | None) -> Iterator[TrainEvent]:
        good = progress(newest(), 5)
        yield good
        yield progress(good.run, 5, loss)

    stage = open_training(trainer=trainer)
    click(stage.training.train)
    qtbot.waitUntil(lambda: phase(stage) is Phase.PAUSED)
    plot = stage.training.meta_loss
    key = ("maml", "after the inner step")
    qtbot.waitUntil(lambda: len(curve_values(plot.raw[key])) == 10)
    for curve in (*plot.raw.values(), *plot.smooth.values()):
        values = curve_values(curve)
        assert not np.isinf(values).any()
        assert (np.abs(values[np.isfinite(values)]) < 10).all()
    low, high = plot.getPlotItem().getViewBox().viewRange()[1]
    assert -5 < low < high < 7
    for label in stage.training.legend.values.values():
        assert not any(bad in label.text().lower() for bad in ("inf", "nan"))


def test_the_legend_shows_the_newest_numbers(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """Each curve's row shows its last smoothed value."""
    click(training_stage.training.step)
    qtbot.waitUntil(lambda: phase(training_stage) is Phase.PAUSED)
    assert_curves(qtbot, training_stage)
    for key, history in training_stage.workspace.session.histories.items():
        newest = history.latest()
        assert newest is not None
        assert float(training_stage.training.legend.values[key].text()) == pytest.approx(
            newest, rel=0.01
        )


def test_floors_follow_the_settings(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """The closed-form floors drawn are those of the run's task distribution."""
    for settings in (SMALL, replace(SMALL, amplitude=(1.0, 2.0))):
        training_stage.workspace.session.reset(settings)
        wanted = [np.log10(floor.mse) for floor in told_apart(reference_losses(settings.family))]
        for plot in (training_stage.training.meta_loss, training_stage.training.held_out):

            def drawn(plot: object = plot, wanted: list[float] = wanted) -> None:
                floors = plot._floors._lines  # type: ignore[attr-defined]
                lines = [line.value() for line in floors if line.isVisible()]
                assert lines == pytest.approx(wanted)

            qtbot.waitUntil(drawn)


def test_a_run_with_one_learner(training_stage: TrainingStage, qtbot: QtBot) -> None:
    """A file may hold MAML alone: its curves are drawn and no others."""
    training_stage.workspace.session.open(start(SMALL, ("maml",)))
    click(training_stage.training.step)
    qtbot.waitUntil(lambda: phase(training_stage) is Phase.PAUSED)
    assert_curves(qtbot, training_stage)
    assert ("pretrained", "joint loss") not in training_stage.training.meta_loss.raw
    assert {name for name, _ in training_stage.training.legend.values} == {"maml"}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (120, "2 min"), (7200, "2.0 h")]
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    """Time left, in the largest unit that fits."""
    assert duration(seconds) == text
