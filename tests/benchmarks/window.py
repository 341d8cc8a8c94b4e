"""Training, frames and answers with the window open, offscreen and on a virtual X screen."""

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
    at_least,
    at_most,
    measured,
    not_measured,
    p99,
    percentile,
    ratios,
)

SPEED, FRAME, ANSWER = at_least(90, aim=95), at_most(20), at_most(33)
NEEDED = ("Xvfb", "xdotool")  # the latter brings the library that moves the mouse


def rows(options: Options) -> Iterator[Row]:
    """All rows of the section."""
    yield from _rows("offscreen", _scenes(options, {"QT_QPA_PLATFORM": "offscreen"}))
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        why = f"{' and '.join(missing)} not installed"
        yield not_measured("frames and answers on an X screen", why, ANSWER)
        return
    with _screen() as display:
        environment = {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display}
        yield from _rows("X screen", _scenes(options, environment))


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


def _scenes(options: Options, environment: dict[str, str]) -> dict[str, Any]:
    """What `scenes` saw in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.scenes", *["--quick"] * options.quick]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _tail(samples: list[float]) -> str:
    return (
        f"p99 of {len(samples)}; median {percentile(samples, 0.5):.1f}, longest {max(samples):.1f}"
    )


def _rows(platform: str, seen: dict[str, Any]) -> Iterator[Row]:
    kept = [100 * ratio for ratio in ratios(seen["window"], seen["headless"])]
    window, headless = (percentile(seen[name], 0.5) for name in ("window", "headless"))
    note = f"a point dragged throughout; {window:,.0f} against {headless:,.0f} iterations/s"
    yield measured(f"{platform}: training speed kept", kept, "%", SPEED, note)
    for what, name, target in (
        ("interval between frames", "intervals", FRAME),
        ("drag to its answer on screen", "drag", ANSWER),
        ("click to its answer on screen", "click", ANSWER),
    ):
        samples = seen[name]
        yield measured(f"{platform}: {what}", samples, "ms", target, _tail(samples), p99)
    for name, samples in seen["paint"].items():
        yield measured(f"{platform}: painting the {name}", samples, "ms")
    for name, samples in seen["draw"].items():
        yield measured(f"{platform}: handing the {name} panel its numbers", samples, "ms")
