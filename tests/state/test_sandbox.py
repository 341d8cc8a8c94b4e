"""The sandbox without its window."""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer import resources
from explorer.core.base.cancellation import cancelled_when
from explorer.core.learners import MAML, PRETRAINED
from explorer.state import sandbox as sandbox_module
from explorer.state.competitors import Competitors, LazyCompetitor, Start, from_shipped
from explorer.state.sandbox import MAX_POINTS, MAX_STEPS, Sandbox
from explorer.state.trails import Answer, Question, SupportPoint, answer
from tests.trainers import PATIENCE
from tests.ui import expected


@pytest.fixture(scope="module")
def competitors() -> Competitors:
    names = (resources.MAML_CHECKPOINT, resources.PRETRAINED_CHECKPOINT)
    return from_shipped(*(resources.resource(name) for name in names))


@pytest.fixture
def sandbox(competitors: Competitors, qapp: object) -> Iterator[Sandbox]:
    sandbox = Sandbox(competitors)
    sandbox.start()
    yield sandbox
    sandbox.shut_down()


def assert_answered(qtbot: QtBot, sandbox: Sandbox) -> None:
    """Wait for the answer to the present state, and compare every number with the core's."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    for role, (prediction, errors, losses) in expected(sandbox).items():
        trail = sandbox.answer.trails[role]
        assert np.array_equal(trail.prediction, prediction, equal_nan=True)
        assert np.array_equal(trail.mse, errors, equal_nan=True)
        assert np.array_equal(trail.support_mse, losses, equal_nan=True)


def on_task(sandbox: Sandbox, point: SupportPoint) -> float:
    """What the present sine says at a point."""
    return sandbox.state.task[0] * math.sin(point.x - sandbox.state.task[1])


def test_it_begins_with_k_points_and_their_answer(sandbox: Sandbox, qtbot: QtBot) -> None:
    """There is something to see from the start, and it is what the core computes."""
    assert len(sandbox.state.points) == 10
    assert all(p.snapped and p.y == on_task(sandbox, p) for p in sandbox.state.points)
    assert_answered(qtbot, sandbox)
    assert sandbox.answer is not None
    assert set(sandbox.answer.trails) == {MAML.name, PRETRAINED.name}
    maml, pretrained = (sandbox.answer.trails[r.name].mse for r in (MAML, PRETRAINED))
    assert maml[1] < 0.5 * pretrained[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_first_points_are_spread_over_the_inputs(
    competitors: Competitors, qapp: object, seed: int
) -> None:
    """One in each K-th of the range, so that the first picture shows what adaptation can do."""
    sandbox = Sandbox(competitors, seed)
    bounds = competitors.settings.x
    xs = [p.x for p in sandbox.state.points]
    parts = [int((x - bounds.low) / (bounds.high - bounds.low) * len(xs)) for x in xs]
    sandbox.shut_down()
    assert parts == list(range(10))


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
        assert set(sandbox.answer.trails) == {"maml", "pretrained"}
        assert asked == []
        sandbox.update(shown=sandbox.state.shown | {"anil"})
        assert not sandbox.is_current
        assert_answered(qtbot, sandbox)
        assert set(sandbox.answer.trails) == {"maml", "pretrained", "anil"}
        assert asked == [True]
    finally:
        sandbox.shut_down()


def test_no_change_is_no_news(sandbox: Sandbox) -> None:
    """Setting what is set already tells nobody."""
    told = []
    sandbox.changed.connect(lambda: told.append(1))
    sandbox.update(alpha=sandbox.state.alpha, step=sandbox.state.step)
    assert told == []
    sandbox.update(alpha=0.5)
    assert told == [1]


def test_snapped_points_follow_the_sine_and_free_ones_stay(sandbox: Sandbox) -> None:
    """Amplitude, phase and a new sine move what is snapped, and nothing else."""
    sandbox.clear_points()
    sandbox.add_point(1.5, 99.0)
    sandbox.update(snap=False)
    sandbox.add_point(-2.0, 0.25)
    for change in (
        lambda: sandbox.set_parameter(0, 1.1),
        lambda: sandbox.set_parameter(1, 0.3),
        sandbox.draw_task,
    ):
        change()
        snapped, free = sandbox.state.points
        assert (snapped.x, snapped.y) == (1.5, on_task(sandbox, snapped))
        assert free == SupportPoint(-2.0, 0.25, False)


def test_points_stay_within_the_inputs(sandbox: Sandbox) -> None:
    """No learner was trained beyond the range of x."""
    sandbox.clear_points()
    sandbox.add_point(17.0, 0.0)
    sandbox.add_point(0.0, 0.0)
    sandbox.move_point(1, -17.0, 0.0)
    assert [p.x for p in sandbox.state.points] == [5.0, -5.0]


def test_selection_follows_what_is_done(sandbox: Sandbox) -> None:
    """The point last touched is the one that keys act on."""
    sandbox.clear_points()
    assert sandbox.state.selected is None
    sandbox.remove_selected()
    for x in (-3.0, 0.0, 3.0):
        sandbox.add_point(x, 0.0)
    assert sandbox.state.selected == 2
    sandbox.move_point(0, -2.0, 0.0)
    assert sandbox.state.selected == 0
    sandbox.remove_selected()
    assert [p.x for p in sandbox.state.points] == [0.0, 3.0]
    assert sandbox.state.selected == 1
    sandbox.remove_selected()
    sandbox.remove_selected()
    assert sandbox.state.points == ()
    assert sandbox.state.selected is None


def test_there_is_a_largest_number_of_points(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Clicking on and on ends at the limit, with a notice, and the answer still right."""
    told: list[tuple[str, str]] = []
    sandbox.failed.connect(lambda *words: told.append(words))
    sandbox.clear_points()
    for i in range(MAX_POINTS):
        sandbox.add_point(-5 + i / 11, 0.0)
    assert told == []
    for i in range(5):
        sandbox.add_point(i, 0.0)
        assert len(told) == i + 1
    assert str(MAX_POINTS) in told[0][0]
    assert len(sandbox.state.points) == MAX_POINTS
    assert sandbox.state.selected == MAX_POINTS - 1
    assert_answered(qtbot, sandbox)


def test_the_step_stays_within_what_is_computed(sandbox: Sandbox) -> None:
    """Neither the step nor fewer steps lead outside 0…n."""
    sandbox.go_to(-3)
    assert sandbox.state.step == 0
    sandbox.go_to(1000)
    assert sandbox.state.step == 10
    sandbox.update(steps=4)
    assert sandbox.state.step == 4
    sandbox.update(steps=MAX_STEPS, step=MAX_STEPS)
    assert sandbox.state.step == MAX_STEPS


def test_a_seed_draws_the_same_again(competitors: Competitors, qapp: object) -> None:
    """What is drawn is set by the seed alone, and differs from draw to draw."""
    drawn = []
    for seed in (4, 4, 5):
        sandbox = Sandbox(competitors, seed)
        states = []
        for _ in range(2):
            sandbox.draw_task()
            sandbox.draw_points()
            states.append((sandbox.state.task[0], sandbox.state.task[1], sandbox.state.points))
        sandbox.shut_down()
        drawn.append(states)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert drawn[0][0] != drawn[0][1]


def test_drawn_sines_are_of_the_distribution(sandbox: Sandbox) -> None:
    """Amplitudes and phases fill their ranges and do not leave them."""
    seen = []
    for _ in range(200):
        sandbox.draw_task()
        seen.append((sandbox.state.task[0], sandbox.state.task[1]))
    low, high = np.min(seen, 0), np.max(seen, 0)
    assert 0.1 <= low[0] < 0.6
    assert 4.5 < high[0] <= 5.0
    assert 0.0 <= low[1] < 0.3
    assert 2.8 < high[1] <= math.pi


class Gate:
    """Holds every answer back until the test lets it go, and keeps count."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.computed: list[Question] = []

    def answer(self, question: Question) -> Answer:
        """In place of `explorer.state.trails.answer`."""
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

    def broken(question: Question) -> Answer:
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
    trail = sandbox.answer.trails[MAML.name]
    sentence = sandbox.answer.sentences[MAML.name]
    assert trail.divergence is not None
    assert f"diverged at step {trail.divergence.step}" in sentence
    assert "lower" in sentence
    assert not (np.abs(trail.prediction) < 1000).all()


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

    def watched(question: Question) -> Answer:
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
