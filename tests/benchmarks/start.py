"""How soon the window is there, and how soon it answers: the command as a process of its own.

On a virtual X screen everything is observed from outside: what is on the screen is read from
the server's frame buffer, and the click comes from the server too. Without a screen
(`start_offscreen`) the process itself tells what it paints. The time runs from before the process
is made; its files are in the page cache, since a first run does not count.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.measure import Options, Row, Target, at_most, measured, not_measured

PAINTED, ANSWERED, TEXT = at_most(1.0, 0.7), at_most(2.5, 1.7), at_most(0.3)
MAML_COLOUR = 0x0072B2
PATIENCE = 60.0  # seconds
POLL = 0.004  # seconds between two looks at the screen
SIZE = (1400, 900)
REGION = slice(100, 560), slice(0, 760)  # rows and columns that hold the sandbox's large plot
MARGIN = 20  # pixels of a curve that count as one

Mask = NDArray[np.bool_]


def rows(options: Options) -> Iterator[Row]:
    """The section."""
    rounds = options.rounds(9, 3)
    with tempfile.TemporaryDirectory() as folder:
        yield from _window("offscreen", lambda: _offscreen(folder), rounds)
        yield from _first_start(folder, rounds)
        missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
        if missing:
            why = f"{' and '.join(missing)} not installed"
            yield not_measured("window painted, X screen", why, PAINTED, "s")
            yield not_measured("click answered, X screen", why, ANSWERED, "s")
        else:
            with _virtual_screen(folder) as (display, screen):
                yield from _window("X screen", lambda: _on_screen(folder, display, screen), rounds)
    for flag in ("--version", "--help"):
        yield _row(flag, _repeated(lambda flag=flag: (_text(flag),), rounds)[0], TEXT)


def _first_start(folder: str, rounds: int) -> Iterator[Row]:
    """With the engine still to be compiled, which goes on beside."""

    def launch() -> tuple[float, ...]:
        with tempfile.TemporaryDirectory() as cache:
            return _offscreen(folder, XDG_CACHE_HOME=cache)

    _, answered = _repeated(launch, rounds)
    yield _row("click answered, first start, offscreen", answered, ANSWERED)


def _window(where: str, launch: Callable[[], tuple[float, ...]], rounds: int) -> Iterator[Row]:
    painted, answered = _repeated(launch, rounds)
    yield _row(f"window painted, {where}", painted, PAINTED)
    yield _row(f"click answered, {where}", answered, ANSWERED)


def _repeated(launch: Callable[[], tuple[float, ...]], rounds: int) -> list[tuple[float, ...]]:
    """Each moment in all rounds, after one that does not count."""
    launch()
    return list(zip(*(launch() for _ in range(rounds)), strict=True))


def _row(what: str, seconds: tuple[float, ...], target: Target) -> Row:
    return measured(what, seconds, "s", target, f"slowest {max(seconds):.2f} s")


def _environment(folder: str, **changes: str) -> dict[str, str]:
    """Without a setting of the user's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    return {**kept, "XDG_CONFIG_HOME": folder, **changes}


def _text(flag: str) -> float:
    begin = time.monotonic()
    subprocess.run([sys.executable, "-m", "explorer", flag], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def _offscreen(folder: str, **changes: str) -> tuple[float, float]:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.start_offscreen"],
        env=_environment(folder, QT_QPA_PLATFORM="offscreen", **changes),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    )
    painted, answered = map(float, done.stdout.split())
    return painted - begin, answered - begin


def _on_screen(folder: str, display: str, screen: NDArray[np.uint32]) -> tuple[float, float]:
    begin = time.monotonic()
    program = subprocess.Popen(
        [sys.executable, "-m", "explorer"],
        env=_environment(folder, DISPLAY=display, QT_QPA_PLATFORM="xcb"),
    )
    try:
        first = _wait_for(screen, lambda curve: curve.sum() > MARGIN)
        painted = time.monotonic()
        _click(display, first)
        # The new point may hide some of the curve; only an answer draws it elsewhere.
        _wait_for(screen, lambda curve: (curve & ~first).sum() > MARGIN)
        answered = time.monotonic()
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(PATIENCE)
    _wait_for(screen, lambda curve: not curve.any())
    return painted - begin, answered - begin


def _wait_for(screen: NDArray[np.uint32], condition: Callable[[Mask], bool]) -> Mask:
    """MAML's curve, as the pixels in its colour, once it is as wanted."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        curve: Mask = screen[REGION] & 0xFFFFFF == MAML_COLOUR
        if condition(curve):
            return curve
        time.sleep(POLL)
    raise TimeoutError("the screen never showed what was waited for")


def _click(display: str, curve: Mask) -> None:
    """In the middle of the plot, as far as the curve tells where that is."""
    places = np.argwhere(curve)
    y, x = (places.min(0) + places.max(0)) // 2
    at = str(REGION[1].start + x), str(REGION[0].start + y)
    command = ["xdotool", "mousemove", *at, "click", "1"]
    subprocess.run(command, env={**os.environ, "DISPLAY": display}, check=True)


@contextmanager
def _virtual_screen(folder: str) -> Iterator[tuple[str, NDArray[np.uint32]]]:
    """An X server of its own: its display, and the pixels on it, ``(height, width)``."""
    size = f"{SIZE[0]}x{SIZE[1]}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-fbdir", folder, "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        display = f":{server.stdout.readline().strip()}"
        yield display, _pixels(Path(folder) / "Xvfb_screen0")
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)


def _pixels(path: Path) -> NDArray[np.uint32]:
    """The image in a file of the X window dump format, as it changes."""
    header = np.fromfile(path, ">u4", 20)
    length, height, line, colours = (int(header[i]) for i in (0, 5, 12, 19))
    colour_bytes = 12
    start = length + colour_bytes * colours
    return np.memmap(path, "<u4", "r", start, (height, line // 4))
