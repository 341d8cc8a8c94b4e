"""What the instruments of *Why it works* show: the sandbox's scene, read while they are seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.cancellation import CancelledWorkError
from explorer.core.base.lazy_torch import torch
from explorer.core.figures.figure import Figure
from explorer.core.figures.provenance import provenance
from explorer.core.insight.finished_trainings import FinishedTrainings, read_finished
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments import PAGES, Instrument, Reading, Wish
from explorer.core.instruments.base import figure_of
from explorer.resources import QUERY_POINTS, resource
from explorer.state.adaptation_query import AdaptationQuery, SupportPoint, starts_of
from explorer.state.competitors import LazyCompetitor
from explorer.state.sandbox import Sandbox
from explorer.state.workers import LatestWorker, describe

BETWEEN_WORDS_MS = 250


@dataclass(frozen=True, eq=False)
class PageReading:
    """What the instruments of a page read of one scene.

    Attributes:
        page: its place among `PAGES`.
        scene: what they looked at.
        origin: where its networks come from.
        readings: by the instruments' names.
        failed: the user's sentence and the details, if one could not be read.
    """

    page: int
    scene: Scene
    origin: str
    readings: dict[str, Reading]
    failed: tuple[str, str] | None = None


def scene_of(question: AdaptationQuery, step: int, focus: str) -> Scene:
    """The sandbox's task, points and learners as instruments see them."""
    by_role = question.competitors.by_role
    asked = {role: one for role, one in by_role.items() if role in question.roles}
    starts, _ = starts_of(asked, question.family, question.frozen)
    members = tuple(
        Member(role, asked[role].label, start, _thawed(asked[role], start), asked[role].run)
        for role, start in starts.items()
    )
    return Scene(
        question.family,
        question.task,
        tuple((point.x, point.y) for point in question.points),
        question.alpha,
        question.steps,
        min(step, question.steps),
        members,
        question.competitors.settings,
        focus,
        question.frozen,
        _finished,
    )


def _thawed(one: LazyCompetitor, start: Start) -> StartingPoint | None:
    """The learner without frozen layers, if it has any."""
    whole = one.start if isinstance(start, StartingPoint) else None
    return whole if isinstance(whole, StartingPoint) and whole is not start else None


@lru_cache(1)
def _finished() -> FinishedTrainings:
    """The table that comes with the program."""
    return read_finished(resource(QUERY_POINTS))


def read(
    page: int, question: AdaptationQuery, step: int, focus: str, choices: dict[str, Any]
) -> PageReading:
    """Read the instruments of a page for which there is a choice, be it None.

    Raises:
        CancelledWorkError: nobody waits for it any more.
    """
    torch.set_num_threads(1)
    scene = scene_of(question, step, focus)
    readings: dict[str, Reading] = {}
    failed = None
    for each in PAGES[page].instruments:
        if each.name not in choices:
            continue
        try:
            readings[each.name] = each.read(scene, choices[each.name])
        except CancelledWorkError:
            raise
        except Exception as error:  # noqa: BLE001 - the others can still be read
            failed = describe(error)
            readings[each.name] = Reading(failed[0])
    return PageReading(page, scene, question.origin, readings, failed)


Question = tuple[int, AdaptationQuery, int, str, dict[str, Any]]  # what `read` takes


class Instruments(QObject):
    """Keeps the newest readings of the page that is looked at coming; of no page, none.

    Signals:
        changed: `page`, `focus` or a choice has a new value.
        answered: `answer` is new.
        failed: the user's sentence and the details.
    """

    changed = Signal()
    answered = Signal()
    failed = Signal(str, str)

    def __init__(self, sandbox: Sandbox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sandbox = sandbox
        self.page = 0
        self.focus = ""
        self.answer: PageReading | None = None
        self.choices = {each.name: each.begin() for page in PAGES for each in page.instruments}
        self._is_seen = False
        self._asked: Question | None = None
        self._in_sight: frozenset[str] | None = None  # by name; None while nobody has said
        self._in_words: frozenset[str] = frozenset()  # those of which only words are in sight
        self._until_words = QTimer(self)
        self._until_words.setSingleShot(True)
        self._until_words.timeout.connect(self._ask)
        self._told: tuple[str, str] | None = None  # of what failed
        self._asked_ticket = self._answered_ticket = 0
        self._worker = LatestWorker(gives_way=True)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        sandbox.changed.connect(self._ask)
        sandbox.answered.connect(self._ask)  # newer networks are no change of the sandbox

    @property
    def is_current(self) -> bool:
        """Whether `answer` is what the instruments say of the present scene."""
        is_asked = self._is_seen and self._has_asked(self._question)
        return is_asked and self._answered_ticket == self._asked_ticket

    def look(self, seen: bool) -> None:
        """Begin to read, or read no longer, since nobody sees it."""
        self._is_seen = seen
        self._until_words.stop()
        if seen:
            if not self._worker.isRunning():
                self._worker.start()
            self._ask()

    def see(self, names: Iterable[str], in_words: Iterable[str] = ()) -> None:
        """Say which instruments of the page are in sight; the others are not read.

        Args:
            names: all of them.
            in_words: those of which no picture can be seen, which are read less often.
        """
        self._in_sight, self._in_words = frozenset(names), frozenset(in_words)
        self._ask()

    def stop(self) -> None:
        """Ask the worker to end, without waiting."""
        self.look(False)
        self._worker.stop()

    def shut_down(self) -> None:
        """Stop the worker and wait for it."""
        self.look(False)
        self._worker.shut_down()

    def turn_to(self, page: int) -> None:
        """Look at another page."""
        if page != self.page:
            self.page, self._in_sight, self._in_words = page, None, frozenset()
            self.changed.emit()
            self._ask()

    def focus_on(self, role: str) -> None:
        """Have pictures of a single learner show this one."""
        if role != self.focus:
            self.focus = role
            self.changed.emit()
            self._ask()

    def choose(self, instrument: Instrument, **values: Any) -> None:
        """Change what an instrument lets its reader choose.

        Raises:
            SettingsError: a value is out of bounds.
        """
        current: Any = self.choices[instrument.name]
        self._take(instrument.name, replace(current, **values))

    def press(self, instrument: Instrument, panel: int, x: float, y: float) -> None:
        """Do what a press in one of an instrument's pictures asks for."""
        reading = None if self.answer is None else self.answer.readings.get(instrument.name)
        if instrument.press is None or self.answer is None or reading is None:
            return
        choice, pressed = self.choices[instrument.name], reading.press(panel, x, y)
        self.grant(instrument, instrument.press(self.answer.scene, choice, pressed))

    def grant(self, instrument: Instrument, wish: Wish) -> None:
        """Do what an instrument asks for."""
        if wish.turned is not None:
            self.sandbox.set_frozen(wish.turned, wish.turned not in self.sandbox.state.frozen)
        wanted = ("task", "step", "steps", "alpha", "shown", "frozen")
        changes = {name: getattr(wish, name) for name in wanted}
        if wish.inputs is not None:
            changes["points"] = self._points_at(wish.inputs, wish.task)
        changes = {name: to for name, to in changes.items() if to is not None}
        self.sandbox.update(**changes, **{"selected": None} if wish.inputs is not None else {})
        if wish.choice is not None:
            self._take(wish.chooser or instrument.name, wish.choice)
        if wish.page is not None:  # last, or it would be read with the scene of before
            self.turn_to([page.title for page in PAGES].index(wish.page))

    def _points_at(
        self, inputs: tuple[float, ...], task: tuple[float, ...] | None
    ) -> tuple[SupportPoint, ...]:
        """Points on the function."""
        state = self.sandbox.state
        known = state.task if task is None else task
        return tuple(SupportPoint(x, state.family.value(x, known), True) for x in inputs)

    def figure(self, instrument: Instrument) -> Figure | None:
        """What there is to export of an instrument."""
        reading = None if self.answer is None else self.answer.readings.get(instrument.name)
        if self.answer is None or reading is None:
            return None
        return figure_of(instrument, reading, provenance(0, self.answer.origin))

    def _take(self, name: str, choice: Any) -> None:
        if choice != self.choices[name]:
            self.choices[name] = choice
            self.changed.emit()
            self._ask()

    @property
    def _question(self) -> Question:
        """What the present state asks."""
        names = [each.name for each in PAGES[self.page].instruments]
        in_sight = self._in_sight
        choices = {n: self.choices[n] for n in names if in_sight is None or n in in_sight}
        sandbox = self.sandbox
        return self.page, sandbox.question, sandbox.state.step, self.focus, choices

    def _has_asked(self, question: Question) -> bool:
        """Whether what was asked last holds a question."""
        if self._asked is None:
            return False
        (*before, known), (*now, wanted) = self._asked, question
        return before == now and wanted.items() <= known.items()

    @Slot()
    def _ask(self) -> None:
        """Read the page anew, if it is seen and something that it shows has changed."""
        if not self._is_seen:
            return
        asked = self._question
        if self._until_words.isActive():
            choices = {n: choice for n, choice in asked[-1].items() if n not in self._in_words}
            asked = *asked[:-1], choices
        if not self._has_asked(asked):
            if self._in_words & asked[-1].keys():
                self._until_words.start(BETWEEN_WORDS_MS)
            turned = self._asked is not None and self._asked[0] != self.page
            self._asked = asked
            self._asked_ticket = self._worker.submit(lambda: read(*asked), gives_up=turned)

    @Slot(int, object)
    def _on_done(self, ticket: int, result: PageReading) -> None:
        if ticket > self._answered_ticket:
            self._answered_ticket = ticket
            self.answer = result
            self.answered.emit()
            if result.failed is not None and result.failed != self._told:
                self.failed.emit(*result.failed)
            self._told = result.failed

    @Slot(int, str, str)
    def _on_failed(self, _ticket: int, sentence: str, details: str) -> None:
        if (sentence, details) != self._told:  # once, not for every network that is followed
            self.failed.emit(sentence, details)
        self._told = sentence, details
