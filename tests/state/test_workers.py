"""The background threads."""

import threading
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
import torch
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from explorer.core.base.cancellation import check_cancelled
from explorer.core.base.errors import UserError
from explorer.core.engine import Loop, Tensors
from explorer.state.workers import GeneratorWorker, LatestWorker, describe
from tests.trainers import PATIENCE


@pytest.fixture
def latest(qapp: object) -> Iterator[LatestWorker]:
    worker = LatestWorker()
    worker.start()
    yield worker
    worker.shut_down()


def test_a_users_error_is_its_sentence() -> None:
    """There is nothing more to say, so there are no details to copy."""
    assert describe(UserError("Choose another file.")) == ("Choose another file.", "")


def test_any_other_error_comes_with_its_traceback() -> None:
    """What a developer would ask for can be copied."""
    try:
        _ = {}["none"]
    except KeyError as error:
        sentence, details = describe(error)
    assert "KeyError" in sentence
    assert "\n" not in sentence
    assert details.startswith("Traceback")
    assert '_ = {}["none"]' in details


def test_an_error_of_many_lines_is_one_sentence() -> None:
    """The bar shows the first line; the details carry all of them."""
    sentence, details = describe(RuntimeError("\nshapes differ:\n  (3, 4)\n  (4, 3)"))
    assert "\n" not in sentence
    assert sentence.endswith("RuntimeError: shapes differ:")
    for line in ("shapes differ:", "(3, 4)", "(4, 3)"):
        assert line in details


def test_items_arrive_in_order_and_then_the_end(qtbot: QtBot) -> None:
    """The generator's items are delivered in the GUI thread, though they are made in another."""
    threads, seen = [], []

    def items() -> Iterator[int]:
        threads.append(QThread.currentThread())
        yield from range(5)

    worker = GeneratorWorker(items())

    def produced(_worker: object, item: int) -> None:
        threads.append(QThread.currentThread())
        seen.append(item)

    worker.produced.connect(produced)
    with qtbot.waitSignal(worker.ended) as ended:
        worker.start()
    assert ended.args == [worker, "", ""]
    assert seen == list(range(5))
    assert threads[0] is worker
    assert set(threads[1:]) == {QThread.currentThread()}
    worker.shut_down()


def test_a_generator_stops_at_the_next_item(qtbot: QtBot) -> None:
    """Asking to stop does not wait for the end of a generator without end."""
    made = []

    def items() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield made[-1]

    worker = GeneratorWorker(items())
    seen, ended = [], []
    worker.produced.connect(lambda _worker, item: seen.append(item))
    worker.ended.connect(lambda *told: ended.append(told))
    worker.start()
    qtbot.waitUntil(lambda: bool(seen))
    worker.shut_down()
    assert worker.isFinished()
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == [(worker, "", "")]
    assert seen == made


def test_a_generators_error_is_reported(qtbot: QtBot) -> None:
    """The thread ends by itself and says what happened."""

    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("by nought")

    worker = GeneratorWorker(items())
    with qtbot.waitSignal(worker.ended) as ended:
        worker.start()
    assert "ZeroDivisionError: by nought" in ended.args[1]
    assert "Traceback" in ended.args[2]
    worker.shut_down()


def test_only_the_newest_waiting_job_is_done(latest: LatestWorker, qtbot: QtBot) -> None:
    """Whatever was asked while a job was in hand, the last wish is served and no other."""
    begun, gate, ran, done = threading.Event(), threading.Event(), [], []

    def slow() -> str:
        begun.set()
        gate.wait(PATIENCE)
        return "slow"

    def job(name: str) -> Any:
        def run() -> str:
            ran.append(name)
            return name

        return run

    latest.done.connect(lambda ticket, result: done.append((ticket, result)))
    first = latest.submit(slow)
    assert begun.wait(PATIENCE)
    tickets = [latest.submit(job(name)) for name in ("one", "two", "three")]
    gate.set()
    qtbot.waitUntil(lambda: len(done) == 2)
    assert ran == ["three"]
    assert done == [(first, "slow"), (tickets[-1], "three")]
    assert first < tickets[0] < tickets[1] < tickets[2]


def test_a_job_gives_up_the_one_in_hand(latest: LatestWorker, qtbot: QtBot) -> None:
    """Whose result then never comes; without being told so, a job in hand is finished."""
    begun, may_end, tickets = Event(), Event(), []
    latest.done.connect(lambda ticket, _: tickets.append(ticket))

    def long() -> None:
        begun.set()
        while not may_end.wait(0.001):
            check_cancelled()

    latest.submit(long)
    assert begun.wait(10)
    last = latest.submit(int, gives_up=True)
    qtbot.waitUntil(lambda: tickets == [last])
    begun.clear()
    kept = latest.submit(long)
    assert begun.wait(10)
    last = latest.submit(int)
    may_end.set()
    qtbot.waitUntil(lambda: tickets[1:] == [kept, last])


def test_a_failed_job_is_not_the_last(latest: LatestWorker, qtbot: QtBot) -> None:
    """A job's error is reported with its ticket, and the thread goes on to the next."""

    def broken() -> None:
        raise OSError("no luck")

    with qtbot.waitSignal(latest.failed) as failed:
        ticket = latest.submit(broken)
    assert failed.args[0] == ticket
    assert "OSError: no luck" in failed.args[1]
    with qtbot.waitSignal(latest.done) as done:
        latest.submit(lambda: 7)
    assert done.args[1] == 7


def test_closing_does_not_begin_what_waits(qapp: object) -> None:
    """On closing, the job in hand ends and the waiting one is dropped."""
    begun, gate, ran = threading.Event(), threading.Event(), []

    class Worker(LatestWorker):
        def wait(self, milliseconds: int) -> bool:
            gate.set()  # now that it has been told to stop
            return super().wait(milliseconds)

    def slow() -> None:
        begun.set()
        gate.wait(PATIENCE)

    worker = Worker()
    worker.start()
    worker.submit(slow)
    assert begun.wait(PATIENCE)
    worker.submit(lambda: ran.append(1))
    worker.shut_down()
    assert worker.isFinished()
    assert ran == []


def test_a_loop_in_preparation_is_given_up(qtbot: QtBot) -> None:
    """Being asked to stop ends the item in hand where it would prepare a loop; nothing failed."""
    preparing, asked = threading.Event(), threading.Event()
    unwound = []

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        preparing.set()
        assert asked.wait(PATIENCE)
        return (carried[0] + given[0],), (carried[0],)

    def items() -> Iterator[int]:
        yield 1
        try:
            Loop(body).run((torch.zeros(2),), (torch.ones(3, 2),))
            yield 2
        finally:
            unwound.append(True)

    seen, ends = [], []
    worker = GeneratorWorker(items())
    worker.produced.connect(lambda _worker, item: seen.append(item))
    worker.ended.connect(lambda _worker, *texts: ends.append(texts))
    worker.start()
    qtbot.waitUntil(preparing.is_set)
    worker.requestInterruption()
    asked.set()
    qtbot.waitUntil(lambda: bool(ends))
    worker.shut_down()
    assert (seen, ends, unwound) == ([1], [("", "")], [True])
