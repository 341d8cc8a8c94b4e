"""What teachers ask: one press on a question's button leaves the program where it is answered."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer.core.instruments import PAGES, Reading
from explorer.core.instruments.exercises import EXERCISES, MISSING, SHOW, Exercise
from explorer.state.instruments import Instruments, scene_of
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace

PAGE = next(number for number, page in enumerate(PAGES) if page.title == "Exercises")


@pytest.fixture
def instruments(workspace: Workspace) -> Iterator[Instruments]:
    """On the page of the exercises, over a sandbox in which nothing is answered."""
    found = Instruments(workspace.sandbox)
    found.look(True)
    found.turn_to(PAGE)
    yield found
    found.shut_down()


def bare(workspace: Workspace) -> None:
    """No points, a learner that is asked for nowhere, another α, one step, all layers held."""
    workspace.sandbox.update(
        points=(), shown=frozenset({"ideal"}), alpha=0.5, steps=1, frozen=frozenset({0, 1, 2})
    )


def reading(instruments: Instruments, name: str, qtbot: QtBot) -> Reading:
    """What stands under a question."""
    instruments.turn_to(PAGE)
    qtbot.waitUntil(lambda: instruments.is_current)
    assert instruments.answer is not None
    return instruments.answer.readings[f"exercise-{name}"]


@pytest.mark.parametrize("source", ["shipped", "training"])
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
def test_one_press_answers(
    workspace: Workspace, instruments: Instruments, qtbot: QtBot, exercise: Exercise, source: str
) -> None:
    """From anywhere: with the networks that are shipped, and with a run that is followed."""
    instrument = PAGES[PAGE].instruments[EXERCISES.index(exercise)]
    if source == "training":
        workspace.choose_source("training")
        workspace.session.step()
        qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    bare(workspace)
    before = reading(instruments, exercise.name, qtbot)
    assert before.sentence == MISSING.format(SHOW)
    (show,) = before.actions
    instruments.grant(instrument, show.wish)
    opened = PAGES[instruments.page]
    assert opened.title == (show.wish.page or "Exercises")
    qtbot.waitUntil(lambda: instruments.is_current)  # the picture that opens has an answer too
    assert instruments.answer is not None
    for each in opened.instruments:
        assert instruments.answer.readings[each.name].sentence
    after = reading(instruments, exercise.name, qtbot)
    sandbox = instruments.sandbox
    scene = scene_of(sandbox.question, sandbox.state.step, instruments.focus)
    assert after.sentence == exercise.answer(scene)
    assert any(letter.isdigit() for letter in after.sentence)
    assert (sandbox.state.frozen, sandbox.state.alpha) == (frozenset(), 0.01)
    assert after.actions[0].wish == show.wish


def test_answers_are_live(workspace: Workspace, instruments: Instruments, qtbot: QtBot) -> None:
    """A point that is added and a task that is changed answer at once."""
    first = reading(instruments, "premise", qtbot).sentence
    workspace.sandbox.add_point(0.3, 0.0)
    second = reading(instruments, "premise", qtbot).sentence
    workspace.sandbox.set_parameter(0, 2.0)
    third = reading(instruments, "premise", qtbot).sentence
    assert len({first, second, third}) == 3
