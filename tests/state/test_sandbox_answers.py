"""The sandbox's answers: each to its question, whatever happens meanwhile."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer.core.base.cancellation import cancelled_when
from explorer.core.learners import MAML
from explorer.state import sandbox as sandbox_module
from explorer.state.adaptation_query import AdaptationAnswer, AdaptationQuery, SupportPoint, answer
from explorer.state.competitors import Competitors, LazyCompetitor, Start
from explorer.state.sandbox import MAX_STEPS, Sandbox
from tests.state.sandboxes import assert_answered
from tests.trainers import PATIENCE


@pytest.mark.parametrize(
    "change",
    [
        {"task": (0.7, 1.0)},
        {"task": (3.2, 2.2)},
        {"alpha": 0.003},
        {"steps": 25},
        {"points": (SupportPoint(1.0, -2.0, False),)},
        {"points": ()},
    ],
)
def test_each_change_has_its_answer(
    sandbox: Sandbox, qtbot: QtBot, change: dict[str, object]
) -> None:
    """Whatever bears on the adaptation brings a new answer, equal to the core's."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    before = sandbox.answer
    sandbox.update(**change)
    assert not sandbox.is_current
    assert_answered(qtbot, sandbox)
    assert sandbox.answer is not before


def test_what_does_not_bear_on_it_asks_nothing(sandbox: Sandbox, qtbot: QtBot) -> None:
    """The step shown, the selection and the learners shown cost no computation."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    before = sandbox.answer
    sandbox.update(step=7, selected=2, shown=frozenset(), snap=False)
    assert sandbox.is_current
    assert sandbox.answer is before


def test_hidden_learners_cost_nothing(competitors: Competitors, qapp: object, qtbot: QtBot) -> None:
    """Not even their files are read, until they are shown."""
    asked = []

    def find() -> Start:
        asked.append(True)
        return competitors.by_role["maml"].start

    by_role = {**competitors.by_role, "anil": LazyCompetitor("ANIL", find)}
    sandbox = Sandbox(replace(competitors, by_role=by_role))
    sandbox.start()
    try:
        assert_answered(qtbot, sandbox)
        assert sandbox.answer is not None
        assert set(sandbox.answer.trajectories) == {"maml", "pretrained"}
        assert asked == []
        sandbox.update(shown=sandbox.state.shown | {"anil"})
        assert not sandbox.is_current
        assert_answered(qtbot, sandbox)
        assert set(sandbox.answer.trajectories) == {"maml", "pretrained", "anil"}
        assert asked == [True]
    finally:
        sandbox.shut_down()


class Gate:
    """Holds every answer back until the test lets it go, and keeps count."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.computed: list[AdaptationQuery] = []

    def answer(self, question: AdaptationQuery) -> AdaptationAnswer:
        """In place of `explorer.state.adaptation_query.answer`."""
        self.entered.release()
        assert self.open.acquire(timeout=PATIENCE)
        self.computed.append(question)
        return answer(question)


def test_a_late_answer_is_never_taken_for_the_present_one(
    competitors: Competitors, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points placed while an answer is outstanding: it is old when it comes, and known to be."""
    gate = Gate()
    monkeypatch.setattr(sandbox_module, "answer", gate.answer)
    sandbox = Sandbox(competitors)
    sandbox.start()
    assert gate.entered.acquire(timeout=PATIENCE)
    first = sandbox.question
    for x in (-1.0, 0.0, 1.0, 2.0):
        sandbox.add_point(x, 0.0)
    with qtbot.waitSignal(sandbox.answered):
        gate.open.release()
    assert sandbox.answer is not None
    assert sandbox.answer.question == first
    assert not sandbox.is_current
    with qtbot.waitSignal(sandbox.answered):
        gate.open.release()
    assert sandbox.is_current
    assert gate.computed == [first, sandbox.question]
    assert_answered(qtbot, sandbox)
    sandbox.shut_down()


def test_an_older_answer_cannot_replace_a_newer(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Signals that arrive out of order do no harm."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    newest = sandbox.answer
    assert newest is not None
    old = answer(sandbox.question)
    sandbox._worker.done.emit(0, old)
    assert sandbox.answer is newest


def test_an_error_while_adapting_is_reported_once(
    sandbox: Sandbox, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user hears of it, and the next change is answered as ever."""
    qtbot.waitUntil(lambda: sandbox.is_current)

    def broken(question: AdaptationQuery) -> AdaptationAnswer:
        raise FloatingPointError("odd numbers")

    with monkeypatch.context() as patch:
        patch.setattr(sandbox_module, "answer", broken)
        with qtbot.waitSignal(sandbox.failed) as failed:
            sandbox.update(alpha=0.02)
    assert "odd numbers" in failed.args[0]
    assert "Traceback" in failed.args[1]
    sandbox.update(alpha=0.03)
    assert_answered(qtbot, sandbox)


def test_divergence_is_known_and_said(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Clustered points and a large step: the answer says at which step, and why."""
    sandbox.clear_points()
    for i in range(10):
        sandbox.add_point(2 + i / 100, 0.0)
    sandbox.update(alpha=0.5, steps=20)
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    trajectory = sandbox.answer.trajectories[MAML.name]
    sentence = sandbox.answer.sentences[MAML.name]
    assert trajectory.divergence is not None
    assert f"diverged at step {trajectory.divergence.step}" in sentence
    assert "lower" in sentence
    assert not (np.abs(trajectory.prediction) < 1000).all()


def test_closing_does_not_wait_for_a_long_answer(
    sandbox: Sandbox, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest question is given up after the gradient step in hand, without a word."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    asked, told = threading.Event(), []

    def is_over() -> bool:
        asked.set()
        while not sandbox._worker._stopping:  # as if one step took for ever
            time.sleep(0.001)
        return True

    def watched(question: AdaptationQuery) -> AdaptationAnswer:
        with cancelled_when(is_over):
            return answer(question)

    monkeypatch.setattr(sandbox_module, "answer", watched)
    sandbox.answered.connect(lambda: told.append("answered"))
    sandbox.failed.connect(lambda *words: told.append(words))
    sandbox.update(steps=MAX_STEPS)
    assert asked.wait(PATIENCE)
    sandbox.shut_down()
    assert sandbox._worker.isFinished()
    QCoreApplication.processEvents()
    assert told == []
