"""What the command line asks of the window."""

from dataclasses import dataclass
from pathlib import Path

from explorer.core.files.weights_alone import Declaration

NO_DISPLAY = (
    "Qt cannot open a window here: run it in a desktop session that has the libraries named in "
    "the README, under xvfb-run, or with QT_QPA_PLATFORM=offscreen for --screenshot."
)


@dataclass(frozen=True)
class WindowOptions:
    """How the window starts.

    Attributes:
        open: checkpoint to show, if any.
        preset: name of the preset to choose, None for the window's own choice.
        seed: seed to choose, None for the window's own choice.
        demo: play a short demonstration.
        screenshot: picture to save before closing again, if any.
        declared: what is said of that checkpoint, should it say nothing of itself.
    """

    open: Path | None = None
    preset: str | None = None
    seed: int | None = None
    demo: bool = False
    screenshot: Path | None = None
    declared: Declaration = Declaration()
