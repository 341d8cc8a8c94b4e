"""The training run in hand: its phase, its histories, and the worker that carries it forward."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cache, partial

from PySide6.QtCore import QObject, Signal, Slot

from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import (
    TOGETHER,
    HeldOut,
    Progress,
    Run,
    TrainEvent,
    start,
    threads_for,
    train,
)
from explorer.state.loss_history import LossHistory
from explorer.state.workers import GeneratorWorker

HELD_OUT_SECONDS = 2.0

Newest = Callable[[], Run]
Trainer = Callable[[Newest, int | None, float | None], Iterator[TrainEvent]]


def train_newest(
    newest: Newest, until: int | None, held_out_seconds: float | None
) -> Iterator[TrainEvent]:
    """`train` in the thread that asks for its events, where a new run is made too.

    It takes every core that it gains from but one, which is the window's.
    """
    run = newest()
    yield from train(run, until, held_out_seconds, threads_for(run.settings, spare=1))


def in_order(learners: Iterable[str]) -> tuple[str, ...]:
    """Learners in the order in which they are listed everywhere."""
    names = set(learners)
    return tuple(name for name in LEARNERS if name in names)


class Phase(Enum):
    """What the session is doing; the value is what people read."""

    READY = "Ready to train"
    TRAINING = "Training"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    FINISHED = "Finished"
    FAILED = "Stopped"


class TrainingSession(QObject):
    """Owns the newest `Run` and a worker thread while it trains.

    A run at iteration 0 follows from its settings, and making it takes PyTorch. So it is made by
    whoever needs it first, the worker as a rule: until then `settings`, `iteration` and
    `learners` say all that is to be said of it.

    Pausing ends the worker after its chunk, or before it while that is being prepared; resuming
    starts another from the newest run, so a paused run is exactly a run on disk. Messages of a
    worker that is no longer current are dropped.

    Signals:
        phase_changed: `phase` has a new value.
        run_given_up: the run is about to be replaced by another.
        run_replaced: another run took the place of the old one (reset, opened).
        progressed: a `Progress` has been taken in.
        held_out_changed: `held_out` is new.
        failed: the user's sentence and the details.
    """

    phase_changed = Signal()
    run_given_up = Signal()
    run_replaced = Signal()
    progressed = Signal(object)
    held_out_changed = Signal()
    failed = Signal(str, str)

    def __init__(
        self,
        settings: Settings,
        parent: QObject | None = None,
        trainer: Trainer = train_newest,
        learners: Sequence[str] = TOGETHER,
    ) -> None:
        super().__init__(parent)
        self._trainer = trainer
        self._worker: GeneratorWorker | None = None
        self._retired: set[GeneratorWorker] = set()
        self._begin(settings, learners)

    def _begin(self, settings: Settings, learners: Sequence[str]) -> None:
        names = in_order(learners)
        self._replace(settings, 0, names, cache(partial(start, settings, names)))

    def _replace(
        self, settings: Settings, iteration: int, learners: tuple[str, ...], newest: Newest
    ) -> None:
        self.settings, self.iteration, self.learners = settings, iteration, learners
        self.newest = newest
        self.phase = Phase.PAUSED if iteration else Phase.READY
        if iteration >= settings.iterations:
            self.phase = Phase.FINISHED
        self.held_out: HeldOut | None = None
        self.speed = 0.0
        self.histories = {
            (name, kind): LossHistory() for name in learners for kind in LEARNERS[name].losses
        }
        for history in self.histories.values():
            history.first_iteration = iteration

    @property
    def run(self) -> Run:
        """The newest state of the run."""
        return self.newest()

    @property
    def is_training(self) -> bool:
        """Whether a worker is at work."""
        return self.phase in {Phase.TRAINING, Phase.PAUSING}

    @property
    def seconds_left(self) -> float | None:
        """Time to the end of the run at the present speed; None while that is unknown."""
        left = self.settings.iterations - self.iteration
        return left / self.speed if self.speed else None

    @property
    def seconds(self) -> dict[str, float]:
        """Time that the training of each learner has taken."""
        if not self.iteration:  # a run that is not begun need not be made for this
            return dict.fromkeys(self.learners, 0.0)
        return {name: state.seconds for name, state in self.run.learners.items()}

    def start(self) -> None:
        """Train, or go on training, to the settings' last iteration."""
        if self.phase in {Phase.READY, Phase.PAUSED, Phase.FAILED}:
            self._launch(None)

    def step(self) -> None:
        """Do one meta-iteration."""
        if not self.is_training and self.phase is not Phase.FINISHED:
            self._launch(self.iteration + 1)

    def pause(self) -> None:
        """Stop after the chunk in hand, or at once while it is being prepared."""
        if self.phase is Phase.TRAINING and self._worker is not None:
            self._worker.requestInterruption()
            self._enter(Phase.PAUSING)

    def reset(self, settings: Settings, learners: Sequence[str] | None = None) -> None:
        """Start afresh, at iteration 0 of the given settings, without waiting for the old run.

        Args:
            settings: the experiment.
            learners: what to train on the same tasks, at least one; None for the same as before.
        """
        self._give_up()
        self._begin(settings, self.learners if learners is None else learners)
        self.run_replaced.emit()
        self.phase_changed.emit()

    def open(self, run: Run) -> None:
        """Take another run in hand."""
        self._give_up()
        self._replace(run.settings, run.iteration, in_order(run.learners), lambda: run)
        self.run_replaced.emit()
        self.phase_changed.emit()

    def _give_up(self) -> None:
        self._retire()
        self.run_given_up.emit()

    def shut_down(self) -> None:
        """Stop every worker and wait for it."""
        self._retire()
        for worker in tuple(self._retired):
            worker.shut_down()
        self._retired.clear()

    def _launch(self, until: int | None) -> None:
        items = self._trainer(self.newest, until, HELD_OUT_SECONDS)
        self._worker = GeneratorWorker(items, begins_plainly=True)
        self._worker.produced.connect(self._on_produced)
        self._worker.ended.connect(self._on_ended)
        self._worker.finished.connect(self._on_finished)
        self._enter(Phase.TRAINING)
        self._worker.start()

    def _retire(self) -> None:
        if self._worker is not None:
            self._worker.requestInterruption()
            if not self._worker.isFinished():
                self._retired.add(self._worker)
            self._worker = None

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.phase_changed.emit()

    @Slot(object, object)
    def _on_produced(self, worker: GeneratorWorker, event: TrainEvent) -> None:
        if worker is not self._worker:
            return
        if isinstance(event, Progress):
            run = event.run
            iterations = run.iteration - self.iteration
            self.iteration, self.newest = run.iteration, lambda: run
            speed = iterations / max(event.seconds, 1e-9)
            self.speed = 0.9 * self.speed + 0.1 * speed if self.speed else speed
            for name, losses in event.losses.items():
                for column, kind in enumerate(LEARNERS[name].losses):
                    self.histories[name, kind].append(losses[:, column])
            self.progressed.emit(event)
        elif isinstance(event, HeldOut):
            self.held_out = event
            self.held_out_changed.emit()

    @Slot(object, str, str)
    def _on_ended(self, worker: GeneratorWorker, sentence: str, details: str) -> None:
        if worker is not self._worker:
            return
        self._retire()
        if sentence:
            self._enter(Phase.FAILED)
            self.failed.emit(sentence, details)
        elif self.iteration >= self.settings.iterations:
            self._enter(Phase.FINISHED)
        else:
            self._enter(Phase.PAUSED if self.iteration else Phase.READY)

    @Slot()
    def _on_finished(self) -> None:
        worker = self.sender()
        if isinstance(worker, GeneratorWorker):
            self._retired.discard(worker)
