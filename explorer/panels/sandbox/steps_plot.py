"""Mean squared error against the number of gradient steps, for every learner."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from explorer.panels.plotting.curves import ByRole, Rule
from explorer.panels.plotting.plots import Plot, log_values
from explorer.panels.widgets.style import LIGHT, Theme, learner_pen, pen
from explorer.state.adaptation_query import AdaptationAnswer
from explorer.state.sandbox_state import SandboxState

THICK, THIN = (2.5, 1.0), (1.0, 0.8)  # width and opacity
LOWEST, HIGHEST = -4.0, 3.0  # powers of ten that the axis may reach


class StepsPlot(Plot):
    """Thick: error on the whole function. Thin: error on the support points.

    Signals:
        step_wanted: the gradient step that was clicked.
    """

    step_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Error against gradient steps", "gradient steps", "MSE", log_y=True, parent=parent
        )
        self._theme = LIGHT
        self.on_task = ByRole(
            lambda role: self.add_hidden(role, 2, learner_pen(self._theme, role, *THICK))
        )
        self.on_support = ByRole(
            lambda role: self.add_hidden(role, 1, learner_pen(self._theme, role, *THIN))
        )
        self.marker = Rule(angle=90)
        self.addItem(self.marker)
        self._set_span(SandboxState.steps, SandboxState.step)
        self._set_heights(np.zeros(1))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Thick: whole function. Thin: support points. Click to choose a step.")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        super().apply_theme(theme)
        self._theme = theme
        for curves, look in ((self.on_task, THICK), (self.on_support, THIN)):
            for role, curve in curves.items():
                curve.setPen(learner_pen(theme, role, *look))
        self.marker.setPen(pen(theme, theme.muted, 1))

    def draw_answer(self, answer: AdaptationAnswer, state: SandboxState) -> None:
        """Show the errors of the learners that are switched on, and mark the current step."""
        steps = np.arange(answer.question.steps + 1, dtype=np.float64)
        heights = []
        shown = {role: t for role, t in answer.trajectories.items() if role in state.shown}
        for role, trajectory in shown.items():
            for curve, errors in (
                (self.on_task[role], trajectory.mse),
                (self.on_support[role], trajectory.support_mse),
            ):
                values = log_values(errors)
                curve.set_values(steps, values)
                curve.setVisible(True)
                heights.append(values)
        for role in self.on_task.keys() - shown.keys():
            self.on_task[role].setVisible(False)
            self.on_support[role].setVisible(False)
        self._set_span(answer.question.steps, state.step)
        self._set_heights(np.concatenate(heights) if heights else np.zeros(1))
        self.show_changes()

    def _set_span(self, steps: int, shown: int) -> None:
        self.marker.move_to(min(shown, steps))
        self.show_range("x", 0, max(1, steps), padding=0.03)

    def _set_heights(self, heights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        # Who fits exactly leaves the plot at the bottom, and squeezes nobody else.
        seen = heights[np.isfinite(heights) & (heights >= LOWEST)]
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (-1.0, 1.0)
        self.show_range(
            "y",
            max(LOWEST, min(np.floor(low), -1.0)),
            min(HIGHEST, max(np.ceil(high * 2) / 2, 1.0)),
            padding=0.02,
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a step, and scrub while the button is held."""
        event.accept()
        if event.buttons() & Qt.MouseButton.LeftButton:
            scene = self.mapToScene(event.position().toPoint())
            self.step_wanted.emit(round(self.getPlotItem().getViewBox().mapSceneToView(scene).x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        self.mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing is held."""
        event.accept()
