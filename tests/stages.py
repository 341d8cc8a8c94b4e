"""One panel in a window of its own, under the names that it has in the main window.

A panel opens in a third of the time of the main window. What is about menus, shortcuts, the
status line, notices or two panels at once needs the main window.
"""

from typing import TypeVar

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.panels.evaluation.panel import EvaluationPanel
from explorer.panels.instruments.panel import InstrumentsPanel
from explorer.panels.sandbox.panel import SandboxPanel
from explorer.panels.training.panel import TrainingPanel
from explorer.panels.widgets import style
from explorer.state.frame_clock import FrameClock
from explorer.state.workspace import Workspace

Panel = TypeVar("Panel", SandboxPanel, TrainingPanel, EvaluationPanel, InstrumentsPanel)


class Stage(QWidget):
    """A workspace, a clock, and room for one panel; closing it stops every thread."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace, self.clock = workspace, FrameClock(self)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        style.apply(style.LIGHT, application)
        QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)

    def _put(self, panel: Panel, width: int) -> Panel:
        panel.apply_theme(style.LIGHT)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(panel)
        self.resize(width, 740)
        return panel

    def show_and_start(self, qtbot: QtBot) -> None:
        """On the screen, with the engine at work and the first adaptation done."""
        with qtbot.waitExposed(self):
            self.show()
        self.workspace.start()
        self.activateWindow()
        qtbot.waitUntil(lambda: self.workspace.sandbox.is_current and self.isActiveWindow())

    def closeEvent(self, event: QCloseEvent) -> None:
        """As the main window does."""
        self.clock.stop()
        self.hide()
        self.workspace.shut_down()
        event.accept()


class SandboxStage(Stage):
    """The sandbox alone."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.sandbox = self._put(SandboxPanel(workspace, self.clock), 708)
        self.sandbox.fit.setFocus()


class TrainingStage(Stage):
    """The training panel alone."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.training = self._put(
            TrainingPanel(workspace.session, workspace.travel, self.clock), 572
        )


class EvaluationStage(Stage):
    """The evaluation panel alone."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.evaluation = self._put(EvaluationPanel(workspace, self.clock), 708)


class InstrumentsStage(Stage):
    """The tab of instruments alone."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.instruments = self._put(InstrumentsPanel(workspace, self.clock), 708)
