"""What the commands share that run a job: whose tasks, how far it is, and its figure as files."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from tqdm import tqdm  # type: ignore[import-untyped]

from explorer.cli.family_arguments import changed_by_flags, given_settings
from explorer.cli.output import PROGRAM, say
from explorer.core.experiment.settings import FAMILY
from explorer.core.families import Family, default_family
from explorer.core.figures.export import export
from explorer.core.figures.figure import Figure
from explorer.palette import look


class Step(Protocol):
    """A moment in a job."""

    @property
    def done(self) -> float:
        """Share of the work, 0 to 1."""

    @property
    def doing(self) -> str:
        """What is being done."""


T = TypeVar("T", bound=Step)


def last(job: Iterable[T]) -> T:
    """Run a job to its end; a bar on the terminal, if there is one, shows how far it is."""
    *_, end = _shown(job)
    return end


def _shown(job: Iterable[T]) -> Iterator[T]:
    layout = "{percentage:3.0f}% |{bar}| {desc} [{elapsed}<{remaining}]"
    with tqdm(
        total=1.0, file=sys.stderr, disable=None, leave=False, bar_format=layout, dynamic_ncols=True
    ) as bar:
        for step in job:
            bar.set_description_str(step.doing, refresh=False)
            bar.update(step.done - bar.n)
            yield step


def tasks_asked_for(arguments: Namespace, trained_on: Family) -> Family:
    """The task distribution asked for; where nothing is said, that of training.

    Raises:
        UserError: there is no such family or it has no such setting, or a value is impossible.
    """
    given = given_settings(arguments)
    name = given.pop(FAMILY, trained_on.name)
    family = trained_on if name == trained_on.name else default_family(name)
    return changed_by_flags(family, given)


def command_of(arguments: Namespace) -> str:
    """The command line, as it can be given again."""
    return shlex.join([PROGRAM, *arguments.words])


def write(figure: Figure, folder: Path | None) -> list[str]:
    """Export a figure, if it is wanted, and say where it went.

    Raises:
        UserError: a file cannot be written.
    """
    if folder is None:
        return []
    files = [str(path) for path in export(figure, folder, look)]
    say(f"wrote {', '.join(files)}")
    return files
