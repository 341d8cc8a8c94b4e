"""Files that a command is given, and what is said of those that say nothing of themselves."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from explorer.cli.declared_arguments import check_needed, declaration
from explorer.cli.family_arguments import flag
from explorer.core.base.errors import SettingsError, UserError
from explorer.core.files.checkpoint import Checkpoint, load
from explorer.core.files.weights_alone import Declaration


def open_files(
    paths: Sequence[Path], arguments: Namespace, learners: Iterable[str] = ()
) -> list[Checkpoint]:
    """The checkpoints of a command.

    Args:
        paths: the files.
        arguments: of the command.
        learners: that it names by a flag of its own.

    Raises:
        UserError: a file cannot be opened, or what is said of it is wrong; the flag is named.
    """
    said = declaration(arguments, learners)
    found = [open_file(path, said) for path in paths]
    check_needed(arguments, any(each.is_bare for each in found))
    return found


def open_file(path: Path, said: Declaration) -> Checkpoint:
    """A checkpoint.

    Raises:
        UserError: it cannot be opened, or what is said of it is wrong; the flag is named.
    """
    try:
        return load(path, said)
    except SettingsError as error:
        raise UserError(f"{flag(error.field)}: {error}") from error
