"""The sandbox: click support points on a function and watch every learner adapt."""

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from explorer.core.families import Family
from explorer.panels.sandbox.fit_plot import FitPlot
from explorer.panels.sandbox.frozen_bar import FrozenBar
from explorer.panels.sandbox.numbers_table import NumbersTable
from explorer.panels.sandbox.step_bar import StepBar
from explorer.panels.sandbox.step_formula import StepFormula
from explorer.panels.sandbox.steps_plot import StepsPlot
from explorer.panels.sandbox.task_controls import TaskControls
from explorer.panels.widgets.style import Theme
from explorer.panels.widgets.view import View, is_out_of_sight
from explorer.state.adaptation_query import SupportPoint
from explorer.state.frame_clock import FRAME, FrameClock
from explorer.state.sandbox import Sandbox
from explorer.state.workspace import Workspace

HEADROOM = 1.25


class SandboxPanel(View):
    """Puts the sandbox's parts together and draws them on the frame clock."""

    def __init__(
        self, workspace: Workspace, clock: FrameClock, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._sandbox, self._clock = workspace.sandbox, clock
        self.controls = TaskControls(workspace)
        self.fit = FitPlot()
        self.step_bar = StepBar(workspace.sandbox, workspace.player)
        self.errors = StepsPlot()
        self.numbers = NumbersTable(workspace.sandbox)
        self.frozen = FrozenBar(workspace.sandbox)
        self.formula = StepFormula(workspace.sandbox)
        self._lay_out()
        connect_fit(self.fit, self._sandbox)
        self.errors.step_wanted.connect(self._sandbox.go_to)
        self._sandbox.changed.connect(self._on_changed)
        self._sandbox.answered.connect(self._on_answered)
        self._on_changed()

    def _lay_out(self) -> None:
        self._bottom = bottom = QHBoxLayout()
        bottom.addWidget(self.errors)
        bottom.addWidget(self.numbers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 6, 8)
        layout.addWidget(self.controls)
        layout.addWidget(self.frozen)
        layout.addWidget(self.fit, 5)
        layout.addWidget(self.step_bar)
        layout.addWidget(self.formula)
        layout.addLayout(bottom, 3)
        self.errors.setMinimumHeight(190)
        self.fit.setMinimumHeight(200)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self.fit.apply_theme(theme)
        self.errors.apply_theme(theme)
        self.numbers.apply_theme(theme)
        self._clock.request(self.draw)

    def take_focus(self) -> None:
        """Keys go to the plot."""
        self.fit.setFocus()

    @Slot()
    def _on_changed(self) -> None:
        self.fit.take(self._sandbox.state)
        # A column more takes its room from the plot beside it, not from the learners' names.
        shares = (5, 8) if self._sandbox.state.query_x else (6, 7)
        for part, share in enumerate(shares):
            self._bottom.setStretch(part, share)
        self._request()

    @Slot()
    def _on_answered(self) -> None:
        self._request()

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing was drawn while another tab was shown."""
        super().showEvent(event)
        self._request()

    def _request(self) -> None:
        if self.isHidden() or is_out_of_sight(self):
            return
        # The answer to the present state is mostly there within a frame. To draw before it would
        # put it off by another.
        self._clock.request(self.draw, delay=0.0 if self._sandbox.is_current else FRAME)

    def draw(self) -> None:
        """Bring the plots and numbers up to date; the frame clock calls this."""
        draw_fit(self.fit, self._sandbox)
        answer = self._sandbox.answer
        if answer is not None:
            self.errors.draw_answer(answer, self._sandbox.state)
            self.numbers.draw_answer(answer)
            self.formula.draw_answer(answer)
            for plot in (self.fit, self.errors):
                plot.setAccessibleDescription(self.numbers.spoken())


def connect_fit(fit: FitPlot, sandbox: Sandbox) -> None:
    """Let the plot's wishes be the sandbox's intents."""
    fit.add_wanted.connect(sandbox.add_point)
    fit.select_wanted.connect(lambda index: sandbox.update(selected=index))
    fit.move_wanted.connect(sandbox.move_point)
    fit.remove_wanted.connect(sandbox.remove_point)


def draw_fit(fit: FitPlot, sandbox: Sandbox) -> None:
    """Show the sandbox's points and the newest answer."""
    state = sandbox.state
    fit.set_view(*_view(state.family, state.task, state.points))
    fit.draw_points()
    if sandbox.answer is not None:
        fit.draw_answer(sandbox.answer)


def _view(
    family: Family, task: tuple[float, ...], points: Sequence[SupportPoint]
) -> tuple[float, float, float]:
    """Lowest and highest input, and how far the outputs reach; all points stay in sight."""
    xs = [point.x for point in points]
    low, high = min([family.x.low, *xs]), max([family.x.high, *xs])
    return low, high, max(_height(family), HEADROOM * _reach(family, task))


_height = lru_cache(8)(lambda family: float(family.height))
_reach = lru_cache(8)(lambda family, task: float(family.reach(task)))
