"""Scenes in the real window, each in a process of its own: offscreen and on a virtual X screen."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks.measure import (
    Options,
    Row,
    Target,
    at_least,
    at_most,
    measured,
    p99,
    percentile,
    ratios,
)

SPEED, FRAME, ANSWER = at_least(90, aim=95), at_most(20), at_most(33)
NEEDED = ("Xvfb", "xdotool")  # the latter brings the library that moves the mouse


def seen_on_platforms(scenes: str, options: Options) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Each platform's name with what a module of scenes saw there, or why it could not run."""
    yield "offscreen", _seen(scenes, options, {"QT_QPA_PLATFORM": "offscreen"})
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        yield "X screen", f"{' and '.join(missing)} not installed"
        return
    with _screen() as display:
        yield "X screen", _seen(scenes, options, {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display})


@contextmanager
def _screen() -> Iterator[str]:
    """A virtual X screen; its name for DISPLAY."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def _seen(scenes: str, options: Options, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.benchmarks.{scenes}", *["--quick"] * options.quick]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def rows_of_drags(what: str, seen: dict[str, list[float]]) -> Iterator[Row]:
    """What `drag_rounds` saw: training speed kept, frames, and answers."""
    kept = [100 * ratio for ratio in ratios(seen["window"], seen["headless"])]
    window, headless = (percentile(seen[name], 0.5) for name in ("window", "headless"))
    note = f"a point dragged throughout; {window:,.0f} against {headless:,.0f} iterations/s"
    yield measured(f"{what}: training speed kept", kept, "%", SPEED, note)
    yield tail(f"{what}: interval between frames", seen["intervals"], FRAME)
    yield tail(f"{what}: drag to its answer on screen", seen["drag"], ANSWER)


def tail(name: str, samples: list[float], target: Target) -> Row:
    """The 99th percentile of milliseconds, with what lies around it."""
    note = (
        f"p99 of {len(samples)}; median {percentile(samples, 0.5):.1f}, longest {max(samples):.1f}"
    )
    return measured(name, samples, "ms", target, note, p99)
