"""Ctrl-C as a wish that is looked for between two pieces of work, so that none is cut short."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 128 + signal.SIGINT  # exit code


class Interruption:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, *_: object) -> None:
        """Take note of the signal."""
        self.asked = True


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Take Ctrl-C as a wish for as long as the context lasts."""
    interruption = Interruption()
    previous = signal.signal(signal.SIGINT, interruption)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, previous)
