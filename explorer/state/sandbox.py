"""The sandbox: a task, support points on it, and how each learner adapts to them."""

import random
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from explorer.core.experiment.settings import Settings
from explorer.core.families import DEFAULT_FAMILY, DEFAULT_TASK, Family
from explorer.core.training.loop import DEFAULT_LEARNERS
from explorer.state.adaptation_query import AdaptationAnswer, AdaptationQuery, SupportPoint, answer
from explorer.state.competitors import Competitors, Source
from explorer.state.workers import LatestWorker

MAX_STEPS = 100
MAX_POINTS = 100


@dataclass(frozen=True)
class SandboxState:
    """All that the user has set up in the sandbox.

    Attributes:
        family: of the task.
        task: parameters of the true function.
        points: support points.
        snap: whether new points snap to the function.
        selected: index of the point that keys act on, or None.
        alpha: step size α.
        steps: gradient steps computed, n.
        step: gradient step shown, 0…n.
        shown: roles whose curves are drawn.
        source: which MAML is compared.
        follow: whether the network in training is followed as it learns.
    """

    family: Family = DEFAULT_FAMILY
    task: tuple[float, ...] = DEFAULT_TASK
    points: tuple[SupportPoint, ...] = ()
    snap: bool = True
    selected: int | None = None
    alpha: float = Settings.alpha
    steps: int = 10
    step: int = 1
    shown: frozenset[str] = frozenset(DEFAULT_LEARNERS)
    source: Source = "shipped"
    follow: bool = True


class Sandbox(QObject):
    """Holds a `SandboxState` and keeps the newest `AdaptationAnswer` to it coming.

    Signals:
        changed: `state` or `competitors` has a new value.
        answered: `answer` is new.
        failed: the user's sentence and the details.
    """

    changed = Signal()
    answered = Signal()
    failed = Signal(str, str)

    def __init__(
        self, competitors: Competitors, seed: int = 0, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.state = SandboxState()
        self.competitors = competitors
        self.answer: AdaptationAnswer | None = None
        self._asked: AdaptationQuery | None = None
        self._answered_ticket = 0
        self._draws = random.Random(f"{seed}/sandbox")
        self._worker = LatestWorker()
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self._place_points(evenly=True)  # for the first picture

    def start(self) -> None:
        """Begin to answer; what is asked before waits for it."""
        self._worker.start()

    def stop(self) -> None:
        """Ask the worker to end, without waiting."""
        self._worker.stop()

    def shut_down(self) -> None:
        """Stop the worker and wait for it."""
        self._worker.shut_down()

    @property
    def question(self) -> AdaptationQuery:
        """What the present state asks."""
        s = self.state
        roles = s.shown & self.competitors.by_role.keys()
        return AdaptationQuery(
            self.competitors, roles, s.family, s.task, s.points, s.alpha, s.steps
        )

    @property
    def is_answering(self) -> bool:
        """Whether the engine is there: it has answered a question."""
        return self._answered_ticket > 0

    @property
    def is_current(self) -> bool:
        """Whether `answer` belongs to the present state."""
        return self.answer is not None and self.answer.question.covers(self.question)

    @property
    def origin(self) -> str:
        """Where the networks come from; what they were trained on, if the task is another one."""
        trained_on = self.competitors.settings.family
        if self.competitors.shots is None or trained_on.name == self.state.family.name:
            return self.competitors.origin
        return f"{self.competitors.origin}, trained on {trained_on.label} tasks"

    def update(self, **changes: Any) -> None:
        """Change fields of the state together; snapped points follow the function."""
        state = replace(self.state, **changes)
        if state.points and {"family", "task"} & changes.keys():
            state = replace(state, points=tuple(self._snapped(p, state) for p in state.points))
        state = replace(state, step=min(max(state.step, 0), state.steps))
        if state == self.state:
            return
        self.state = state
        self.changed.emit()
        self._ask()

    def use(self, competitors: Competitors, source: Source) -> None:
        """Compare the networks of another source; one of its own at least is shown.

        The task is one of the family they were trained on: another one if the family is another.
        """
        self.competitors = competitors
        family = competitors.settings.family
        if type(family) is not type(self.state.family):
            self.choose_family(family)
        shown = self.state.shown
        if not shown & {*competitors.own}:
            shown |= {*competitors.own[:1]}
        self.state = replace(self.state, family=family, source=source, shown=shown)
        self.changed.emit()
        self._ask()

    def renew(self, competitors: Competitors) -> None:
        """Take newer networks of the same source; only the answer changes."""
        self.competitors = competitors
        self._ask()

    def _ask(self) -> None:
        question = self.question
        if self._asked is None or not self._asked.covers(question):
            self._asked = question
            self._worker.submit(lambda: answer(question))

    def _snapped(self, point: SupportPoint, state: SandboxState) -> SupportPoint:
        if not point.snapped:
            return point
        return replace(point, y=state.family.value(point.x, state.task))

    def _point(self, x: float, y: float) -> SupportPoint:
        bounds = self.state.family.x
        x = min(max(x, bounds.low), bounds.high)
        return self._snapped(SupportPoint(x, y, self.state.snap), self.state)

    def add_point(self, x: float, y: float) -> None:
        """Add a support point and select it; it snaps to the function if snapping is on."""
        points = self.state.points
        if len(points) < MAX_POINTS:
            self.update(points=(*points, self._point(x, y)), selected=len(points))
        else:
            self.failed.emit(f"{MAX_POINTS} support points are the most: remove one first.", "")

    def move_point(self, index: int, x: float, y: float) -> None:
        """Move a support point; it snaps to the function if snapping is on."""
        points = list(self.state.points)
        points[index] = self._point(x, y)
        self.update(points=tuple(points), selected=index)

    def remove_point(self, index: int) -> None:
        """Remove a support point; the newest of the others is selected."""
        points = self.state.points[:index] + self.state.points[index + 1 :]
        self.update(points=points, selected=len(points) - 1 if points else None)

    def remove_selected(self) -> None:
        """Remove the selected support point, if there is one."""
        if self.state.selected is not None:
            self.remove_point(self.state.selected)

    def clear_points(self) -> None:
        """Remove every support point."""
        self.update(points=(), selected=None)

    def draw_points(self) -> None:
        """Replace the points by K random ones on the function, K as in training."""
        self._place_points(evenly=False)

    def _place_points(self, evenly: bool) -> None:
        settings = self.competitors.settings
        shares = [self._draws.random() for _ in range(settings.shots)]
        if evenly:  # one in each K-th of the range
            shares = [(k + share) / settings.shots for k, share in enumerate(shares)]
        points = (SupportPoint(self.state.family.x.at(share), 0.0, True) for share in shares)
        drawn = (self._snapped(point, self.state) for point in points)
        self.update(points=tuple(drawn), selected=None)

    def choose_family(self, family: Family) -> None:
        """Take a random task of another family; points keep their places in the range of inputs."""
        points = tuple(
            replace(each, x=family.x.at(self.state.family.x.share(each.x)))
            for each in self.state.points
        )
        self.update(family=family, task=family.drawn(self._draws), points=points)

    def draw_task(self) -> None:
        """Take a new random task of the family; snapped points follow it."""
        self.update(task=self.state.family.drawn(self._draws))

    def set_parameter(self, column: int, value: float) -> None:
        """Change one parameter of the task; snapped points follow it."""
        task = list(self.state.task)
        task[column] = value
        self.update(task=tuple(task))

    def go_to(self, step: int) -> None:
        """Show another gradient step, within what is computed."""
        self.update(step=step)

    @Slot(int, object)
    def _on_done(self, ticket: int, result: AdaptationAnswer) -> None:
        if ticket > self._answered_ticket:
            self._answered_ticket = ticket
            self.answer = result
            self.answered.emit()

    @Slot(int, str, str)
    def _on_failed(self, _ticket: int, sentence: str, details: str) -> None:
        self.failed.emit(sentence, details)
