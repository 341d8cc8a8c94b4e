"""What the instruments read, without a window: when, of what, and what their wishes do."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.core.figures.figure import Panel
from explorer.core.instruments import PAGES, Instrument, Reading, Wish
from explorer.core.instruments.compass import COMPASS
from explorer.core.instruments.layers import LAYERS
from explorer.core.instruments.meta_iteration import CARDS, META_ITERATION, Card
from explorer.core.instruments.poke import POKE, Pull
from explorer.core.training.loop import advance, start
from explorer.state import instruments as module
from explorer.state.instruments import Instruments, scene_of
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace
from tests.trainers import SMALL

TITLES = [page.title for page in PAGES]


@pytest.fixture
def instruments(workspace: Workspace) -> Iterator[Instruments]:
    """Of the workspace's sandbox, looked at."""
    found = Instruments(workspace.sandbox)
    found.look(True)
    yield found
    found.shut_down()


def wanted(instruments: Instruments) -> dict[str, Reading]:
    """What the core says of the present scene."""
    sandbox = instruments.sandbox
    scene = scene_of(sandbox.question, sandbox.state.step, instruments.focus)
    return {
        each.name: each.read(scene, instruments.choices[each.name])
        for each in PAGES[instruments.page].instruments
    }


def assert_read(instruments: Instruments, qtbot: QtBot) -> dict[str, Reading]:
    """Wait for the answer to the present scene; it is the core's, number for number."""
    qtbot.waitUntil(lambda: instruments.is_current)
    answer = instruments.answer
    assert answer is not None
    assert answer.page == instruments.page
    for name, reading in wanted(instruments).items():
        read = answer.readings[name]
        assert (read.sentence, read.remarks) == (reading.sentence, reading.remarks)
        for one, other in zip(read.panels, reading.panels, strict=True):
            assert_alike(one, other)
    return answer.readings


def assert_alike(one: Panel, other: Panel) -> None:
    """The same curves, but for the last digits: PyTorch rounds by where its memory lies."""
    assert one.title == other.title
    for mine, theirs in zip(one.curves, other.curves, strict=True):
        assert np.allclose(mine.x, theirs.x, rtol=1e-4, atol=1e-7, equal_nan=True)
        assert np.allclose(mine.y, theirs.y, rtol=1e-3, atol=1e-6, equal_nan=True)


def finished_training(workspace: Workspace, qtbot: QtBot) -> None:
    """To the end of the small run, which the sandbox follows."""
    workspace.choose_source("training")
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)


@pytest.mark.parametrize("page", range(len(PAGES)), ids=TITLES)
def test_every_page_is_the_cores(instruments: Instruments, qtbot: QtBot, page: int) -> None:
    """Of the scene that the sandbox shows."""
    instruments.turn_to(page)
    assert_read(instruments, qtbot)


def test_nothing_is_read_unseen(workspace: Workspace, qtbot: QtBot) -> None:
    """Not before anybody looks, nor after; on return what is new is read, and only then."""
    instruments = Instruments(workspace.sandbox)
    answers: list[object] = []
    instruments.answered.connect(lambda: answers.append(instruments.answer))
    workspace.sandbox.set_parameter(0, 2.0)
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    assert not instruments.is_current
    instruments.look(True)
    assert_read(instruments, qtbot)
    instruments.look(False)
    assert not instruments.is_current
    seen = len(answers)
    with qtbot.waitSignal(workspace.sandbox.answered):
        workspace.sandbox.set_parameter(0, 3.0)
    instruments.look(True)
    assert_read(instruments, qtbot)
    assert len(answers) == seen + 1
    instruments.look(False)
    instruments.look(True)  # nothing is new
    assert instruments.is_current
    instruments.shut_down()
    assert len(answers) == seen + 1


def test_those_with_words_alone_in_sight_are_read_less_often(
    instruments: Instruments, qtbot: QtBot
) -> None:
    """Pictures come with every change; the others' words follow, and last of all the newest."""
    assert_read(instruments, qtbot)
    instruments.see(("compass", "modes"), in_words=("modes",))
    read: list[set[str]] = []
    instruments.answered.connect(
        lambda: instruments.answer and read.append({*instruments.answer.readings})
    )
    for amplitude in np.linspace(1.0, 4.0, 20):
        with qtbot.waitSignal(instruments.answered):
            instruments.sandbox.set_parameter(0, float(amplitude))
    qtbot.waitUntil(lambda: instruments.is_current)
    assert all("compass" in names for names in read)
    assert {"compass"} in read
    assert instruments.answer is not None
    assert {*instruments.answer.readings} == {"compass", "modes"}
    assert instruments.answer.scene.task[0] == 4.0


def test_the_newest_question_wins(instruments: Instruments, qtbot: QtBot) -> None:
    """While one is read, all but the last of those that come are left out."""
    assert_read(instruments, qtbot)
    scenes: list[object] = []
    instruments.answered.connect(lambda: scenes.append(instruments.answer))
    for amplitude in np.linspace(1.0, 4.0, 200):
        instruments.sandbox.set_parameter(0, float(amplitude))
    assert not instruments.is_current
    assert_read(instruments, qtbot)
    assert instruments.answer is not None
    assert instruments.answer.scene.task[0] == 4.0
    assert len(scenes) < 100


def test_wishes_change_the_sandbox(instruments: Instruments, qtbot: QtBot) -> None:
    """Task, points on it, step and steps, α, who is shown, which layers adapt: all together."""
    sandbox, told = instruments.sandbox, []
    wish = Wish(
        task=(2.0, 1.0), inputs=(-1.0, 0.5, 2.0), step=12, steps=20, alpha=0.02,
        shown=frozenset({"maml", "reptile"}), frozen=frozenset({1}),
    )  # fmt: skip
    sandbox.changed.connect(lambda: told.append(1))
    instruments.grant(COMPASS, wish)
    state = sandbox.state
    assert (state.task, state.step, state.steps, state.alpha) == ((2.0, 1.0), 12, 20, 0.02)
    assert (state.shown, state.frozen, state.selected) == (wish.shown, wish.frozen, None)
    assert [point.x for point in state.points] == [-1.0, 0.5, 2.0]
    assert all(point.snapped for point in state.points)
    assert [point.y for point in state.points] == pytest.approx(
        [2.0 * np.sin(x - 1.0) for x in (-1.0, 0.5, 2.0)], abs=1e-6
    )
    assert len(told) == 1
    assert_read(instruments, qtbot)
    instruments.grant(COMPASS, Wish())
    assert sandbox.state == state


def test_wishes_turn_pages_and_choose(instruments: Instruments, qtbot: QtBot) -> None:
    """An instrument's own choice, or that of another on the page that opens."""
    instruments.grant(POKE, Wish(choice=Pull(1.0, -1.0), page="Sensitive"))
    assert instruments.page == TITLES.index("Sensitive")
    assert instruments.choices["poke"] == Pull(1.0, -1.0)
    assert_read(instruments, qtbot)
    wish = Wish(choice=Card(card=CARDS[3]), chooser=META_ITERATION.name, page="One meta-iteration")
    instruments.grant(POKE, wish)
    assert instruments.choices["poke"] == Pull(1.0, -1.0)
    assert instruments.choices["meta-iteration"].card == CARDS[3]
    assert "On the query points" in assert_read(instruments, qtbot)["meta-iteration"].sentence


def test_a_press_is_the_instruments(instruments: Instruments, qtbot: QtBot) -> None:
    """What it asks for is granted, once there is a picture to press."""
    assert_read(instruments, qtbot)
    instruments.press(COMPASS, 0, 0.0, 2.0)
    assert instruments.sandbox.state.task == pytest.approx((2.0, np.pi / 2))
    assert_read(instruments, qtbot)
    instruments.press(COMPASS, 1, 3.2, 0.1)
    assert instruments.sandbox.state.step == 3
    before = instruments.sandbox.state
    instruments.press(LAYERS, 0, 1.0, 1.0)  # has nothing to press
    assert instruments.sandbox.state == before


def test_a_failure_is_told_once_and_the_next_is_read(
    instruments: Instruments, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with details, in its place too; the others are read, and the next question."""
    assert_read(instruments, qtbot)
    told = list[tuple[str, str]]()
    instruments.failed.connect(lambda *words: told.append(words))

    def fail(*_: object) -> Reading:
        raise ZeroDivisionError("no such number")

    broken = replace(COMPASS, read=fail)
    pages = (replace(PAGES[0], instruments=(broken, *PAGES[0].instruments[1:])), *PAGES[1:])
    with monkeypatch.context() as patch:
        patch.setattr(module, "PAGES", pages)
        instruments.sandbox.set_parameter(0, 2.0)
        qtbot.waitUntil(lambda: bool(told) and instruments.sandbox.is_current)
        instruments.sandbox.set_parameter(0, 2.5)  # fails again, of which no more is said
        qtbot.waitUntil(lambda: instruments.sandbox.is_current and instruments.is_current)
    ((sentence, details),) = told
    assert sentence == "Something went wrong: ZeroDivisionError: no such number"
    assert "Traceback" in details
    assert instruments.answer is not None
    assert instruments.answer.readings["compass"].sentence == sentence
    assert instruments.answer.readings["modes"].panels
    instruments.sandbox.set_parameter(0, 3.0)
    assert_read(instruments, qtbot)
    assert len(told) == 1


def test_training_is_followed(workspace: Workspace, instruments: Instruments, qtbot: QtBot) -> None:
    """To its last network, without any change of the sandbox's state."""
    workspace.choose_source("training")
    state = workspace.sandbox.state
    first = assert_read(instruments, qtbot)["compass"]
    finished_training(workspace, qtbot)
    assert workspace.sandbox.state == state
    last = assert_read(instruments, qtbot)["compass"]
    assert last.sentence != first.sentence
    assert instruments.answer is not None
    (member, begin), *_ = instruments.answer.scene.networks
    assert torch.equal(begin.theta, workspace.session.run.learners[member.role].meta)


@pytest.mark.parametrize("page", ["More steps", "One meta-iteration"])
def test_time_travel_is_read(
    workspace: Workspace, instruments: Instruments, qtbot: QtBot, page: str
) -> None:
    """At an earlier moment the core reads the same of a run that stopped there."""
    finished_training(workspace, qtbot)
    instruments.turn_to(TITLES.index(page))
    now = assert_read(instruments, qtbot)
    workspace.travel.go_to(workspace.travel.moments.index(10))
    back = assert_read(instruments, qtbot)
    assert instruments.answer is not None
    scene = instruments.answer.scene
    stopped = advance(start(SMALL), 10)[0]
    members = tuple(
        replace(each, start=stopped.starting_point(each.role)) if each.network else each
        for each in scene.members
    )
    for instrument in PAGES[instruments.page].instruments:
        assert_same_reading(instrument, replace(scene, members=members), back)
        assert back[instrument.name].sentence != now[instrument.name].sentence
    if page == "More steps":
        fans = [each["compass"].panels[0].curves[1].x for each in (now, back)]
        assert fans[0].shape == fans[1].shape
        assert not np.allclose(*fans, equal_nan=True)
    workspace.travel.go_to(len(workspace.travel.moments) - 1)
    again = assert_read(instruments, qtbot)
    assert [each.sentence for each in again.values()] == [each.sentence for each in now.values()]


def assert_same_reading(instrument: Instrument, scene: object, read: dict[str, Reading]) -> None:
    """Of another scene."""
    expected = instrument.read(scene, instrument.begin())  # type: ignore[arg-type]
    assert read[instrument.name].sentence == expected.sentence
    for one, other in zip(read[instrument.name].panels, expected.panels, strict=True):
        assert_alike(one, other)


def test_frozen_layers_act_and_others_are_still_tried(
    instruments: Instruments, qtbot: QtBot
) -> None:
    """A layer turned off moves no more; what each would reach alone stays as it was."""
    instruments.turn_to(TITLES.index("Layers"))
    free = assert_read(instruments, qtbot)["layers"]
    instruments.grant(LAYERS, Wish(turned=0))
    assert instruments.sandbox.state.frozen == {0}
    held = assert_read(instruments, qtbot)["layers"]
    assert held.sentence == free.sentence
    moved, before = (each.panels[1].curves[1].y for each in (held, free))
    assert moved[0] == 0 < before[0]
    assert [action.on for action in held.actions] == [False, True, True]
    instruments.grant(LAYERS, held.actions[0].wish)
    assert instruments.sandbox.state.frozen == frozenset()
    assert_read(instruments, qtbot)
    instruments.grant(LAYERS, Wish(frozen=frozenset({0, 1, 2})))
    for page in range(len(PAGES)):
        instruments.turn_to(page)
        assert_read(instruments, qtbot)
