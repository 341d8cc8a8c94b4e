"""Who takes part in a comparison on the command line: networks of files, and those without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.core.base.errors import UserError
from explorer.core.experiment.settings import Settings
from explorer.core.families import Family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.files.checkpoint import Checkpoint
from explorer.core.jobs.competitor import Competitor, untrained
from explorer.core.learners import LEARNERS, MAML, RANDOM, UNTRAINED

ADDED = (RANDOM, *CLOSED_FORMS)  # those that no file holds


@dataclass(frozen=True, eq=False)
class NamedCompetitor:
    """One that takes part.

    Attributes:
        file: the checkpoint it came from; None for what needs none.
        name: what to call it; two of several files may share it.
        competitor: it, under a label of its own.
        trained_on: the tasks of its training; those of the first file's for what was not trained.
    """

    file: Path | None
    name: str
    competitor: Competitor
    trained_on: Family

    @property
    def label(self) -> str:
        """What to call it among the others."""
        return self.competitor.label

    @property
    def adapts(self) -> bool:
        """Whether it takes gradient steps."""
        return self.competitor.role not in CLOSED_FORMS


def competitors_of(
    checkpoints: Sequence[Checkpoint], names: Sequence[str], against: str | None = None
) -> list[NamedCompetitor]:
    """Those of the files, and those that need none.

    Args:
        checkpoints: the files, at least one.
        names: the learners wanted, all of the files' if it names none of them; and those wanted
            besides.
        against: the reference, which takes part too if it is one that needs no file.

    Raises:
        UserError: there is no such learner, or no file holds it.
    """
    for name in names:
        if name not in {*LEARNERS, *ADDED}:
            *others, last = (*LEARNERS, *ADDED)
            raise UserError(
                f"--learner: unknown learner {name!r}: choose {', '.join(others)} or {last}, or "
                "several separated by commas."
            )
    wanted = [name for name in names if name in LEARNERS]
    found = [
        each
        for checkpoint in checkpoints
        for each in _of_file(checkpoint)
        if not wanted or each.competitor.role in wanted
    ]
    for name in wanted:
        if name not in {each.competitor.role for each in found}:
            held = sorted({e.competitor.role for c in checkpoints for e in _of_file(c)})
            raise UserError(
                f"--learner: no file given holds {name}; there {'is' if len(held) == 1 else 'are'} "
                f"{', '.join(held)}."
            )
    added = [name for name in names if name in ADDED]
    if against in ADDED and against not in added:
        added.append(against)
    found += [_added(name, checkpoints[0].settings) for name in added]
    return _named_apart(found)


def matching(everyone: Sequence[NamedCompetitor], wanted: str) -> NamedCompetitor:
    """The one that is meant.

    Raises:
        UserError: none is, or more than one.
    """
    exact = [each for each in everyone if each.label == wanted]
    loose = [each for each in everyone if wanted.lower() in _called(each)]
    found = exact or loose
    if len(found) == 1:
        return found[0]
    choice = " or ".join(f'"{each.label}"' for each in found or everyone)
    problem = "is ambiguous" if found else "is not among those evaluated"
    raise UserError(f"--against: {wanted!r} {problem}: choose {choice}.")


def _called(each: NamedCompetitor) -> set[str]:
    called = {each.name, each.competitor.role, each.label}
    if each.file is not None:
        called |= {str(each.file), each.file.name, each.file.stem}
    return {name.lower() for name in called}


def _of_file(checkpoint: Checkpoint) -> list[NamedCompetitor]:
    settings = checkpoint.settings
    return [
        NamedCompetitor(
            checkpoint.path,
            label,
            Competitor(label, name or MAML.name, start, settings),
            settings.family,
        )
        for name, start in checkpoint.starting_points().items()
        for label in [LEARNERS[name].label if name else checkpoint.label]
    ]


def _added(name: str, settings: Settings) -> NamedCompetitor:
    if name == RANDOM:
        competitor = Competitor(UNTRAINED, RANDOM, untrained(settings))
    else:
        competitor = Competitor(CLOSED_FORMS[name].label, name)
    return NamedCompetitor(None, competitor.label, competitor, settings.family)


def _named_apart(found: Sequence[NamedCompetitor]) -> list[NamedCompetitor]:
    """Labels with as much of the file's name as it takes, and then numbers."""
    ways: tuple[Callable[[NamedCompetitor], str], ...] = (
        lambda each: each.name,
        lambda each: f"{each.name} ({each.file.stem})" if each.file else each.name,
        lambda each: f"{each.name} ({each.file})" if each.file else each.name,
    )
    for way in ways:
        labels = [way(each) for each in found]
        if len(set(labels)) == len(labels):
            break
    else:
        labels = [f"{label} #{i}" for i, label in enumerate(labels, 1)]
    return [
        replace(each, competitor=replace(each.competitor, label=label))
        for each, label in zip(found, labels, strict=True)
    ]
