"""The command without a name: open the window."""

from argparse import Namespace

from explorer.app.options import NO_DISPLAY, WindowOptions
from explorer.cli.values import check_place
from explorer.core.base.errors import UserError


def run(arguments: Namespace) -> int:
    """Open the window and return its exit code when it closes."""
    if arguments.window_screenshot is not None:
        check_place("--screenshot", arguments.window_screenshot)
    try:
        from explorer.app.launch import run_window  # noqa: PLC0415 - its failure is an answer
    except ImportError as error:  # a library that Qt is linked to is missing
        raise UserError(f"{NO_DISPLAY} ({error})") from error
    return run_window(
        WindowOptions(
            open=arguments.window_open,
            preset=arguments.window_preset,
            seed=arguments.window_seed,
            demo=arguments.window_demo,
            screenshot=arguments.window_screenshot,
        )
    )
