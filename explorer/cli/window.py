"""The command without a name: open the window."""

from argparse import Namespace

from explorer.app.options import NO_DISPLAY, WindowOptions
from explorer.cli.declared_arguments import WINDOW, declaration, declared
from explorer.cli.family_arguments import flag
from explorer.cli.values import check_place
from explorer.core.base.errors import SettingsError, UserError
from explorer.core.files.weights_alone import Declaration


def run(arguments: Namespace) -> int:
    """Open the window and return its exit code when it closes."""
    if arguments.window_screenshot is not None:
        check_place("--screenshot", arguments.window_screenshot)
    try:
        from explorer.app.launch import run_window  # noqa: PLC0415 - its failure is an answer
    except ImportError as error:  # a library that Qt is linked to is missing
        raise UserError(f"{NO_DISPLAY} ({error})") from error
    options = WindowOptions(
        open=arguments.window_open,
        preset=arguments.window_preset,
        seed=arguments.window_seed,
        demo=arguments.window_demo,
        screenshot=arguments.window_screenshot,
        declared=_said_of_file(arguments),
    )
    try:
        return run_window(options)
    except SettingsError as error:
        raise UserError(f"{flag(error.field)}: {error}") from error


def _said_of_file(arguments: Namespace) -> Declaration:
    said = declared(arguments, WINDOW)
    if said and arguments.window_open is None:
        raise UserError(f"{flag(next(iter(said)))} says what --open shows: give --open FILE too.")
    return declaration(arguments, prefix=WINDOW)
