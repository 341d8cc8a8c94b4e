"""The command ``maml-explorer``: the window, and training, evaluation and adaptation without it.

Standard output carries data only; the progress bar and every message go to standard error.
"""

import os
import sys
from argparse import Namespace
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType

from explorer.cli.interruption import INTERRUPTED
from explorer.cli.output import PROGRAM, say
from explorer.cli.parser import parse
from explorer.core.base.errors import UserError

WRONG_USE = 2
WINDOW = "window"  # the command that says everything itself


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Each command is a module of this package with a ``run(arguments) -> int``. They are imported
    only when asked for, because torch and Qt take seconds and ``--help`` should not.
    """
    _make_streams_tolerant()
    try:
        arguments = parse(argv)
        command = import_module(f"explorer.cli.{arguments.command}")
        if arguments.command == WINDOW:
            code: int = command.run(arguments)
        else:
            code = _run_aloud(command, arguments)
        sys.stdout.flush()
    except SystemExit as done:  # --help and --version end here
        return int(done.code or 0)
    except UserError as error:
        say(f"error: {error}")
        return WRONG_USE
    except KeyboardInterrupt:
        say("interrupted; nothing was written.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has left, as in `… | head`
        _give_up_output()
        return 1
    except OSError as error:
        _give_up_output()
        say(f"error: {error.strerror or error}: the output could not be written.")
        return WRONG_USE
    return code


def _run_aloud(command: ModuleType, arguments: Namespace) -> int:
    """Run a command, and say so once if it does without the engine."""
    from explorer.core.engine import STATUS  # noqa: PLC0415 - --help does without it

    stop = STATUS.observe(_say_beside_bar)
    try:
        code: int = command.run(arguments)
    finally:
        stop()
    return code


def _say_beside_bar(message: str) -> None:
    """Write a message, if there is one, on a line of its own above a progress bar."""
    from tqdm import tqdm  # type: ignore[import-untyped] # noqa: PLC0415 - --help does without it

    if message:
        tqdm.write(f"{PROGRAM}: {message}", file=sys.stderr)


def _give_up_output() -> None:
    """Keep the flush at exit from failing a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_streams_tolerant() -> None:
    """Let a terminal that cannot show α or ± show an escape sequence instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
