"""What is drawn of the learners in training, and of no others."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.core.learners import LEARNERS
from explorer.panels.training.loss_plots import CROWDED, is_early
from tests.conftest import OpenTraining, OpenWindow
from tests.panels.training import BRIEF, choose, finish, trained
from tests.stages import TrainingStage
from tests.ui import curve_values, read_number

MANY = tuple(name for name in LEARNERS if name != "pretrained")


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
