"""The sandbox: a task, support points on it, and how each learner adapts to them."""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from explorer.core.families import Family
from explorer.state.adaptation_query import AdaptationAnswer, AdaptationQuery, SupportPoint, answer
from explorer.state.competitors import ROLES, Competitors, Source
from explorer.state.sandbox_state import SandboxState
from explorer.state.workers import LatestWorker

MAX_STEPS = 100
MAX_POINTS = 100


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
        # Apart, so that a seed draws the same support points and tasks with and without them.
        self._query_draws = random.Random(f"{seed}/sandbox/query")
        self._worker = LatestWorker()
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        x, shots = self.state.family.x, range(self.shots)
        # For the first picture: one in each K-th of the range.
        self._place_points(x.at((k + self._draws.random()) / self.shots) for k in shots)

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
            *(self.competitors, roles, s.family, s.task, s.points, s.alpha, s.steps),
            *(s.frozen, s.query_x, self.explained),
        )

    @property
    def shots(self) -> int:
        """K, how many support points are drawn: as in training."""
        return self.competitors.settings.shots

    @property
    def explained(self) -> str | None:
        """The role whose step is explained, the first that is shown; None if none is to be."""
        if not self.state.explains:
            return None
        shown = self.state.shown & self.competitors.by_role.keys()
        return next((role for role in ROLES if role in shown), None)

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
        """Where the networks come from, and what else is not as one may expect."""
        return self.question.origin

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
        inputs = [self.state.family.x.at(self._draws.random()) for _ in range(self.shots)]
        self._place_points(inputs, **self._fresh_query_points(self.state.family))

    def draw_points_in_half(self) -> None:
        """Replace the points by K random ones in the upper half of the range of inputs."""
        x = self.state.family.x
        inputs = [x.at((1 + self._draws.random()) / 2) for _ in range(self.shots)]
        self._place_points(inputs, **self._fresh_query_points(self.state.family))

    def space_points(self) -> None:
        """Replace the points by K in the middles of the K-ths of the range of inputs."""
        self._place_points(self.state.family.x.middles(self.shots))

    def _place_points(self, inputs: Iterable[float], **changes: Any) -> None:
        """Replace the points by some on the function, given by their inputs."""
        points = (SupportPoint(x, 0.0, True) for x in inputs)
        drawn = (self._snapped(point, self.state) for point in points)
        self.update(points=tuple(drawn), selected=None, **changes)

    def set_query_points(self, on: bool) -> None:
        """Show fresh query points of the task, as many as in training, or none."""
        if on != bool(self.state.query_x):
            self.update(query_x=self._drawn_query_x(self.state.family) if on else ())

    def _drawn_query_x(self, family: Family) -> tuple[float, ...]:
        count = self.competitors.settings.query
        return tuple(family.x.at(self._query_draws.random()) for _ in range(count))

    def _fresh_query_points(self, family: Family) -> dict[str, Any]:
        """What becomes of the query points when something is drawn: others, if they are shown."""
        return {"query_x": self._drawn_query_x(family)} if self.state.query_x else {}

    def set_frozen(self, layer: int, frozen: bool) -> None:
        """Let a layer of every network adapt no more, or again; 0 is the one that sees x."""
        change = self.state.frozen.union if frozen else self.state.frozen.difference
        self.update(frozen=change({layer}))

    def free_layers(self) -> None:
        """Let every layer adapt."""
        self.update(frozen=frozenset())

    def choose_family(self, family: Family) -> None:
        """Take a random task of another family; points keep their places in the range of inputs."""
        points = tuple(
            replace(each, x=family.x.at(self.state.family.x.share(each.x)))
            for each in self.state.points
        )
        query = self._fresh_query_points(family)
        self.update(family=family, task=family.drawn(self._draws), points=points, **query)

    def draw_task(self) -> None:
        """Take a new random task of the family; snapped points follow it."""
        family = self.state.family
        self.update(task=family.drawn(self._draws), **self._fresh_query_points(family))

    def set_parameter(self, column: int, value: float) -> None:
        """Change one parameter of the task; snapped points follow it."""
        task = list(self.state.task)
        task[column] = value
        self.update(task=tuple(task))

    def go_to(self, step: int) -> None:
        """Show another gradient step, within what is computed."""
        self.update(step=step)

    def go_on(self, by: int) -> None:
        """Show the gradient step so many further on, or back."""
        self.go_to(self.state.step + by)

    @Slot(int, object)
    def _on_done(self, ticket: int, result: AdaptationAnswer) -> None:
        if ticket > self._answered_ticket:
            self._answered_ticket = ticket
            self.answer = result
            self.answered.emit()

    @Slot(int, str, str)
    def _on_failed(self, _ticket: int, sentence: str, details: str) -> None:
        self.failed.emit(sentence, details)
