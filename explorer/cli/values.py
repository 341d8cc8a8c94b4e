"""Values on the command line: text that is read and checked while the arguments are parsed."""

import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from explorer.core.base.errors import UserError
from explorer.core.experiment.presets import PRESETS
from explorer.core.learners import LEARNERS


def whole(low: int, high: int, hint: str = "") -> Callable[[str], int]:
    """A reader of whole numbers between two bounds; the hint follows the complaint about text."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a whole number{hint}") from None
        if not low <= value <= high:
            raise ArgumentTypeError(f"{text} does not lie between {low} and {high}")
        return value

    return read


def real(low: float, high: float) -> Callable[[str], float]:
    """A reader of numbers between two bounds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a number") from None
        if not low <= value <= high:
            raise ArgumentTypeError(f"{text} does not lie between {low:g} and {high:g}")
        return value

    return read


def coordinates(limit: float) -> Callable[[str], list[float]]:
    """A reader of numbers separated by commas, at least one, none further from 0 than a limit."""
    coordinate = real(-limit, limit)

    def read(text: str) -> list[float]:
        return [coordinate(part) for part in text.split(",")]

    return read


def preset(text: str) -> str:
    """The name of a preset."""
    if text not in PRESETS:
        *names, last = PRESETS
        raise ArgumentTypeError(f"unknown preset {text!r}: choose {', '.join(names)} or {last}")
    return text


def learners(text: str) -> tuple[str, ...]:
    """Names of learners separated by commas, each once."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in LEARNERS:
            *others, last = LEARNERS
            raise ArgumentTypeError(
                f"unknown learner {name!r}: choose {', '.join(others)} or {last}, or several "
                "separated by commas"
            )
    return names


def check_place(flag: str, path: Path) -> None:
    """Check that a file can be written at a path, before work is spent on its content.

    Raises:
        UserError: its folder is missing or closed, or something that is no file is in the way.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{flag}: {path} is not a file; give the name of a file.")
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.").close()
    except OSError as error:
        raise UserError(
            f"{flag}: cannot write {path}: {error.strerror or error}. Choose another place."
        ) from error


def check_folder(flag: str, path: Path | None) -> None:
    """Make a folder, if one was given and is missing, and check that it can be written into.

    Raises:
        UserError: it cannot.
    """
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.NamedTemporaryFile(dir=path, prefix=".").close()
    except OSError as error:
        raise UserError(
            f"{flag}: cannot write into {path}: {error.strerror or error}. Choose another folder."
        ) from error
