"""Memory and redraw time of the window over a million meta-iterations, offscreen.

The first iterations are real training. The others come from a trainer that yields the same events
without the work, through the same thread: what is kept and drawn does not depend on the values.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt starts; the process is the section's own

import numpy as np

from explorer.app.launch import make_application
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import MAX_CHUNK, HeldOut, Progress, TrainEvent
from explorer.state.training_session import Newest, Phase
from tests.benchmarks.measure import Options, Row, at_most, measured, ratios
from tests.benchmarks.scenes import Stage, until

FEW, MANY = 100_000, 1_000_000
PAUSE = 0.002  # seconds between events, so that they do not pile up on their way
READINGS = 9
FLAT = "a curve has between 256 and 512 bins at any length"


def resident() -> float:
    """Megabytes of this process in memory, as the system counts them."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system does not say how much memory is resident")


def pretend(
    newest: Newest, until: int | None, _held_out_seconds: float | None
) -> Iterator[TrainEvent]:
    """Events as from real training, with losses drawn at random."""
    run, draw = newest(), np.random.default_rng(0)
    while run.iteration < (until or run.settings.iterations):
        time.sleep(PAUSE)
        losses = {
            name: draw.lognormal(0, 0.3, (MAX_CHUNK, len(LEARNERS[name].losses))).astype(np.float32)
            for name in run.learners
        }
        run = replace(run, iteration=run.iteration + MAX_CHUNK)
        yield Progress(run, losses, PAUSE)
        if run.iteration % (20 * MAX_CHUNK) == 0:
            errors = {name: tuple(draw.lognormal(size=11)) for name in run.learners}
            yield HeldOut(run.iteration, errors, dict.fromkeys(run.learners, (0,) * 11))


def _train(stage: Stage, seconds: float) -> None:
    """Real training with the window open and Follow on."""
    stage.train()
    end = time.perf_counter() + seconds
    until(lambda: time.perf_counter() > end)
    stage.pause()


def _pretend(stage: Stage, iteration: int) -> None:
    """Go on to an iteration without the work."""
    stage.session._trainer = pretend
    stage.session.start()
    until(lambda: stage.session.iteration >= iteration)
    stage.session.pause()
    until(lambda: stage.session.phase is Phase.PAUSED)


def _readings() -> list[float]:
    values = []
    for _ in range(READINGS):
        end = time.perf_counter() + 0.1
        until(lambda end=end: time.perf_counter() > end)  # type: ignore[misc]
        values.append(resident())
    return values


def _redraws(stage: Stage) -> list[float]:
    """Milliseconds to draw the loss plot anew, and to paint it."""
    plot, times = stage.window.training.meta_loss, []
    for _ in range(40):
        begin = time.perf_counter()
        plot.draw(stage.session)
        plot.viewport().repaint()
        times.append(1000 * (time.perf_counter() - begin))
    return times


def rows(options: Options) -> Iterator[Row]:
    """All rows of the section."""
    application = make_application(["maml-explorer"])
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        yield measured("resident with the window open, before training", _readings(), "MB")
        _train(stage, options.rounds(15, 4))
        note = f"{stage.session.iteration:,} iterations, Follow on"
        yield measured("resident after real training", _readings(), "MB", at_most(400), note)
        _pretend(stage, FEW)
        few, soon = _readings(), _redraws(stage)
        yield measured(f"resident after {FEW:,} iterations", few, "MB", at_most(400))
        _pretend(stage, MANY)
        many, late = _readings(), _redraws(stage)
        yield measured(f"resident after {MANY:,} iterations", many, "MB", at_most(400))
        growth = [after - before for before, after in zip(few, many, strict=True)]
        yield measured(f"growth from {FEW:,} to {MANY:,}", growth, "MB", at_most(5))
        yield measured(f"redraw of the loss plot after {FEW:,}", soon, "ms")
        yield measured(f"redraw of the loss plot after {MANY:,}", late, "ms")
        flat = ratios(late, soon)
        yield measured("redraw, later against earlier", flat, "×", at_most(1.5), FLAT)
        stage.window.close()
    del application
