"""A small experiment, and trainers under the test's control in place of the real one."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import HeldOut, Progress, Run, TrainEvent
from explorer.state.training_session import Newest, Trainer

SMALL = Settings(iterations=60, meta_batch=3, hidden=(8,), shots=4, query=4, seed=3, networks=20)
LONG = replace(SMALL, iterations=1_000_000)
# Seconds until a forgotten gate opens by itself: after every wait for what it holds back.
PATIENCE = 60


def progress(run: Run, iterations: int = 1, loss: float = 1.0) -> Progress:
    """An event as the real trainer sends it, without the work."""
    done = replace(run, iteration=run.iteration + iterations)
    losses = {
        name: np.full((iterations, len(LEARNERS[name].losses)), loss, np.float32)
        for name in run.learners
    }
    return Progress(done, losses, 0.01)


def pretended(newest: Newest, until: int | None, _: float | None) -> Iterator[TrainEvent]:
    """One iteration after the other, none of which is any work."""
    run = newest()
    while run.iteration < (until or run.settings.iterations):
        event = progress(run)
        run = event.run
        yield event


class GatedTrainer:
    """Hands over one result each time the test opens the gate, and can be told to fail.

    Attributes:
        gates: one for each worker so far, the newest last.
        error: raised in place of the next event.
    """

    def __init__(self, trainer: Trainer = pretended) -> None:
        """Begin.

        Args:
            trainer: where the events come from; iterations without any work by default.
        """
        self.gates: list[threading.Semaphore] = []
        self.error: Exception | None = None
        self._trainer = trainer

    def open(self, times: int = 1, worker: int = -1) -> None:
        """Let events happen in one of the workers."""
        self.gates[worker].release(times)

    def open_all(self) -> None:
        """Hold nobody back any more."""
        for gate in self.gates:
            gate.release(1000)

    def train(
        self, newest: Newest, until: int | None, held_out_seconds: float | None
    ) -> Iterator[TrainEvent]:
        """In place of `explorer.state.training_session.train_newest`."""
        self.gates.append(threading.Semaphore(0))
        return self._held(self._trainer(newest, until, held_out_seconds), self.gates[-1])

    def _held(
        self, events: Iterator[TrainEvent], gate: threading.Semaphore
    ) -> Iterator[TrainEvent]:
        for event in events:
            if not isinstance(event, Progress | HeldOut):  # a sign of life in a long chunk
                yield event
                continue
            gate.acquire(timeout=PATIENCE)
            if self.error is not None:
                raise self.error
            yield event


def failing(error: Exception, after: int = 2) -> Trainer:
    """A trainer that does some iterations and then raises, as a defect would."""

    def trainer(newest: Newest, until: int | None, seconds: float | None) -> Iterator[Progress]:
        run = newest()
        for _ in range(after):
            event = progress(run)
            run = event.run
            yield event
        raise error

    return trainer
