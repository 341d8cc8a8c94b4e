"""The live plots of training: the meta-loss, and the error on held-out tasks."""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from explorer.core.experiment.settings import Settings
from explorer.core.families.closed_forms import reference_losses, told_apart
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import HELD_OUT_STEPS, HeldOut
from explorer.panels.plotting.curves import Curve, Rule, Values
from explorer.panels.plotting.plots import Plot, log_values, steady
from explorer.panels.widgets.style import LIGHT, Theme, learner_pen, pen
from explorer.state.training_session import Phase, TrainingSession

CROWDED = 3  # learners; with more, early losses and raw values would hide what matters
MOST_POINTS = 200  # of a smoothed curve: one for every other pixel


Key = tuple[str, str]  # a learner and one of its losses


def losses_of(learners: Sequence[str]) -> list[Key]:
    """Every recorded training loss of some learners."""
    return [(name, kind) for name in learners for kind in LEARNERS[name].losses]


def is_early(key: Key) -> bool:
    """Whether a loss is one before adaptation."""
    name, kind = key
    return kind != LEARNERS[name].losses[-1]


class FloorLines:
    """The closed-form floors as thin labelled lines."""

    def __init__(self, plot: Plot) -> None:
        self._settings: Settings | None = None
        # One label above its line and one below: the lines can lie close together.
        self._lines = [
            Rule(angle=0, label="", labelOpts={"position": 0.99, "anchors": [at, at]})
            for at in ((1, 1), (1, 0), (1, 0))
        ]
        for line in self._lines:
            line.setZValue(2)
            plot.addItem(line)

    def show(self, settings: Settings) -> None:
        """Place the lines for a task distribution."""
        if settings == self._settings:
            return
        self._settings = settings
        losses = told_apart(reference_losses(settings.family))
        for line, loss in zip_longest(self._lines, losses):
            line.setVisible(loss is not None)
            if loss is not None:
                line.setPos(float(np.log10(max(loss.mse, 1e-5))))
                line.label.setFormat(f"{loss.label}: {loss.mse:.2f}")

    def surroundings(self, below: float) -> list[float]:
        """What a plot shows at least, so many powers of ten below the floors and a bit above."""
        values = [float(line.value()) for line in self._lines if line.isVisible()]
        return [min(values) - below, max(values) + 0.37]

    def apply_theme(self, theme: Theme) -> None:
        """Recolour lines and labels."""
        for line in self._lines:
            line.setPen(pen(theme, theme.muted, 1, 0.9, Qt.PenStyle.DashDotLine))
            line.label.setColor(theme.muted)
            line.label.fill = pg.mkBrush(f"{theme.base}70")  # readable over the curves


class MetaLossPlot(Plot):
    """The training loss of each learner in the run: smoothed above, raw and faint below.

    With more than `CROWDED` learners only the smoothed losses after adaptation are drawn: those
    before it lie close together, and raw values would fill the plot.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Meta-loss", "meta-iteration", "MSE", log_y=True, parent=parent)
        self.raw: dict[Key, Curve] = {}
        self.smooth: dict[Key, Curve] = {}
        self._floors = FloorLines(self)
        self.moment = Rule(angle=90)
        self.moment.setZValue(3)
        self.moment.hide()
        self.addItem(self.moment)
        self._theme = LIGHT

    def set_learners(self, learners: Sequence[str]) -> None:
        """Have curves for these learners and no others."""
        crowded = len(learners) > CROWDED
        keys = [key for key in losses_of(learners) if not (crowded and is_early(key))]
        for curve in (*self.raw.values(), *self.smooth.values()):
            self.take_away(curve)
        self.raw = {} if crowded else {key: self.add_curve(z=0, antialias=False) for key in keys}
        self.smooth = {key: self.add_curve(z=1) for key in keys}
        self._colour()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        super().apply_theme(theme)
        self._floors.apply_theme(theme)
        self.moment.setPen(pen(theme, theme.text, 1))
        self._theme = theme
        self._colour()

    def mark(self, moment: int | None) -> None:
        """Draw a line at the iteration that the sandbox is taken back to, or none."""
        if moment is not None:
            self.moment.move_to(moment)
        self.moment.setVisible(moment is not None)
        self.show_changes()

    def _colour(self) -> None:
        theme = self._theme
        for key, curve in self.raw.items():
            # Dashes would hide raw values, so these are solid for every learner.
            opacity = 0.06 if is_early(key) else 0.14
            curve.setPen(pen(theme, theme.learners[key[0]], 1, opacity))
        for key, curve in self.smooth.items():
            # Before the inner step: the same learner, so the same colour, but lighter and thinner.
            width, opacity = (1, 0.75) if is_early(key) else (2, 1.0)
            curve.setPen(learner_pen(theme, key[0], width, opacity))

    def draw(self, session: TrainingSession) -> None:
        """Show the histories."""
        self._floors.show(session.settings)
        last, seen = 1, self._floors.surroundings(0.48)
        for key, curve in self.smooth.items():
            history = session.histories[key]
            if key in self.raw:
                x, y = history.raw()
                self.raw[key].set_values(x, log_values(y))
            x, y = thinned(*history.smoothed())
            y = log_values(y)
            curve.set_values(x, y)
            if len(x):
                last = max(last, int(x[-1]))
                seen += [float(np.nanmin(y)), float(np.nanmax(y))] if np.isfinite(y).any() else []
        self.show_hint(self._missing(session))
        first = next(iter(session.histories.values())).first_iteration
        self.show_range("x", first, first + steady(max(last - first, 10)), padding=0.02)
        low, high = np.floor(20 * min(seen)) / 20, np.ceil(20 * max(seen)) / 20
        self.show_range("y", max(low - 0.2, -4), min(high + 0.1, 3), padding=0)
        self.show_changes()

    def _missing(self, session: TrainingSession) -> str:
        """What to say while there is no curve."""
        if any(history.iterations for history in session.histories.values()):
            return ""
        if session.phase is Phase.FINISHED:
            return "This run is finished; files keep no curves"
        if session.iteration:
            return "The curves go on from here with Resume"
        return "Press Train to watch the loss fall"


def thinned(x: Values, y: Values) -> tuple[Values, Values]:
    """Every n-th point and the last, `MOST_POINTS` or so: a wide line is slow to paint."""
    kept = np.arange(0, len(x), 1 + len(x) // MOST_POINTS)
    if len(x) and kept[-1] != len(x) - 1:
        kept = np.append(kept, len(x) - 1)
    return x[kept], y[kept]


class HeldOutPlot(Plot):
    """Mean error on held-out tasks after 0, 1, … gradient steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Held-out tasks", "gradient steps on a held-out task", "MSE", log_y=True, parent=parent
        )
        self.curves: dict[str, Curve] = {}
        self._theme = LIGHT
        self._floors = FloorLines(self)
        self._drawn: tuple[Settings, HeldOut | None] | None = None
        self.show_range("x", 0, HELD_OUT_STEPS, padding=0.03)

    def set_learners(self, learners: Sequence[str]) -> None:
        """Have curves for these learners and no others."""
        for curve in self.curves.values():
            self.take_away(curve)
        self.curves = {name: self.add_curve(z=1) for name in learners}
        self._drawn = None
        self._colour()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        super().apply_theme(theme)
        self._floors.apply_theme(theme)
        self._theme = theme
        self._colour()

    def _colour(self) -> None:
        for name, curve in self.curves.items():
            curve.setPen(learner_pen(self._theme, name))

    def draw(self, settings: Settings, held_out: HeldOut | None) -> None:
        """Show the newest evaluation, or none."""
        if (settings, held_out) == self._drawn:
            return
        self._drawn = settings, held_out
        self._floors.show(settings)
        self.show_hint("" if held_out else "Filled as training goes on")
        seen = self._floors.surroundings(1.48)
        for name, curve in self.curves.items():
            mse = held_out.mse.get(name) if held_out else None
            if mse is None:
                curve.clear()
                continue
            values = log_values(np.array(mse))
            curve.set_values(np.arange(len(values), dtype=np.float64), values)
            seen += [float(v) for v in values if np.isfinite(v)]
        self.show_range("y", max(min(seen) - 0.1, -4), min(max(seen), 3), padding=0.02)
        self.show_changes()
