"""Ways to the evaluation tab and to a job in it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from explorer.app.main_window import MainWindow
from explorer.panels.evaluation.panel import EvaluationPanel
from tests.ui import click, press

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


def evaluation(window: MainWindow) -> EvaluationPanel:
    """Go to the tab by its key."""
    press(window, Key.Key_2, modifier=CTRL)
    QApplication.processEvents()  # it is laid out and shown then
    assert window.evaluation is not None
    assert window.evaluation.isVisible()
    return window.evaluation


def begin(panel: EvaluationPanel, kind: str = "fig3") -> int:
    """Choose what to measure and press Start; the job's number."""
    panel.kind.setCurrentIndex(panel.kind.findData(kind))
    click(panel.start)
    assert panel.job is not None
    return panel.job.number
