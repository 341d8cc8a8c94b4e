"""The competitors of the sandbox: learners from one source, and those that need no training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from explorer.core.adaptation.starting_point import Start
from explorer.core.base.once import Once
from explorer.core.experiment.settings import Settings
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.files.checkpoint import Checkpoint, load
from explorer.core.files.header import read_header
from explorer.core.jobs.competitor import closed_form, untrained
from explorer.core.learners import LEARNERS, MAML, PRETRAINED, RANDOM, UNTRAINED
from explorer.core.training.loop import Run

Source = Literal["shipped", "training", "file"]
Known = TypeVar("Known")

_FIRST = (MAML.name, PRETRAINED.name, RANDOM)  # the most asked for come first
ROLES = (*_FIRST, *(name for name in LEARNERS if name not in _FIRST), *CLOSED_FORMS)
LABELS = {
    **{name: each.label for name, each in (LEARNERS | CLOSED_FORMS).items()},
    RANDOM: UNTRAINED,
}
GROUPS = {
    **{
        group: tuple(name for name, learner in LEARNERS.items() if learner.group == group)
        for group in ("Meta-learners", "Baselines")
    },
    "Closed forms": tuple(CLOSED_FORMS),
}
GROUPS["Baselines"] += (RANDOM,)


def no_run() -> None:
    """There is none."""


@dataclass(frozen=True, eq=False)
class LazyCompetitor:
    """A competitor in the sandbox.

    Attributes:
        label: what people read.
        find: finds where it starts; asked once, by whichever thread is first to need it, since
            that takes PyTorch.
        settings: of its own training, which need not be those of the whole; None if it had none.
        run: finds the training run that stands at its start; None if there is none.
    """

    label: str
    find: Callable[[], Start]
    settings: Settings | None = None
    run: Callable[[], Run | None] = no_run

    def __post_init__(self) -> None:
        """Two threads that ask at once get the same start."""
        object.__setattr__(self, "find", Once(self.find))

    @property
    def start(self) -> Start:
        """Where its adaptation starts."""
        return self.find()


@dataclass(frozen=True, eq=False)
class Competitors:
    """Networks by role; not every role need be filled.

    They are compared by identity: the same object holds the same networks.

    Attributes:
        by_role: the networks.
        settings: those the first of them was trained with; the paper's if unknown.
        shots: K of that training; None if unknown.
        origin: where they come from, for the reader.
        own: the roles that its source holds, the one it is about first.
        iteration: of the run in training; None if they come from elsewhere.
    """

    by_role: Mapping[str, LazyCompetitor]
    settings: Settings
    shots: int | None
    origin: str
    own: tuple[str, ...]
    iteration: int | None = None

    @property
    def filled(self) -> frozenset[str]:
        """The roles that its source lacks, filled with the networks that the program ships."""
        return frozenset(self.by_role.keys() & LEARNERS.keys()) - {*self.own}


def from_shipped(*paths: Path) -> Competitors:
    """The networks of the program's own files; only the headers of the files are read here.

    Raises:
        CheckpointError: a file cannot be read.
    """
    headers = [read_header(path) for path in paths]
    files = [Once(partial(load, path)) for path in paths]
    competitors = {
        header.learner: LazyCompetitor(
            LEARNERS[header.learner].label,
            partial(_start_of, file),
            header.settings,
            partial(_run_of, file),
        )
        for file, header in zip(files, headers, strict=True)
    }
    first, own = headers[0], tuple(competitors)
    competitors.update(_without_training(first.settings))
    origin = f"shipped networks, {first.iteration:,} iterations"
    return Competitors(competitors, first.settings, first.settings.shots, origin, own)


def from_run(
    settings: Settings,
    iteration: int,
    learners: Iterable[str],
    run: Callable[[], Run],
    shipped: Competitors,
    moment: int | None = None,
) -> Competitors:
    """The learners of a training run at an iteration; roles it lacks are filled as shipped.

    Args:
        settings: of the run.
        iteration: of the run.
        learners: their names.
        run: gives the run itself, once its networks are needed; asked once.
        shipped: the networks that come with the program.
        moment: one of the run's `moments`, to go back to; None for where it is.
    """
    run = Once(run)  # or who asks later would get one that has gone on
    back = moment is not None and moment < iteration
    known = no_run if back else run  # of its past, a run knows the weights alone
    competitors = {
        name: LazyCompetitor(
            LEARNERS[name].label, partial(_start_in, run, name, moment), settings, known
        )
        for name in learners
    }
    at = moment if moment is not None and back else iteration
    origin = f"in training, {'back at ' if back else ''}iteration {at:,}"
    found = _complete(competitors, shipped, settings, origin, settings.shots)
    return replace(found, iteration=at)


def from_checkpoint(checkpoint: Checkpoint, shipped: Competitors) -> Competitors:
    """The networks of a file; roles it lacks are filled as shipped.

    A network whose learner the file does not name plays the part of MAML.
    """
    competitors = {
        name or MAML.name: LazyCompetitor(
            LEARNERS[name].label if name else checkpoint.label,
            partial(_given, start),
            checkpoint.settings,
            partial(_run_of, partial(_given, checkpoint)),
        )
        for name, start in checkpoint.starting_points().items()
    }
    known = checkpoint.iteration is not None
    origin = checkpoint.path.name
    if known:
        origin += f", {checkpoint.iteration:,} iterations"
    shots = checkpoint.settings.shots if known else None
    settings = checkpoint.settings
    return _complete(competitors, shipped, settings, origin, shots)


def _complete(
    competitors: dict[str, LazyCompetitor],
    shipped: Competitors,
    settings: Settings,
    origin: str,
    shots: int | None,
) -> Competitors:
    """Fill empty roles, and say with whose networks."""
    free = _without_training(settings)
    filled = {name: e for name, e in shipped.by_role.items() if name not in {*competitors, *free}}
    if filled:
        first, *others = (one.label for one in filled.values())
        labels = f"{first} and {len(others)} others" if others else first
        origin = f"{origin} ({labels}: as shipped)"
    everybody = {**competitors, **filled, **free}
    return Competitors(everybody, settings, shots, origin, tuple(competitors))


def _without_training(settings: Settings) -> dict[str, LazyCompetitor]:
    """The competitors that follow from the settings alone."""
    known = {
        name: LazyCompetitor(learner.label, partial(closed_form, name, settings.family))
        for name, learner in CLOSED_FORMS.items()
    }
    return {RANDOM: LazyCompetitor(LABELS[RANDOM], partial(untrained, settings)), **known}


def _start_of(file: Callable[[], Checkpoint]) -> Start:
    return file().start


def _run_of(file: Callable[[], Checkpoint]) -> Run | None:
    return file().run


def _start_in(run: Callable[[], Run], learner: str, moment: int | None) -> Start:
    return run().starting_point(learner, moment)


def _given(known: Known) -> Known:
    return known
