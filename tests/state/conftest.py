"""Workspaces, training sessions and sandboxes without a window, shut down at the end."""

from collections.abc import Callable, Iterator

import pytest

from explorer import resources
from explorer.core.experiment.settings import Settings
from explorer.state.competitors import Competitors, from_shipped
from explorer.state.sandbox import Sandbox
from explorer.state.training_session import Trainer, TrainingSession, train_newest
from explorer.state.workspace import Workspace
from tests.trainers import SMALL, GatedTrainer

Open = Callable[..., TrainingSession]


@pytest.fixture
def workspace(qapp: object) -> Iterator[Workspace]:
    workspace = Workspace(SMALL)
    workspace.start()
    yield workspace
    workspace.shut_down()


@pytest.fixture
def told(workspace: Workspace) -> list[tuple[str, str]]:
    """Every notice so far."""
    notices: list[tuple[str, str]] = []
    workspace.notice.connect(lambda *words: notices.append(words))
    return notices


@pytest.fixture
def open_session(qapp: object, trainer: GatedTrainer) -> Iterator[Open]:
    sessions: list[TrainingSession] = []

    def open_one(settings: Settings = SMALL, trainer: Trainer = train_newest) -> TrainingSession:
        sessions.append(TrainingSession(settings, None, trainer))
        return sessions[-1]

    yield open_one
    for session in sessions:
        trainer.open_all()
        session.shut_down()


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
