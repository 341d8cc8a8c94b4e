"""What the commands share that run a job: whose tasks, how far it is, and its figure as files."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm  # type: ignore[import-untyped]

from explorer.cli.family_arguments import changed_by_flags, given_settings
from explorer.cli.output import PROGRAM, say
from explorer.core.base.cancellation import check_cancelled
from explorer.core.experiment.settings import FAMILY
from explorer.core.families import Family, default_family
from explorer.core.figures.export import export
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.jobs.progress import Job
from explorer.palette import look

# Seconds between two states of the bar: a terminal is watched, a log file is kept.
TERMINAL_INTERVAL, LOG_INTERVAL = 0.1, 10.0
PARTS = 10_000  # of the bar
LAYOUT = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"

R = TypeVar("R")


def run_job(job: Job[R], name: str = "") -> R:
    """Run a job to its end and return what it found; a bar shows how far it is.

    Args:
        job: the job.
        name: what stands before the bar. A bar with a name goes to a log too and stays at the end;
            without one it is for terminals alone, and goes with the job.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    terminal = sys.stderr.isatty()
    with (
        closing(job),
        tqdm(
            total=PARTS, file=sys.stderr, disable=None if not name else False, leave=bool(name),
            mininterval=TERMINAL_INTERVAL if terminal else LOG_INTERVAL, miniters=1,
            dynamic_ncols=terminal, bar_format=LAYOUT, desc=name or None,
        ) as bar,
    ):  # fmt: skip
        found: list[R] = []
        for progress in _keeping_what_it_returns(job, found):
            bar.set_postfix_str(progress.doing, refresh=False)
            bar.update(int(progress.done * PARTS) - bar.n)
            check_cancelled()
    return found[0]


def _keeping_what_it_returns(job: Job[R], found: list[R]) -> Iterator[JobProgress]:
    found.append((yield from job))


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
    for file in files:
        say(f"wrote {file}")
    return files
