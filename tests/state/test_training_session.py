"""The training run in hand."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.core.base.cancellation import check_cancelled
from explorer.core.experiment.settings import Settings
from explorer.core.training.loop import HeldOut, Run, TrainEvent, advance, start
from explorer.state import training_session as session_module
from explorer.state.training_session import Newest, Phase, TrainingSession, train_newest
from tests.state.conftest import Open
from tests.trainers import PATIENCE, SMALL, GatedTrainer, progress


def assert_same(run: Run, other: Run) -> None:
    """Bit for bit the same run, so that it has the same future."""
    assert run.iteration == other.iteration
    assert run.learners.keys() == other.learners.keys()
    for name, state in run.learners.items():
        for part in ("meta", "first_moment", "second_moment"):
            assert torch.equal(getattr(state, part), getattr(other.learners[name], part))
    assert torch.equal(run.task_stream, other.task_stream)
    assert torch.equal(run.noise_stream, other.noise_stream)


def phases_of(session: TrainingSession) -> list[Phase]:
    """A list that grows by each phase entered."""
    seen: list[Phase] = []
    session.phase_changed.connect(lambda: seen.append(session.phase))
    return seen


def test_a_run_goes_from_ready_to_finished(open_session: Open, qtbot: QtBot) -> None:
    """An uninterrupted run equals the core's, its history holds every loss, it was evaluated."""
    session = open_session()
    assert session.phase is Phase.READY
    phases = phases_of(session)
    session.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert phases == [Phase.TRAINING, Phase.FINISHED]
    run, losses = advance(start(SMALL), SMALL.iterations)
    assert_same(session.run, run)
    for (name, kind), history in session.histories.items():
        column = 0 if kind == next(k for n, k in session.histories if n == name) else 1
        assert np.array_equal(history.raw()[1], losses[name][:, column].astype(float))
    assert session.held_out is not None
    assert session.held_out.iteration == SMALL.iterations
    assert not session.is_training


def test_a_finished_run_does_not_go_on(open_session: Open, qtbot: QtBot) -> None:
    """Neither Train nor Step leads beyond the last iteration."""
    session = open_session()
    session.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    session.start()
    session.step()
    assert session.phase is Phase.FINISHED
    assert session.run.iteration == SMALL.iterations


def test_pausing_and_resuming_change_nothing(open_session: Open, qtbot: QtBot) -> None:
    """However often a run is stopped, its parameters and its curve stay the same bit for bit."""
    trainer = GatedTrainer(train_newest)
    session = open_session(trainer=trainer.train)
    stops = 0
    while session.phase is not Phase.FINISHED:
        with qtbot.waitSignal(session.progressed):
            session.start()
            trainer.open()
        session.pause()
        assert session.phase in {Phase.PAUSING, Phase.PAUSED, Phase.FINISHED}
        trainer.open_all()
        qtbot.waitUntil(lambda: not session.is_training)
        stops += 1
    run, losses = advance(start(SMALL), SMALL.iterations)
    assert stops > 2
    assert_same(session.run, run)
    history = session.histories["maml", "after the inner step"]
    assert np.array_equal(history.raw()[1], losses["maml"][:, 1].astype(float))


def test_a_paused_run_stays(open_session: Open, trainer: GatedTrainer, qtbot: QtBot) -> None:
    """Once paused, nothing arrives any more until it is resumed."""
    session = open_session(trainer=trainer.train)
    phases = phases_of(session)
    session.start()
    trainer.open(3)
    qtbot.waitUntil(lambda: session.run.iteration == 3)
    session.pause()
    assert session.phase is Phase.PAUSING
    trainer.open(30)
    qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
    assert session.run.iteration == 4  # the one in hand, and no more
    assert phases == [Phase.TRAINING, Phase.PAUSING, Phase.PAUSED]
    session.start()
    trainer.open(5)
    qtbot.waitUntil(lambda: session.run.iteration == 9)
    assert session.phase is Phase.TRAINING


def test_a_step_is_one_iteration(open_session: Open, qtbot: QtBot) -> None:
    """Step does exactly one meta-iteration, the same as in a longer run."""
    session = open_session()
    for count in (1, 2, 3):
        session.step()
        assert session.phase is Phase.TRAINING
        qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
        assert session.run.iteration == count
    assert_same(session.run, advance(start(SMALL), 3)[0])


def test_steps_lead_to_the_end(open_session: Open, qtbot: QtBot) -> None:
    """The last step finishes the run."""
    session = open_session(replace(SMALL, iterations=1))
    session.step()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)


def test_orders_that_make_no_sense_are_ignored(
    open_session: Open, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """Train or Step while training, and Pause while not, begin no second worker."""
    session = open_session(trainer=trainer.train)
    session.pause()
    assert session.phase is Phase.READY
    session.start()
    session.start()
    session.step()
    trainer.open()
    qtbot.waitUntil(lambda: session.run.iteration == 1)
    session.pause()
    session.pause()
    session.start()
    trainer.open()
    qtbot.waitUntil(lambda: session.phase is Phase.PAUSED)
    assert len(trainer.gates) == 1


def test_speed_and_time_left(open_session: Open, trainer: GatedTrainer, qtbot: QtBot) -> None:
    """Both follow from the trainer's own clock: one iteration in 0.01 s."""
    session = open_session(trainer=trainer.train)
    assert session.seconds_left is None
    session.start()
    trainer.open(10)
    qtbot.waitUntil(lambda: session.run.iteration == 10)
    assert session.speed == pytest.approx(100)
    assert session.seconds_left == pytest.approx((SMALL.iterations - 10) / 100)


def test_held_out_results_arrive(open_session: Open, qtbot: QtBot) -> None:
    """An evaluation in the midst of training is kept beside the run."""
    result = HeldOut(1, {"maml": (3.0, 1.0)}, {"maml": (0, 0)})

    def trainer(newest: Newest, until: int | None, seconds: float | None) -> Iterator[TrainEvent]:
        yield progress(newest())
        yield result

    session = open_session(trainer=trainer)
    with qtbot.waitSignal(session.held_out_changed):
        session.start()
    assert session.held_out is result
    session.reset(SMALL)
    assert session.held_out is None


def test_an_opened_run_is_taken_in_hand(open_session: Open, qtbot: QtBot) -> None:
    """It is paused where it stopped, or finished, and its curve begins there."""
    session = open_session()
    run = advance(start(SMALL), 25)[0]
    session.open(run)
    assert session.phase is Phase.PAUSED
    session.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert_same(session.run, advance(run, 35)[0])
    x, _ = session.histories["maml", "after the inner step"].raw()
    assert (x[0], x[-1]) == (26, 60)
    session.open(session.run)
    assert session.phase is Phase.FINISHED


def test_a_new_run_is_made_by_whoever_needs_it(
    open_session: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither opening, resetting nor looking at a session makes a run: its worker does."""
    makers: list[threading.Thread] = []

    def recorded(settings: Settings, learners: tuple[str, ...]) -> Run:
        makers.append(threading.current_thread())
        return start(settings, learners)

    monkeypatch.setattr(session_module, "start", recorded)
    session = open_session()
    session.reset(replace(SMALL, seed=9))
    assert (session.settings.seed, session.iteration, session.phase) == (9, 0, Phase.READY)
    assert session.learners == ("maml", "pretrained")
    assert makers == []
    session.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
    assert_same(session.run, advance(start(replace(SMALL, seed=9)), SMALL.iterations)[0])
    assert len(makers) == 1
    assert makers[0] is not threading.main_thread()


def test_pausing_before_the_first_iteration_leaves_the_run_ready(
    open_session: Open, qtbot: QtBot
) -> None:
    """What is given up in preparation has not begun: settings may still be changed."""
    preparing = threading.Event()

    def trainer(
        newest: Newest, until: int | None, held_out_seconds: float | None
    ) -> Iterator[TrainEvent]:
        while not preparing.is_set():
            preparing.set()
            while True:
                check_cancelled()
        yield from train_newest(newest, until, held_out_seconds)

    session = open_session(trainer=trainer)
    session.start()
    assert preparing.wait(PATIENCE)
    session.pause()
    qtbot.waitUntil(lambda: not session.is_training)
    assert (session.phase, session.iteration) == (Phase.READY, 0)
    session.start()
    qtbot.waitUntil(lambda: session.phase is Phase.FINISHED)
