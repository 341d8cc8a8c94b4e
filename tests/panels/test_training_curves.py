"""The curves of training, their legend and floors, and the evaluation on held-out tasks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.families.closed_forms import reference_losses, told_apart
from explorer.core.training.loop import HeldOut, TrainEvent, start
from explorer.panels.training.loss_plots import MOST_POINTS, thinned
from explorer.state.training_session import Newest, Phase
from tests.conftest import OpenTraining, OpenWindow
from tests.panels.training import Key, assert_curves, iteration, phase
from tests.stages import TrainingStage
from tests.trainers import SMALL, progress
from tests.ui import click, curve_values, press


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


@pytest.mark.parametrize("points", [0, 1, MOST_POINTS - 1, MOST_POINTS, 512])
def test_a_smoothed_curve_is_thinned(points: int) -> None:
    """From the first point to the last, few enough to be painted fast, in even steps."""
    x = np.arange(points, dtype=np.float64)
    kept, y = thinned(x, x**2)
    assert len(kept) <= MOST_POINTS + 1
    assert np.array_equal(y, kept**2)
    assert np.array_equal(kept[:1], x[:1])
    assert np.array_equal(kept[-1:], x[-1:])
    assert len({*np.diff(kept[:-1]).tolist()}) <= 1


def test_held_out_tasks(open_window: OpenWindow, qtbot: QtBot) -> None:
    """The evaluation is drawn, with its iteration and what is lost said above."""
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
    assert "4 of 100 lost" in window.training.held_out_title.text()


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
