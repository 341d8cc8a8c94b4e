"""What the real window shows, and when: watched through Qt's own events, from outside."""

import time
from collections.abc import Iterator, Sequence
from itertools import pairwise

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent

from explorer.app.main_window import MainWindow
from explorer.core.training.loop import Progress, TrainEvent, train
from explorer.panels.plotting.plots import Plot
from explorer.panels.sandbox.fit_plot import FitPlot
from explorer.state.adaptation_query import AdaptationAnswer, SupportPoint
from explorer.state.training_session import Newest
from tests.benchmarks.mouse import Stroke

PAINTED = QEvent.Type(QEvent.registerEventType())
HIGHEST = 1_000_000  # ahead of all events that wait already


class Pace:
    """How fast a trainer carries a run forward, clocked in the thread that trains."""

    def __init__(self) -> None:
        self.marks: list[tuple[float, int]] = []

    def train(
        self, newest: Newest, until: int | None, held_out_seconds: float | None
    ) -> Iterator[TrainEvent]:
        """`explorer.core.training.loop.train`, noting the time of every chunk."""
        self.marks = []
        for event in train(newest(), until, held_out_seconds):
            if isinstance(event, Progress):
                self.marks.append((time.perf_counter(), event.run.iteration))
            yield event

    def per_second(self, begin: float, end: float) -> float:
        """Iterations a second between two moments, from whole chunks, evaluations included."""
        inside = [mark for mark in self.marks if begin <= mark[0] <= end]
        (first, low), (last, high) = inside[0], inside[-1]
        return (high - low) / (last - first)


Points = tuple[tuple[float, float], ...]


class Watch(QObject):
    """Follows mouse events to the paint that shows the answer for them.

    Attributes:
        frames: when each paint of the window ended in which that plot took part.
    """

    def __init__(self, window: MainWindow, fit: FitPlot, shown: Plot) -> None:
        """Begin.

        Args:
            window: the main window.
            fit: the plot with the mouse.
            shown: the plot that shows the answer; `note` tells what is drawn on it.
        """
        super().__init__(window)
        self._window = window
        self._fit, self._shown = fit, shown
        self._sandbox = window.workspace.sandbox
        self._drawn: Points | None = None
        self._painting: Points | None = None
        self._plot_painted = False
        self.begin(())
        self._fit.viewport().installEventFilter(self)
        if shown is not fit:
            self._shown.viewport().installEventFilter(self)
        self._sandbox.changed.connect(self._on_changed)
        window.installEventFilter(self)

    def note(self, points: Points) -> None:
        """The plot is being drawn as the answer for these support points."""
        self._drawn = points

    def begin(self, strokes: Sequence[Stroke]) -> None:
        """A scene begins; its timed strokes must differ in place, button or kind."""
        self.frames: list[float] = []
        self._seen: list[float] = []  # by number of the timed stroke
        self._timed = [i for i, stroke in enumerate(strokes) if stroke.timed]
        self._numbers: dict[tuple[int, int, str, bool], int] = {
            (stroke.x, stroke.y, stroke.kind, stroke.right): number
            for number, stroke in enumerate(strokes[i] for i in self._timed)
        }
        self._states: dict[Points, int] = {}
        self._newest = -1

    @property
    def all_seen(self) -> bool:
        """Whether every timed stroke is on the screen."""
        return len(self._seen) == len(self._timed)

    def latencies(self, sent: Sequence[float]) -> list[float]:
        """Milliseconds from each timed stroke to the end of the paint that shows its answer.

        A later stroke's answer shows an earlier one's, too.

        Args:
            sent: when each stroke of the scene happened.
        """
        seen = zip(self._timed, self._seen, strict=True)  # every one of them was shown
        return [1000 * (shown - sent[stroke]) for stroke, shown in seen]

    def intervals(self, sent: Sequence[float]) -> list[float]:
        """Milliseconds between successive paints while the timed strokes went on."""
        begin, end = sent[self._timed[0]], sent[self._timed[-1]]
        inside = [frame for frame in self.frames if begin <= frame <= end]
        return [1000 * (b - a) for a, b in pairwise(inside)]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Remember what is about to be painted, and which stroke is about to be handled."""
        if watched is self._window:
            if event.type() != QEvent.Type.UpdateRequest:
                return False
            # All paints of the window are inside this event. To override `event` and look after
            # it would be simpler, but would hold the interpreter's lock for as long.
            QCoreApplication.postEvent(self, QEvent(PAINTED), HIGHEST)
        elif event.type() == QEvent.Type.Paint and watched is self._shown.viewport():
            self._painting, self._plot_painted = self._drawn, True
        elif isinstance(event, QMouseEvent):
            at = event.globalPosition().toPoint()
            kind = "move" if event.type() == QEvent.Type.MouseMove else "press"
            key = (at.x(), at.y(), kind, event.button() == Qt.MouseButton.RightButton)
            self._newest = self._numbers.get(key, self._newest)
        return False

    def _on_changed(self) -> None:
        self._states[points_of(self._sandbox.state.points)] = self._newest

    def customEvent(self, event: QEvent) -> None:
        """A paint of the window has ended."""
        if event.type() != PAINTED or not self._plot_painted:
            return
        now = time.perf_counter()
        self._plot_painted = False
        self.frames.append(now)
        if self._painting is not None:
            shown = self._states.get(self._painting, -1)
            self._seen += [now] * (shown + 1 - len(self._seen))


def points_of(points: Sequence[SupportPoint]) -> Points:
    """Where support points lie."""
    return tuple((point.x, point.y) for point in points)


def watch_fit(window: MainWindow) -> Watch:
    """Watches the sandbox's plot."""
    fit = window.sandbox.fit
    watch = Watch(window, fit, fit)
    draw_answer = fit.draw_answer

    def note(answer: AdaptationAnswer) -> None:
        watch.note(points_of(answer.question.points))
        draw_answer(answer)

    fit.draw_answer = note  # type: ignore[method-assign]
    return watch
