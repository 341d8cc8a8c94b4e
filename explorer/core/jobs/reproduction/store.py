"""Trainings that a reproduction needs, kept on disk so that none is done twice.

Each learner is trained by itself, which gives the same numbers as training them side by side,
since all see the same tasks. Its checkpoint is saved every few seconds, so whatever stops a
training costs no more than that.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import explorer
from explorer.core.adaptation.starting_point import NetworkStart
from explorer.core.base.errors import CheckpointError, UserError
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import SUFFIX, load, save
from explorer.core.files.header import read_header
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.plan import PENALTIES, SHARED_START, Plan
from explorer.core.learners import LEARNERS
from explorer.core.training.cost import iteration_seconds
from explorer.core.training.ladder import EMPTY
from explorer.core.training.loop import Progress, Run, start, train

SAVE_SECONDS = 10.0
DAMAGED = ".damaged"


@dataclass(frozen=True)
class Training:
    """A learner and the experiment it is trained with."""

    learner: str
    settings: Settings

    def from_seed(self, seed: int) -> Training:
        """The same from another seed."""
        return replace(self, settings=replace(self.settings, seed=seed))

    @property
    def file_name(self) -> str:
        """A name that differs for everything that could change the result."""
        decides = {
            "program": explorer.__version__,
            "settings": self.settings.deciding(self.learner),
        }
        digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        return f"{self.learner}-{digest[:12]}{SUFFIX}"

    def seconds_left(self, store: Path) -> float:
        """Estimate of the time that is still to be spent on it, on one core."""
        try:
            done = read_header(store / self.file_name).iteration
        except CheckpointError:
            done = 0
        left = max(self.settings.iterations - done, 0)
        return left * iteration_seconds(self.settings, (self.learner,))


@dataclass(frozen=True, eq=False)
class Kept:
    """A finished training.

    Attributes:
        training: what was asked for.
        run: where it came to.
        damage: a sentence if its file was damaged and it had to be done again; else empty.
    """

    training: Training
    run: Run
    damage: str = ""

    @property
    def start(self) -> NetworkStart:
        """Where the learner's adaptation starts."""
        return self.run.starting_point(self.training.learner)


def plain(plan: Plan, learner: str) -> Training:
    """A learner trained with the paper's settings, or as long as averaged networks need."""
    settings = plan.settings
    if LEARNERS[learner].own_tasks is not None:
        penalty = PENALTIES.get(learner, settings.value("penalty"))
        settings = settings.changed(iterations=plan.amount.averaged_iterations, penalty=penalty)
    return Training(learner, settings)


def with_shared_start(plan: Plan, learner: str, **changes: Any) -> Training:
    """Averaged networks that start from the same weights, with other settings in some respects."""
    iterations = plan.amount.shared_iterations
    settings = {**SHARED_START, "iterations": iterations, **changes}
    return Training(learner, plan.settings.changed(**settings))


def trained(meter: Meter, work: float, training: Training, store: Path) -> Job[Kept]:
    """Train, or go on training, or just read what is there.

    Args:
        meter: of the job that it is a part of.
        work: how long it takes, in the meter's unit.
        training: what is wanted.
        store: folder in which trainings are kept.

    Raises:
        UserError: the folder cannot be used.
        CheckpointError: a file in it cannot be written.
        TrainingDivergedError: training left the finite numbers.
        CancelledWorkError: it is no longer wanted; what has been trained is kept.
    """
    label, total = LEARNERS[training.learner].label, training.settings.iterations
    meter.begin(work, f"looking for {label}")
    yield meter.at(0.0)
    path = store / training.file_name
    try:
        store.mkdir(parents=True, exist_ok=True)
        run, damage = _found(path, training)
    except OSError as error:
        raise UserError(
            f"Could not use the folder {store}: {error.strerror or error}. Trainings are kept "
            "there: choose another place with XDG_DATA_HOME, or make room."
        ) from error
    saved, at = time.monotonic(), run.iteration
    try:
        for event in train(run):
            if isinstance(event, Progress):
                run = event.run
                doing = f"training {label}, {run.iteration:,} of {total:,}"
                yield meter.at(run.iteration / total, doing)
                if time.monotonic() - saved > SAVE_SECONDS:
                    _save(path, run)
                    saved, at = time.monotonic(), run.iteration
    finally:
        if run.iteration > at:
            _save(path, run)
    return Kept(training, run, damage)


def _save(path: Path, run: Run) -> None:
    """Keep a run without its past, which nobody looks at and is ten times as large."""
    (learner,) = run.learners
    save(path, replace(run, ladder=EMPTY), learner)


def _found(path: Path, training: Training) -> tuple[Run, str]:
    """The run as the store has it, or a new one, and what was wrong with its file.

    Raises:
        OSError: a damaged file cannot be set aside.
    """
    if not path.exists():
        return _fresh(training), ""
    try:
        run = load(path).run
    except CheckpointError:
        run = None
    if (
        run is not None
        and run.settings == training.settings
        and tuple(run.learners) == (training.learner,)
        and run.iteration <= training.settings.iterations
    ):
        return run, ""
    aside = path.replace(path.with_name(path.name + DAMAGED))
    damage = f"{path.name} was damaged: it is set aside as {aside.name} and trained again."
    return _fresh(training), damage


def _fresh(training: Training) -> Run:
    return start(training.settings, (training.learner,))
