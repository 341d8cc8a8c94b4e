"""What the tests of the training panel ask of it, and do with it."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.panels.training.loss_plots import thinned
from explorer.state.training_session import Phase
from tests.stages import TrainingStage
from tests.trainers import SMALL
from tests.ui import click, curve_values

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
BRIEF = replace(SMALL, iterations=12, networks=3)


def phase(window: MainWindow | TrainingStage) -> Phase:
    """What the session is doing."""
    return window.workspace.session.phase


def iteration(window: MainWindow | TrainingStage) -> int:
    """How far the run is."""
    return window.workspace.session.run.iteration


def assert_curves(qtbot: QtBot, window: MainWindow | TrainingStage) -> None:
    """Wait until the plot shows the run's whole history, raw, and smoothed and thinned."""
    plot, histories = window.training.meta_loss, window.workspace.session.histories

    def shown() -> None:
        for key, history in histories.items():
            for curve, (x, y) in (
                (plot.smooth[key], thinned(*history.smoothed())),
                (plot.raw[key], history.raw()),
            ):
                assert np.array_equal(curve.getData()[0], x)
                np.testing.assert_allclose(curve_values(curve), np.log10(y))

    qtbot.waitUntil(shown)


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
