"""Back to where the learners in training stood, and forth."""

from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.core.files.checkpoint import save
from explorer.core.training.loop import Progress, Run, advance, start, train
from explorer.state.time_travel import TimeTravel
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace
from tests.state.runs import thetas
from tests.state.sandboxes import assert_answered
from tests.trainers import SMALL

MOMENTS = (*range(13), *range(13, 28, 2), 30, 33, 36, 39, 43, 47, 51, 55, 60)


@pytest.fixture
def travel(workspace: Workspace, qtbot: QtBot) -> TimeTravel:
    """Through a run that is finished, at its end."""
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    workspace.travel.set_pace(500)
    return workspace.travel


def stopped(iterations: int) -> Run:
    """A run of the same settings that ends there."""
    return advance(start(SMALL), iterations)[0]


def assert_at(workspace: Workspace, iterations: int) -> None:
    """The sandbox has the networks of a run that stopped there, bit for bit."""
    run = stopped(iterations) if iterations else start(SMALL)
    for name, state in run.learners.items():
        assert torch.equal(thetas(workspace)[name], state.meta)
    assert f"iteration {iterations:,}" in workspace.sandbox.origin


def test_there_is_no_past_at_first(workspace: Workspace) -> None:
    """Nothing to go to, and nothing to play; the run need not be made for that."""
    travel = workspace.travel
    assert travel.moments == (0,)
    assert (travel.place, travel.moment) == (0, None)
    travel.toggle()
    assert not travel.is_playing
    assert workspace.sandbox.state.source == "shipped"


@pytest.mark.parametrize("iteration", [0, 1, 27, 55])
def test_the_past_is_a_run_stopped_there(
    workspace: Workspace, travel: TimeTravel, qtbot: QtBot, iteration: int
) -> None:
    """Its networks, and so its curves, bit for bit; the sandbox no longer follows."""
    assert travel.moments == MOMENTS
    travel.go_to(MOMENTS.index(iteration))
    assert_at(workspace, iteration)
    assert_answered(qtbot, workspace.sandbox)
    state = workspace.sandbox.state
    assert (state.source, state.follow, travel.moment) == ("training", False, iteration)
    assert "back at" in workspace.sandbox.origin
    assert travel.moments[travel.place] == iteration


def test_following_resumes_at_the_right_end(workspace: Workspace, travel: TimeTravel) -> None:
    """Also from the networks that are shipped, and beyond the end."""
    for place in (len(MOMENTS) - 1, 1000):
        travel.go_to(3)
        travel.go_to(place)
        assert_at(workspace, 60)
        assert "back" not in workspace.sandbox.origin
        assert workspace.sandbox.state.follow
        assert (travel.moment, travel.place) == (None, len(MOMENTS) - 1)


def test_training_goes_on_beside_the_past(workspace: Workspace, qtbot: QtBot) -> None:
    """The sandbox stays where it was taken, and catches up at the right end."""
    session, travel = workspace.session, workspace.travel
    for _ in range(3):
        session.step()
        qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
    assert travel.moments == (0, 1, 2, 3)
    travel.go_to(2)
    session.step()
    qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
    assert_at(workspace, 2)
    assert (travel.place, travel.moments) == (2, (0, 1, 2, 3, 4))
    travel.go_to(4)
    assert_at(workspace, 4)
    session.step()
    qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
    assert_at(workspace, 5)
    assert travel.place == 5


def test_the_film_shows_every_moment(
    workspace: Workspace, travel: TimeTravel, qtbot: QtBot
) -> None:
    """From the first on to the newest, where it stops and the sandbox follows again."""
    seen = [travel.moment]
    travel.changed.connect(lambda: seen.append(travel.moment))
    travel.toggle()
    assert travel.is_playing
    qtbot.waitUntil(lambda: not travel.is_playing)
    assert list(dict.fromkeys(seen)) == [None, *MOMENTS[:-1]]
    assert workspace.sandbox.state.follow
    assert_at(workspace, 60)


def test_the_film_can_be_paused(workspace: Workspace, travel: TimeTravel, qtbot: QtBot) -> None:
    """It stays at the moment shown, and goes on from there."""
    travel.toggle()
    qtbot.waitUntil(lambda: travel.place >= 5)
    travel.toggle()
    assert not travel.is_playing
    place = travel.place
    assert place < len(MOMENTS) - 1
    assert_at(workspace, MOMENTS[place])
    seen: list[int] = []
    travel.changed.connect(lambda: seen.append(travel.place))
    travel.toggle()
    qtbot.waitUntil(lambda: not travel.is_playing)
    assert sorted(seen) == seen
    assert seen[0] == place


@pytest.mark.parametrize("way", ["source", "follow", "reset"])
def test_leaving_the_past(workspace: Workspace, travel: TimeTravel, way: str) -> None:
    """By choosing networks, by following, or by a new run: training is followed as before."""
    travel.go_to(7)
    travel.toggle()
    if way == "source":
        workspace.choose_source("shipped")
        assert workspace.sandbox.competitors.iteration is None
        workspace.choose_source("training")
    elif way == "follow":
        workspace.set_follow(True)
    else:
        workspace.session.reset(SMALL)
    assert not travel.is_playing
    assert workspace.sandbox.state.follow
    assert travel.place == len(travel.moments) - 1
    assert_at(workspace, 0 if way == "reset" else 60)


def test_a_held_sandbox_is_in_the_past(workspace: Workspace, qtbot: QtBot) -> None:
    """Who stops following stays at that iteration, also if no rung is there, and stays so."""
    session, travel = workspace.session, workspace.travel
    workspace.choose_source("training")
    session.step()
    qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
    workspace.set_follow(False)
    assert travel.moment == 1
    session.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert travel.moments[travel.place] == 1
    workspace.choose_source("training")
    assert not workspace.sandbox.state.follow
    assert travel.place == len(travel.moments) - 1


def test_a_file_brings_its_past(workspace: Workspace, tmp_path: Path) -> None:
    """The run in a file can be gone back through like the one that was saved."""
    run = start(SMALL)
    for event in train(run, 40):
        assert isinstance(event, Progress)
        run = event.run
    save(tmp_path / "run.safetensors", run, "maml")
    assert workspace.open_checkpoint(tmp_path / "run.safetensors")
    travel = workspace.travel
    assert travel.moments == (*MOMENTS[: MOMENTS.index(39) + 1], 40)
    assert travel.moment is None
    travel.go_to(10)
    assert_at(workspace, 10)
