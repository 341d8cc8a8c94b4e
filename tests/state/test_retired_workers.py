"""Workers of a run that was reset: nobody waits for them or hears them."""

from dataclasses import replace

from pytestqt.qtbot import QtBot

from explorer.state.training_session import Phase
from tests.state.conftest import Open
from tests.trainers import SMALL, GatedTrainer, progress


def test_reset_does_not_wait_and_hears_nothing_more(
    open_session: Open, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """Iterations of the run before the reset, made or on their way, never reach the new one."""
    session = open_session(trainer=trainer.train)
    session.start()
    trainer.open(2)
    qtbot.waitUntil(lambda: session.run.iteration == 2)
    old = session._worker
    heard = []
    session.progressed.connect(heard.append)
    with qtbot.waitSignal(session.run_replaced):
        session.reset(replace(SMALL, seed=9))
    assert session.phase is Phase.READY
    assert session.run.iteration == 0
    assert session.run.settings.seed == 9
    assert old is not None
    assert not old.isFinished()
    with qtbot.waitSignal(old.ended):
        trainer.open(worker=0)
    assert heard == []
    assert session.phase is Phase.READY
    assert all(history.iterations == 0 for history in session.histories.values())


def test_a_new_run_may_begin_while_the_old_worker_ends(
    open_session: Open, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """Two workers are then alive; only the newer is heard."""
    session = open_session(trainer=trainer.train)
    session.start()
    trainer.open()
    qtbot.waitUntil(lambda: session.run.iteration == 1)
    old = session._worker
    session.reset(replace(SMALL, seed=9))
    session.start()
    trainer.open(3)
    qtbot.waitUntil(lambda: session.run.iteration == 3)
    assert old is not None
    with qtbot.waitSignal(old.ended):
        trainer.open(worker=0)
    trainer.open()
    qtbot.waitUntil(lambda: session.run.iteration == 4)
    assert session.run.settings.seed == 9
    assert session.phase is Phase.TRAINING


def test_late_messages_of_a_retired_worker_are_dropped(
    open_session: Open, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """Even an error: it is about a run that nobody has any more."""
    session = open_session(trainer=trainer.train)
    failures = []
    session.failed.connect(lambda *told: failures.append(told))
    session.start()
    trainer.open()
    qtbot.waitUntil(lambda: session.run.iteration == 1)
    old = session._worker
    session.reset(SMALL)
    trainer.error = RuntimeError("of the old run")
    assert old is not None
    with qtbot.waitSignal(old.ended) as ended:
        trainer.open()
    assert "of the old run" in ended.args[1]
    old.produced.emit(old, progress(session.run, 50))
    assert failures == []
    assert session.phase is Phase.READY
    assert session.run.iteration == 0


def test_shutting_down_stops_every_worker(open_session: Open, qtbot: QtBot) -> None:
    """Also those that were retired and have not ended yet."""
    session = open_session(replace(SMALL, iterations=1_000_000))
    workers = []
    for seed in range(3):
        session.reset(replace(SMALL, iterations=1_000_000, seed=seed))
        session.start()
        workers.append(session._worker)
        qtbot.waitUntil(lambda: session.run.iteration > 0)
    session.shut_down()
    assert all(worker is not None and worker.isFinished() for worker in workers)
