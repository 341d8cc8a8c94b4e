"""Training that fails: what is said, and what is kept."""

from dataclasses import replace

import torch
from pytestqt.qtbot import QtBot

from explorer.core.base.errors import TrainingDivergedError
from explorer.state.training_session import Phase
from tests.state.conftest import Open
from tests.trainers import SMALL, failing


def test_a_defect_stops_training_and_nothing_else(open_session: Open, qtbot: QtBot) -> None:
    """The last good run is kept, the error is reported, and training can go on or start anew."""
    trainer = failing(ZeroDivisionError("by nought"))
    session = open_session(trainer=trainer)
    with qtbot.waitSignal(session.failed) as failed:
        session.start()
    sentence, details = failed.args
    assert "ZeroDivisionError: by nought" in sentence
    assert "Traceback" in details
    assert session.phase is Phase.FAILED
    assert session.run.iteration == 2
    with qtbot.waitSignal(session.failed):
        session.start()
    assert session.run.iteration == 4
    session.reset(SMALL)
    assert session.phase is Phase.READY
    assert session.run.iteration == 0


def test_divergence_is_said_in_its_own_sentence(open_session: Open, qtbot: QtBot) -> None:
    """An error that is the user's to mend has no details to puzzle over."""
    session = open_session(trainer=failing(TrainingDivergedError("Lower β."), after=0))
    with qtbot.waitSignal(session.failed) as failed:
        session.start()
    assert failed.args == ["Lower β.", ""]
    assert session.phase is Phase.FAILED


def test_real_divergence_is_reported(open_session: Open, qtbot: QtBot) -> None:
    """Settings that cannot train end in one sentence; what was good is kept."""
    session = open_session(replace(SMALL, alpha=1.0, inner_steps=20, iterations=2000, beta=1.0))
    with qtbot.waitSignal(session.failed) as failed:
        session.start()
    assert "lower α or β" in failed.args[0]
    assert failed.args[1] == ""
    assert all(torch.isfinite(s.meta).all() for s in session.run.learners.values())
