"""The sandbox's main plot: the function, the support points, and every learner's fit."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QGraphicsPathItem, QWidget

from explorer.core.adaptation.trajectory import Array, Trajectory
from explorer.core.families.base import DEVIATIONS
from explorer.panels.plotting.curves import ByRole, Marker, Ring, band_path
from explorer.panels.plotting.plots import Plot, drawable
from explorer.panels.widgets.style import (
    BAND_OPACITY,
    LIGHT,
    TRUTH_OPACITY,
    Theme,
    learner_pen,
    on_ground,
    pen,
    see_through,
)
from explorer.state.adaptation_query import AdaptationAnswer
from explorer.state.competitors import ROLES
from explorer.state.sandbox_state import SandboxState

EARLIER_STEPS = 8
BELOW, QUERY, SUPPORT = -1.0, 2.99, 3.0  # layers: under the true function; over all curves
FIT_WIDTH, EARLIER_WIDTH = 2.5, 1.0
GRAB_PIXELS = 14.0


class FitPlot(Plot):
    """Turns mouse events into wishes and an `AdaptationAnswer` into curves.

    Signals:
        add_wanted: x, y of a new point.
        select_wanted: index of a point.
        move_wanted: index, x, y of a dragged point.
        remove_wanted: index of a point.
    """

    add_wanted = Signal(float, float)
    select_wanted = Signal(int)
    move_wanted = Signal(int, float, float)
    remove_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Function and adapted networks", "x", "y", parent=parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._theme = LIGHT
        self._set_pens(LIGHT)
        self._state = SandboxState()
        self._dragged: int | None = None
        self.truth = self.add_curve(z=0)
        self.earlier = ByRole(
            lambda role: [
                self.add_hidden(role, 1, learner_pen(self._theme, role, EARLIER_WIDTH))
                for _ in range(EARLIER_STEPS)
            ]
        )
        self.bands = ByRole(self._make_band)
        self.fits = ByRole(
            lambda role: self.add_hidden(role, 2, learner_pen(self._theme, role, FIT_WIDTH))
        )
        self.points: list[Marker] = []
        self.query: list[Ring] = []

    def _make_band(self, role: str) -> QGraphicsPathItem:
        band = self.add(QGraphicsPathItem(), BELOW + ROLES.index(role) / len(ROLES))
        band.setPen(Qt.PenStyle.NoPen)
        band.setBrush(see_through(self._theme.learners[role], BAND_OPACITY))
        return band

    def _set_pens(self, theme: Theme) -> None:
        """Around the selected point, around the others, and of query points."""
        self._ring, self._edge = pen(theme, theme.text, 2), pen(theme, theme.base, 1)
        self._hollow = pen(theme, theme.point, 2)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        super().apply_theme(theme)
        self._theme = theme
        self.truth.setPen(pen(theme, on_ground(theme, theme.truth, TRUTH_OPACITY), 4))
        for role, fit in self.fits.items():
            fit.setPen(learner_pen(theme, role, FIT_WIDTH))
        for role, band in self.bands.items():
            band.setBrush(see_through(theme.learners[role], BAND_OPACITY))
        for role, curves in self.earlier.items():
            for curve in curves:
                curve.setPen(learner_pen(theme, role, EARLIER_WIDTH))
        self._set_pens(theme)
        for marker in self.points:
            marker.setBrush(QColor(theme.point))
        for ring in self.query:
            ring.setPen(self._hollow)
        self.draw_points()

    def take(self, state: SandboxState) -> None:
        """Know the state that mouse events refer to; drawing waits for the frame."""
        if len(state.points) != len(self._state.points):
            self._dragged = None  # its index may be another point's now
        self._state = state

    def set_view(self, low: float, high: float, height: float) -> None:
        """Fix the axes: the inputs of the task distribution, and room for most of its tasks."""
        self.show_range("x", low, high, padding=0.03)
        self.show_range("y", -height, height, padding=0)

    def draw_points(self) -> None:
        """Show the support points, the selected one ringed, and the query points."""
        state = self._state
        while len(self.points) < len(state.points):
            marker = self.add(Marker(), SUPPORT)
            marker.setBrush(QColor(self._theme.point))
            self.points.append(marker)
        while len(self.points) > len(state.points):
            self.scene().removeItem(self.points.pop())
        for index, (marker, point) in enumerate(zip(self.points, state.points, strict=True)):
            marker.setPos(point.x, point.y)
            marker.setPen(self._ring if index == state.selected else self._edge)
        self._draw_query_points(state.query_points)
        self.show_hint("" if state.points else "Click on the plot to add support points")
        self.show_changes()

    def _draw_query_points(self, points: Sequence[tuple[float, float]]) -> None:
        while len(self.query) < len(points):
            ring = self.add(Ring(), QUERY)
            ring.setPen(self._hollow)
            self.query.append(ring)
        while len(self.query) > len(points):
            self.scene().removeItem(self.query.pop())
        for ring, place in zip(self.query, points, strict=True):
            ring.setPos(*place)

    def draw_answer(self, answer: AdaptationAnswer) -> None:
        """Show the truth, the step chosen in full colour, and fading earlier steps."""
        state = self._state
        step = min(state.step, answer.question.steps)
        self.truth.set_values(answer.grid, answer.truth)
        shown = [role for role in answer.trajectories if role in state.shown]
        for role in shown:
            self.fits[role].setVisible(True)
            self._draw_steps(role, answer.grid, answer.trajectories[role].prediction, step)
        self._draw_bands({role: answer.trajectories[role] for role in shown}, answer.grid, step)
        for role in self.fits.keys() - shown:
            for curve in (self.fits[role], *self.earlier[role]):
                curve.setVisible(False)
        self.show_changes()

    def _draw_bands(self, shown: Mapping[str, Trajectory], grid: Array, step: int) -> None:
        """The prediction ± 2σ of each learner that knows its σ."""
        for role, trajectory in shown.items():
            if trajectory.deviation is None:
                continue
            prediction, half = trajectory.prediction[step], DEVIATIONS * trajectory.deviation[step]
            low, high = drawable(prediction - half), drawable(prediction + half)
            self.bands[role].setPath(band_path(grid, low, high))
        for role, band in self.bands.items():
            band.setVisible(role in shown and shown[role].deviation is not None)

    def _draw_steps(self, role: str, grid: Array, prediction: Array, step: int) -> None:
        first = max(0, step - 1)
        chosen = np.linspace(0, first, min(step, EARLIER_STEPS)).round().astype(int)
        heights = drawable(prediction[: step + 1])
        self.fits[role].set_values(grid, heights[step])
        for number, curve in enumerate(self.earlier[role]):
            curve.setVisible(number < len(chosen))
            if number < len(chosen):
                index = chosen[number]
                curve.setOpacity(0.15 + 0.4 * (index + 1) / (step + 1))
                curve.set_values(grid, heights[index])

    def _point_at(self, position: QPointF) -> int | None:
        box = self.getPlotItem().getViewBox()
        nearest, distance = None, GRAB_PIXELS
        for index, point in enumerate(self._state.points):
            scene = box.mapViewToScene(QPointF(point.x, point.y))
            away = self.mapFromScene(scene) - position.toPoint()
            reach = math.hypot(away.x(), away.y())
            if reach <= distance:
                nearest, distance = index, reach
        return nearest

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left: grab a point, or add one and hold it. Right: remove a point."""
        event.accept()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if not self.is_inside(event.position()):
            return
        index = self._point_at(event.position())
        if event.button() == Qt.MouseButton.RightButton and index is not None:
            self.remove_wanted.emit(index)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._dragged = index
            at = self.data_inside(event.position())
            if index is None:
                before = len(self._state.points)
                self.add_wanted.emit(at.x(), at.y())
                self._dragged = before if len(self._state.points) > before else None
            else:
                self.select_wanted.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the held point; show what can be grabbed."""
        event.accept()
        if self._dragged is not None and self._dragged < len(self._state.points):
            at = self.data_inside(event.position())
            self.move_wanted.emit(self._dragged, at.x(), at.y())
        else:
            grabbable = self._point_at(event.position()) is not None
            shape = Qt.CursorShape.OpenHandCursor if grabbable else Qt.CursorShape.CrossCursor
            self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the held point go."""
        event.accept()
        self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A fast second click is a click like any other."""
        self.mousePressEvent(event)
