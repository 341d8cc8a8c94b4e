"""The command without a name: open the window."""

from argparse import Namespace

from explorer.app import run_window
from explorer.app.options import WindowOptions
from explorer.cli.values import check_place


def run(arguments: Namespace) -> int:
    """Open the window and return its exit code when it closes."""
    if arguments.window_screenshot is not None:
        check_place("--screenshot", arguments.window_screenshot)
    return run_window(
        WindowOptions(
            open=arguments.window_open,
            preset=arguments.window_preset,
            seed=arguments.window_seed,
            demo=arguments.window_demo,
            screenshot=arguments.window_screenshot,
        )
    )
