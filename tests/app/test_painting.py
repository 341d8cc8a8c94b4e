"""The guard against a Qt binding that miscounts references while it paints.

PySide6 6.12.0 loses some 200 references to None with every painted frame of a plot, which kills
the interpreter after seconds of a live plot ("Fatal Python error: none_dealloc"); 6.10 and 6.11
gain about five a frame. 6.9.3 is balanced, hence the bounds in pyproject.toml.
"""

import sys

import numpy as np

from explorer.app.main_window import MainWindow

FRAMES = 200
BOUND = 100  # half a reference a frame; noise from caches is a few dozen in all


def paint(window: MainWindow, frames: int) -> None:
    """Paint the window's live plots anew, frame after frame."""
    x = np.linspace(-5, 5, 50)
    for frame in range(frames):
        for plot, curve in (
            (window.sandbox.fit, window.sandbox.fit.fits["maml"]),
            (
                window.training.meta_loss,
                window.training.meta_loss.smooth["pretrained", "joint loss"],
            ),
        ):
            curve.set_values(x, np.sin(x + frame))
            plot.viewport().repaint()


def test_painting_keeps_the_references_to_none(window: MainWindow) -> None:
    """Two hundred frames of both live plots leave the count of None where it was."""
    paint(window, 20)
    before = sys.getrefcount(None)
    paint(window, FRAMES)
    assert abs(sys.getrefcount(None) - before) < BOUND
