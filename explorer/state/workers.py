"""The two background threads: one drives a long generator, one answers the newest question.

Both are QThread objects that live in the GUI thread, so their signals reach slots there. A signal
may arrive after its thread has ended; receivers compare the worker or ticket they know.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

from PySide6.QtCore import QMutex, QMutexLocker, QObject, QThread, QWaitCondition, Signal

from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.errors import UserError
from explorer.core.engine import may_begin_plainly

GIVEN_WAY = 5  # a nice value: about a third of the others' share
STOP_TIMEOUT_MS = 60_000  # a thread may be loading the engine from a slow disk


def describe(error: BaseException) -> tuple[str, str]:
    """One sentence for the user, and details to copy (empty where the sentence says it all)."""
    if isinstance(error, UserError):
        return str(error), ""
    details = "".join(traceback.format_exception(error))
    first_line = str(error).strip().partition("\n")[0][:200]
    return f"Something went wrong: {type(error).__name__}: {first_line}", details


def give_way() -> None:
    """Let every other thread go first, where the system can tell threads apart (Linux)."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVEN_WAY)


class GeneratorWorker(QThread):
    """Runs a Qt-free generator to its end, or to the first item after it is asked to stop.

    An item that is still being prepared is given up at once.

    Signals:
        produced: this worker and one item of the generator.
        ended: this worker, the user's sentence and the details; both empty if nothing failed.
    """

    produced = Signal(object, object)
    ended = Signal(object, str, str)

    def __init__(
        self, items: Iterator[Any], parent: QObject | None = None, begins_plainly: bool = False
    ) -> None:
        """Begin.

        Args:
            items: the generator.
            parent: Qt parent.
            begins_plainly: whether its loops need not wait for the machine to be compiled.
        """
        super().__init__(parent)
        self._items = items
        self._waits_less = may_begin_plainly() if begins_plainly else nullcontext()

    def run(self) -> None:
        """Thread body."""
        sentence, details = "", ""
        try:
            with self._waits_less, cancelled_when(self.isInterruptionRequested):
                for item in self._items:
                    self.produced.emit(self, item)
                    if self.isInterruptionRequested():
                        break
        except CancelledWorkError:
            pass  # the item in hand is not made
        except Exception as error:  # noqa: BLE001 - every failure reaches the user
            sentence, details = describe(error)
        self._items = iter(())  # what an unfinished generator holds is let go here, not later
        self.ended.emit(self, sentence, details)

    def shut_down(self) -> None:
        """Stop, after the item in hand unless that can be given up, and wait for it."""
        self.requestInterruption()
        if not self.wait(STOP_TIMEOUT_MS):
            raise RuntimeError("a worker thread did not stop")


class LatestWorker(QThread):
    """Computes the newest job only: a job that has not begun is replaced by the next.

    Loops do not wait for the machine to be compiled: somebody waits for the answer.

    Signals:
        done: the job's ticket and its result.
        failed: the job's ticket, the user's sentence and the details.
    """

    done = Signal(int, object)
    failed = Signal(int, str, str)

    def __init__(self, parent: QObject | None = None, gives_way: bool = False) -> None:
        """Begin.

        Args:
            parent: Qt parent.
            gives_way: whether training comes first where there are too few processors for both.
        """
        super().__init__(parent)
        self._gives_way = gives_way
        self._mutex = QMutex()
        self._wake = QWaitCondition()
        self._job: Callable[[], Any] | None = None
        self._ticket = 0
        self._given_up = 0  # the last ticket whose result nobody wants
        self._stopping = False

    def submit(self, job: Callable[[], Any], gives_up: bool = False) -> int:
        """Queue a job in place of any that waits; returns its ticket, larger for later jobs.

        Args:
            job: makes the result.
            gives_up: whether the job in hand is given up for it.
        """
        with QMutexLocker(self._mutex):
            if gives_up:
                self._given_up = self._ticket
            self._job = job
            self._ticket += 1
            self._wake.wakeOne()
            return self._ticket

    def run(self) -> None:
        """Thread body."""
        if self._gives_way:
            give_way()
        while True:
            with QMutexLocker(self._mutex):
                while self._job is None and not self._stopping:
                    self._wake.wait(self._mutex)
                if self._stopping:
                    return
                job, ticket, self._job = self._job, self._ticket, None
            try:
                with may_begin_plainly(), cancelled_when(partial(self._is_unwanted, ticket)):
                    self.done.emit(ticket, job())  # type: ignore[misc]
            except CancelledWorkError:
                continue
            except Exception as error:  # noqa: BLE001 - every failure reaches the user
                self.failed.emit(ticket, *describe(error))

    def _is_unwanted(self, ticket: int) -> bool:
        return self._stopping or ticket <= self._given_up

    def stop(self) -> None:
        """Ask the thread to end, without waiting."""
        with QMutexLocker(self._mutex):
            self._stopping = True
            self._wake.wakeOne()

    def shut_down(self) -> None:
        """Stop, after the job in hand unless that can be given up, and wait for it."""
        self.stop()
        if not self.wait(STOP_TIMEOUT_MS):
            raise RuntimeError("a worker thread did not stop")
