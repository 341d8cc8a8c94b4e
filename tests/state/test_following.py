"""The sandbox follows the network in training, or holds still."""

from collections.abc import Iterator

import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.core.training.loop import CHUNK_SECONDS, start
from explorer.state import workspace as workspace_module
from explorer.state.training_session import Phase, train_newest
from explorer.state.workspace import Workspace
from tests.state.runs import thetas
from tests.trainers import SMALL, GatedTrainer


class Clock:
    """In place of `time` where it says whether it is time to follow; it goes when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(workspace_module, "time", self)

    def perf_counter(self) -> float:
        """What the clock says."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that tells the workspace when to follow."""
    return Clock(monkeypatch)


@pytest.fixture
def trainer(workspace: Workspace) -> Iterator[GatedTrainer]:
    """The workspace's real trainer, chunk by chunk and without evaluations in between."""
    trainer = GatedTrainer(lambda newest, until, _: train_newest(newest, until, None))
    workspace.session._trainer = trainer.train
    yield trainer
    trainer.open_all()


def train_on(workspace: Workspace, trainer: GatedTrainer, qtbot: QtBot) -> int:
    """Do one more chunk of the run; the iteration to which it leads."""
    before = workspace.session.iteration
    trainer.open()
    qtbot.waitUntil(lambda: workspace.session.iteration > before)
    return workspace.session.iteration


def test_following_shows_newer_and_newer_networks(
    workspace: Workspace, trainer: GatedTrainer, clock: Clock, qtbot: QtBot
) -> None:
    """As training goes on the sandbox adapts what is being trained, up to its last iteration."""
    workspace.choose_source("training")
    workspace.session.start()
    answers = []
    for _ in range(3):
        clock.now += 1.0
        train_on(workspace, trainer, qtbot)
        qtbot.waitUntil(lambda: workspace.sandbox.is_current)
        answers.append(workspace.sandbox.answer)
    fits = {a.trajectories["maml"].prediction.tobytes() for a in answers if a is not None}
    assert len(fits) == 3
    trainer.open_all()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    run = workspace.session.run
    assert torch.equal(thetas(workspace)["maml"], run.learners["maml"].meta)
    assert torch.equal(thetas(workspace)["pretrained"], run.learners["pretrained"].meta)


@pytest.mark.parametrize(("chunks_apart", "followed"), [(1.0, 4), (0.25, 1)])
def test_every_chunk_is_followed(
    workspace: Workspace,
    trainer: GatedTrainer,
    clock: Clock,
    qtbot: QtBot,
    chunks_apart: float,
    followed: int,
) -> None:
    """Chunks that take their usual time are shown one and all; of a burst, not each."""
    workspace.choose_source("training")
    workspace.session.start()
    shown = []
    for _ in range(4):
        clock.now += chunks_apart * CHUNK_SECONDS
        train_on(workspace, trainer, qtbot)
        newest = workspace.session.run.learners["maml"].meta
        shown.append(torch.equal(thetas(workspace)["maml"], newest))
    assert sum(shown) == followed


def test_a_step_is_followed(workspace: Workspace, qtbot: QtBot) -> None:
    """Also single iterations, however fast one follows the other."""
    workspace.choose_source("training")
    for _ in range(3):
        workspace.session.step()
        qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
        state = workspace.session.run.learners["maml"]
        assert torch.equal(thetas(workspace)["maml"], state.meta)


def test_not_following_holds_the_network(workspace: Workspace, qtbot: QtBot) -> None:
    """The sandbox stays with the network it shows until following is switched on again."""
    workspace.choose_source("training")
    workspace.set_follow(False)
    held = workspace.sandbox.competitors
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    assert workspace.sandbox.competitors is held
    workspace.set_follow(True)
    state = workspace.session.run.learners["maml"]
    assert torch.equal(thetas(workspace)["maml"], state.meta)


def test_other_sources_do_not_follow(workspace: Workspace, qtbot: QtBot) -> None:
    """Training leaves the sandbox alone while it shows shipped networks."""
    held = workspace.sandbox.competitors
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    workspace.session.reset(SMALL)
    assert workspace.sandbox.competitors is held


def test_a_reset_is_followed(workspace: Workspace, qtbot: QtBot) -> None:
    """The networks of a run that was thrown away are not shown as the ones in training."""
    workspace.choose_source("training")
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    workspace.session.reset(SMALL)
    theta = start(SMALL).learners["maml"].meta
    assert torch.equal(thetas(workspace)["maml"], theta)
    assert torch.equal(thetas(workspace)["pretrained"], theta)
