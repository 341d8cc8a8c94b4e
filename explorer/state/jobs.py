"""Long computations beside training: figures, comparisons and grids, one after another."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from explorer.core.figures.figure import Figure, JobProgress
from explorer.state.workers import GeneratorWorker

Make = Callable[[], Iterator[JobProgress]]


class JobPhase(Enum):
    """How far a job is; the value is what people read."""

    WAITING = "Waiting"
    RUNNING = "Running"
    DONE = "Done"
    CANCELLED = "Cancelled"
    FAILED = "Stopped"


@dataclass(frozen=True, eq=False)
class Job:
    """What is known of a job at one moment.

    Attributes:
        number: tells jobs apart; later jobs have larger ones.
        title: what people read.
        phase: how far it is.
        done: share of the work, 0 to 1.
        doing: what is being done, in a few words.
        seconds_left: to its end, at its speed so far; None while that is unknown.
        figure: the newest; None before there is anything to show.
        problem: why it stopped, if it failed.
    """

    number: int
    title: str
    phase: JobPhase = JobPhase.WAITING
    done: float = 0.0
    doing: str = ""
    seconds_left: float | None = None
    figure: Figure | None = None
    problem: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to run, or to run to its end."""
        return self.phase in {JobPhase.WAITING, JobPhase.RUNNING}


def _begun(make: Make) -> Iterator[JobProgress]:
    """A job that is made by the thread that runs it, since that may import PyTorch."""
    yield from make()


class JobQueue(QObject):
    """Runs jobs one after another in worker threads, and keeps what each has found.

    A cancelled or failed job keeps the last figure it handed over, and no job touches another's.
    Messages of a worker that is no longer current are dropped.

    Signals:
        changed: the number of a job that is new or of which something is new.
        failed: the user's sentence and the details.
    """

    changed = Signal(int)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: dict[int, Job] = {}
        self._makes: dict[int, Make] = {}  # of those that wait
        self._running: int | None = None
        self._worker: GeneratorWorker | None = None  # until its thread has ended
        self._first_sight: tuple[float, float] | None = None  # time and share of the work
        self._closing = False

    @property
    def running(self) -> Job | None:
        """The job at work, if there is one."""
        return None if self._running is None else self.jobs[self._running]

    def add(self, title: str, make: Make) -> int:
        """Run a job as soon as those before it have ended.

        Args:
            title: what people read.
            make: makes the job, in the worker thread.

        Returns:
            The job's number.
        """
        number = len(self.jobs) + 1
        self.jobs[number] = Job(number, title)
        self._makes[number] = make
        self.changed.emit(number)
        self._launch_next()
        return number

    def cancel(self, number: int) -> None:
        """Give up a job that has not ended; what it has found so far stays."""
        job = self.jobs[number]
        if job.phase is JobPhase.WAITING:
            del self._makes[number]
            self._put(replace(job, phase=JobPhase.CANCELLED))
        elif job.phase is JobPhase.RUNNING:
            self._let_go()
            self._put(replace(job, phase=JobPhase.CANCELLED, seconds_left=None))

    def stop(self) -> None:
        """Give up every job, without waiting."""
        self._closing = True
        for number in tuple(self.jobs):
            self.cancel(number)

    def shut_down(self) -> None:
        """Give up every job and wait for the worker."""
        self.stop()
        if self._worker is not None:
            self._worker.shut_down()
            self._worker = None

    def _launch_next(self) -> None:
        # One that was cancelled may still be at its last item: only then is its thread free.
        if self._worker is not None or not self._makes or self._closing:
            return
        self._running = min(self._makes)
        self._first_sight = None
        self._worker = GeneratorWorker(_begun(self._makes.pop(self._running)))
        self._worker.produced.connect(self._on_produced)
        self._worker.ended.connect(self._on_ended)
        self._worker.finished.connect(self._on_finished)
        self._put(replace(self.jobs[self._running], phase=JobPhase.RUNNING))
        self._worker.start()

    def _let_go(self) -> None:
        """Have the worker stop, and hear no more of it but its end."""
        self._running = None
        if self._worker is not None:
            self._worker.requestInterruption()

    def _put(self, job: Job) -> None:
        self.jobs[job.number] = job
        self.changed.emit(job.number)

    def _seconds_left(self, done: float) -> float | None:
        """Judged by what was done since the first item: a resumed job begins in its midst."""
        now = time.perf_counter()
        if self._first_sight is None:
            self._first_sight = now, done
        began, share = self._first_sight
        return (now - began) / (done - share) * (1 - done) if done > share else None

    @Slot(object, object)
    def _on_produced(self, worker: GeneratorWorker, item: JobProgress) -> None:
        if worker is not self._worker or self._running is None:
            return
        job = self.jobs[self._running]
        figure = job.figure if item.figure is None else item.figure
        left = self._seconds_left(item.done)
        self._put(replace(job, done=item.done, doing=item.doing, seconds_left=left, figure=figure))

    @Slot(object, str, str)
    def _on_ended(self, worker: GeneratorWorker, sentence: str, details: str) -> None:
        if worker is not self._worker or self._running is None:
            return
        job = replace(self.jobs[self._running], seconds_left=None)
        self._let_go()
        if sentence:
            self._put(replace(job, phase=JobPhase.FAILED, problem=sentence))
            self.failed.emit(sentence, details)
        else:
            self._put(replace(job, phase=JobPhase.DONE, done=1.0))

    @Slot()
    def _on_finished(self) -> None:
        if self.sender() is self._worker:
            self._worker = None
            self._launch_next()
