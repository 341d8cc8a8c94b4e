"""Trainings that a reproduction needs, kept on disk so that none is done twice.

Each learner is trained by itself, which gives the same numbers as training them side by side,
since all see the same tasks. Its checkpoint is saved every few seconds, so whatever stops a
training costs no more than that.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import explorer
from explorer.core.checkpoint import SUFFIX, load, save
from explorer.core.errors import CheckpointError, UserError
from explorer.core.learners import LEARNERS
from explorer.core.reproduction.plan import Plan
from explorer.core.schema import Settings
from explorer.core.training import Progress, Run, start, train

SAVE_SECONDS = 10.0
DAMAGED = ".damaged"

Step = tuple[float, str]  # share done, and what is being done


@dataclass(frozen=True)
class Training:
    """A learner and the experiment it is trained with."""

    learner: str
    settings: Settings

    @property
    def file_name(self) -> str:
        """A name that differs for everything that could change the result."""
        decides = {"program": explorer.__version__, "settings": self.settings.to_dict()}
        digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        return f"{self.learner}-{digest[:12]}{SUFFIX}"

    @property
    def work(self) -> float:
        """Estimated seconds."""
        own = LEARNERS[self.learner].own_tasks
        relative = self.settings.networks / 50 if own else 0.2 * self.settings.relative_work()
        return relative * self.settings.iterations / 1000


def plain(plan: Plan, learner: str) -> Training:
    """A learner trained with the paper's settings, or as long as averaged networks need."""
    settings = plan.settings
    if LEARNERS[learner].own_tasks:
        settings = replace(settings, iterations=plan.amount.averaged_iterations)
    return Training(learner, settings)


def trained(training: Training, store: Path) -> Generator[Step, None, Run]:
    """Train, or go on training, or just read what is there.

    Raises:
        UserError: the folder cannot be made.
        CheckpointError: a file in it cannot be written.
        TrainingDivergedError: training left the finite numbers.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"Could not make the folder {store}: {error.strerror or error}. Trainings are kept "
            "there: choose another place with XDG_DATA_HOME, or make room."
        ) from error
    path = store / training.file_name
    run = _kept(path, training)
    label, total = LEARNERS[training.learner].label, training.settings.iterations
    saved, at = time.monotonic(), run.iteration
    try:
        for event in train(run):
            if isinstance(event, Progress):
                run = event.run
                yield run.iteration / total, f"training {label}, {run.iteration:,} of {total:,}"
                if time.monotonic() - saved > SAVE_SECONDS:
                    save(path, run, training.learner)
                    saved, at = time.monotonic(), run.iteration
    finally:
        if run.iteration > at:
            save(path, run, training.learner)
    return run


def _kept(path: Path, training: Training) -> Run:
    """The run as the store has it; a new one if it has none that can be read."""
    if path.exists():
        try:
            checkpoint = load(path)
        except CheckpointError:
            path.replace(path.with_name(path.name + DAMAGED))
        else:
            run = checkpoint.run
            if run is not None and run.settings == training.settings:
                return run
    return start(training.settings, (training.learner,))
