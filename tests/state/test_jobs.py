"""Jobs: one after another, cancelled, failing, closed; nothing found is lost."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from explorer.core.base.errors import UserError
from explorer.core.figures.figure import JobProgress
from explorer.state.jobs import JobPhase, JobQueue
from tests.jobs import GatedJob, endless, loss_figure
from tests.trainers import PATIENCE


@pytest.fixture
def queue(qapp: object) -> Iterator[JobQueue]:
    """A queue that is shut down after the test."""
    queue = JobQueue()
    yield queue
    queue.shut_down()


def phases(queue: JobQueue) -> list[JobPhase]:
    return [job.phase for job in queue.jobs.values()]


def test_jobs_run_one_after_another(queue: JobQueue, qtbot: QtBot) -> None:
    """The second is made when the first has ended, each in a thread that is not the window's."""
    first, second = GatedJob(2), GatedJob(1)
    one, two = queue.add("One", first), queue.add("Two", second)
    assert phases(queue) == [JobPhase.RUNNING, JobPhase.WAITING]
    first.open()
    qtbot.waitUntil(lambda: queue.jobs[one].done == 0.5)
    job = queue.jobs[one]
    assert (job.title, job.doing, job.figure) == ("One", "part 1", first.figure)
    assert second.thread is None
    first.open()
    qtbot.waitUntil(lambda: phases(queue) == [JobPhase.DONE, JobPhase.RUNNING])
    second.open()
    qtbot.waitUntil(lambda: queue.jobs[two].phase is JobPhase.DONE)
    assert queue.running is None
    assert queue.jobs[one].figure is first.figure
    for made in (first, second):
        assert made.thread not in {None, threading.main_thread()}


def test_time_left_follows_from_the_share(
    queue: JobQueue, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that goes on from a half has the pace of what it has done since."""
    now = iter([100.0, 110.0])
    clock = SimpleNamespace(perf_counter=lambda: next(now))
    monkeypatch.setattr("explorer.state.jobs.time", clock)
    gate = threading.Semaphore(0)

    def resumed() -> Iterator[JobProgress]:
        for share in (0.5, 0.6):
            yield JobProgress(share, "")
        gate.acquire(timeout=PATIENCE)

    number = queue.add("Resumed", resumed)
    qtbot.waitUntil(lambda: queue.jobs[number].done == 0.6)
    assert queue.jobs[number].seconds_left == pytest.approx(40)
    gate.release()
    qtbot.waitUntil(lambda: queue.jobs[number].phase is JobPhase.DONE)
    assert queue.jobs[number].seconds_left is None


def test_cancel_answers_at_once(queue: JobQueue, qtbot: QtBot) -> None:
    """The thread ends soon, and the generator is let go in it; the figure stays."""
    job = GatedJob(4)
    number = queue.add("Job", job)
    job.open()
    qtbot.waitUntil(lambda: queue.jobs[number].figure is job.figure)
    queue.cancel(number)
    assert queue.jobs[number].phase is JobPhase.CANCELLED
    assert queue.running is None
    job.open()
    assert job.closed.wait(PATIENCE)
    assert queue.jobs[number].figure is job.figure
    assert queue.jobs[number].done == 0.25


def test_an_endless_job_ends_by_cancelling(queue: JobQueue, qtbot: QtBot) -> None:
    """And what waits behind it begins."""
    one, two = queue.add("Endless", endless), queue.add("Next", GatedJob(0))
    qtbot.waitUntil(lambda: queue.jobs[one].done == 0.5)
    queue.cancel(one)
    qtbot.waitUntil(lambda: queue.jobs[two].phase is JobPhase.DONE)
    assert queue.jobs[one].phase is JobPhase.CANCELLED


def test_late_messages_are_dropped(queue: JobQueue, qtbot: QtBot) -> None:
    """What a cancelled job still hands over changes nothing, and the next waits for its thread."""
    first, second = GatedJob(2), GatedJob(1)
    one, two = queue.add("One", first), queue.add("Two", second)
    queue.cancel(one)
    assert phases(queue) == [JobPhase.CANCELLED, JobPhase.WAITING]
    first.open(2)
    qtbot.waitUntil(lambda: queue.jobs[two].phase is JobPhase.RUNNING)
    assert first.closed.is_set()
    assert queue.jobs[one].figure is None
    assert queue.jobs[one].done == 0
    second.open()
    qtbot.waitUntil(lambda: queue.jobs[two].phase is JobPhase.DONE)


def test_a_waiting_job_can_be_cancelled(queue: JobQueue, qtbot: QtBot) -> None:
    """It is never made."""
    first, second = GatedJob(1), GatedJob(1)
    one, two = queue.add("One", first), queue.add("Two", second)
    queue.cancel(two)
    first.open()
    qtbot.waitUntil(lambda: queue.jobs[one].phase is JobPhase.DONE)
    assert queue.jobs[two].phase is JobPhase.CANCELLED
    queue.cancel(two)
    queue.cancel(one)
    assert phases(queue) == [JobPhase.DONE, JobPhase.CANCELLED]
    assert second.thread is None


@pytest.mark.parametrize(
    ("error", "sentence", "has_details"),
    [(UserError("Give more tasks."), "Give more tasks.", False), (KeyError("x"), "KeyError", True)],
)
def test_a_failure_loses_nothing(
    queue: JobQueue, qtbot: QtBot, error: Exception, sentence: str, has_details: bool
) -> None:
    """It becomes a sentence; the figure so far stays, and so do other jobs' figures."""
    heard: list[tuple[str, str]] = []
    queue.failed.connect(lambda text, details: heard.append((text, details)))
    good, bad, last = GatedJob(1), GatedJob(3, loss_figure(2)), GatedJob(1)
    for job in (good, bad, last):
        queue.add("Job", job)
    good.open()
    bad.open()
    qtbot.waitUntil(lambda: queue.jobs[2].figure is bad.figure)
    bad.error = error
    bad.open()
    last.open()
    done = [JobPhase.DONE, JobPhase.FAILED, JobPhase.DONE]
    qtbot.waitUntil(lambda: phases(queue) == done)
    assert [job.figure for job in queue.jobs.values()] == [good.figure, bad.figure, last.figure]
    ((text, details),) = heard
    assert sentence in text
    assert text == queue.jobs[2].problem
    assert bool(details) == has_details


def test_a_job_that_cannot_be_made_fails(queue: JobQueue, qtbot: QtBot) -> None:
    """What goes wrong before the first item is heard like all else."""

    def broken() -> Iterator[JobProgress]:
        raise UserError("The file is gone. Choose another.")

    number = queue.add("Broken", broken)
    qtbot.waitUntil(lambda: queue.jobs[number].phase is JobPhase.FAILED)
    assert queue.jobs[number].problem == "The file is gone. Choose another."


def test_shutting_down_in_mid_run(queue: JobQueue, qtbot: QtBot) -> None:
    """Ends the thread; what waited does not begin."""
    running = GatedJob(4)
    queue.add("Running", running)
    queue.add("Waiting", GatedJob(1))
    running.open(2)
    qtbot.waitUntil(lambda: queue.jobs[1].done == 0.5)
    running.open(2)
    queue.shut_down()
    assert running.closed.is_set()
    assert phases(queue)[1] is JobPhase.CANCELLED
    assert queue.running is None
