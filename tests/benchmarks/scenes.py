"""The real window under the mouse while it trains: the process that `window` starts.

``python -m tests.benchmarks.scenes [--quick]`` plays its scenes on the platform that
QT_QPA_PLATFORM names and writes what it saw as JSON.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QPointF, QTimer
from PySide6.QtGui import QGuiApplication

from explorer.app.launch import make_application, make_workspace
from explorer.app.main_window import MainWindow
from explorer.app.options import WindowOptions
from explorer.panels.plotting.plots import Plot
from explorer.panels.sandbox.fit_plot import FitPlot
from explorer.state.preferences import Preferences
from explorer.state.training_session import HELD_OUT_SECONDS, Phase
from tests.benchmarks.mouse import OffscreenHand, ScreenHand, Stroke
from tests.benchmarks.watch import Pace, Watch, watch_fit

FRAME = 1 / 60  # seconds between the moves of a drag
SETTLING = 1.0  # seconds of training left out at the beginning: chunks grow, the first evaluation
PAINTS = 40
PATIENCE = 180.0  # seconds until a scene that does not end is given up
ENDLESS = 10_000_000  # iterations, more than any scene lasts


def until(condition: Callable[[], bool]) -> None:
    """Run the event loop until something is so.

    Raises:
        TimeoutError: it has not come about within `PATIENCE`.
    """
    loop, timer, begin = QEventLoop(), QTimer(), time.perf_counter()
    late = False

    def look() -> None:
        nonlocal late
        late = time.perf_counter() - begin > PATIENCE
        if late or condition():
            loop.quit()

    timer.timeout.connect(look)
    timer.start(20)
    loop.exec()
    if late:
        raise TimeoutError("the window did not come to what the benchmark waits for")


class Stage:
    """The window, opened as the program opens it, and a hand on the mouse."""

    def __init__(self, folder: Path) -> None:
        self.pace, self.headless = Pace(), Pace()
        self.workspace = make_workspace(WindowOptions())
        self.session, self.sandbox = self.workspace.session, self.workspace.sandbox
        self.session._trainer = self.pace.train
        self.window = MainWindow(self.workspace, Preferences(folder / "settings.ini"))
        self.session.reset(replace(self.session.settings, iterations=ENDLESS))
        self.window.show()
        until(lambda: self.sandbox.is_current)
        self.take_hold(self.window.sandbox.fit, watch_fit(self.window))
        self.workspace.set_follow(True)
        self.sandbox.update(snap=False)

    def take_hold(self, fit: FitPlot, watch: Watch) -> None:
        """Move the points of one plot, and watch for the answers."""
        on_screen = QGuiApplication.platformName() == "xcb"
        self.fit, self.watch = fit, watch
        self.hand = ScreenHand(self.window) if on_screen else OffscreenHand(fit.viewport())

    def play(self, strokes: Sequence[Stroke]) -> list[float]:
        """Play a scene to its end, until the last stroke is on the screen."""
        ended: list[list[float]] = []
        self.watch.begin(strokes)
        self.hand.play(strokes, ended.append)
        until(lambda: bool(ended) and self.watch.all_seen)
        return ended[0]

    def train(self) -> None:
        """Train on, and wait until training has settled."""
        self.pace.marks = []
        self.session.start()
        until(lambda: bool(self.pace.marks))
        begin = time.perf_counter()
        until(lambda: time.perf_counter() - begin > SETTLING)

    def pause(self) -> None:
        """Stop training and wait for it."""
        self.session.pause()
        until(lambda: self.session.phase is Phase.PAUSED)

    def train_headless(self, seconds: float) -> float:
        """Iterations a second of the same run without the window, which stands still."""
        begin = time.perf_counter()
        for _ in self.headless.train(self.session.newest, None, HELD_OUT_SECONDS):
            if time.perf_counter() > begin + SETTLING + seconds:
                break
        return self.headless.per_second(begin + SETTLING, begin + SETTLING + seconds)

    def place(self, x: float, y: float) -> tuple[int, int]:
        """The pixel on the screen of a point in the sandbox's plot."""
        scene = self.fit.getPlotItem().getViewBox().mapViewToScene(QPointF(x, y))
        at = self.fit.viewport().mapToGlobal(self.fit.mapFromScene(scene))
        return at.x(), at.y()

    def drag(self, seconds: float) -> list[Stroke]:
        """Hold a point and move it to and fro, a pixel or two at every frame."""
        point = self.sandbox.state.points[0]
        x, y = self.place(point.x, point.y)
        (left, bottom), (right, top) = self.place(-4.5, -4), self.place(4.5, 4)
        strokes = [Stroke(0, "press", x, y)]
        for i in range(1, round(seconds / FRAME)):
            sweep, along = divmod(2 * i, right - left)
            x = right - along if sweep % 2 else left + along
            y = top + (bottom - top) * (3 * sweep + i % 3) // 60
            strokes.append(Stroke(0.1 + i * FRAME, "move", x, y, timed=True))
        return [*strokes, Stroke(0.2 + seconds, "release", x, y)]

    def clicks(self, number: int, seed: int) -> list[Stroke]:
        """Clicks at irregular times: each adds a point, and the next but one takes it away."""
        draw = random.Random(seed)
        taken = [self.place(p.x, p.y) for p in self.sandbox.state.points]
        (left, bottom), (right, top) = self.place(-4.8, -5.5), self.place(4.8, 5.5)
        strokes: list[Stroke] = []
        added: list[tuple[int, int]] = []
        now = 0.1
        while len(strokes) < 2 * number:
            remove = len(added) > 2 and draw.random() < 0.5
            if remove:
                x, y = added.pop(0)
            else:
                x, y = draw.randint(left, right), draw.randint(top, bottom)
                if any(abs(x - a) + abs(y - b) < 30 for a, b in taken):
                    continue
                taken.append((x, y))
                added.append((x, y))
            strokes += [
                Stroke(now, "press", x, y, remove, timed=True),
                Stroke(now + 0.02, "release", x, y, remove),
            ]
            now += draw.uniform(0.05, 0.15)
        return strokes


def paint_times(stage: Stage) -> dict[str, list[float]]:
    """Milliseconds of one paint of each plot as it stands, everything else left alone."""
    panels = stage.window.sandbox, stage.window.training
    plots: dict[str, Plot] = {
        "fit plot": panels[0].fit,
        "error plot": panels[0].errors,
        "meta-loss plot": panels[1].meta_loss,
        "held-out plot": panels[1].held_out,
    }
    times: dict[str, list[float]] = {}
    for name, plot in plots.items():
        times[name] = []
        for _ in range(PAINTS):
            begin = time.perf_counter()
            plot.viewport().repaint()
            times[name].append(1000 * (time.perf_counter() - begin))
    return times


def draw_times(stage: Stage) -> dict[str, list[float]]:
    """Milliseconds that each panel takes to hand its newest numbers to its plots."""
    times: dict[str, list[float]] = {}
    for name, panel in (("sandbox", stage.window.sandbox), ("training", stage.window.training)):
        times[name] = []
        for _ in range(PAINTS):
            begin = time.perf_counter()
            panel.draw()
            times[name].append(1000 * (time.perf_counter() - begin))
    return times


def drag_rounds(stage: Stage, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Drag a point while training goes on, and train as long without the window, in turns."""
    seen: dict[str, list[float]] = {"window": [], "headless": [], "intervals": [], "drag": []}
    for _ in range(rounds):
        stage.train()
        strokes = stage.drag(seconds)
        begin = time.perf_counter()
        sent = stage.play(strokes)
        seen["window"].append(stage.pace.per_second(begin, begin + seconds))
        seen["intervals"] += stage.watch.intervals(sent)
        seen["drag"] += stage.watch.latencies(sent)
        stage.pause()
        seen["headless"].append(stage.train_headless(seconds))
    return seen


def measure(stage: Stage, quick: bool) -> dict[str, Any]:
    """Play every scene."""
    rounds, seconds, clicks = (2, 3.0, 60) if quick else (5, 4.0, 220)
    seen: dict[str, Any] = {**drag_rounds(stage, rounds, seconds)}
    stage.train()
    sent = stage.play(stage.clicks(clicks, 0))
    seen["click"] = stage.watch.latencies(sent)
    stage.pause()
    return {**seen, "paint": paint_times(stage), "draw": draw_times(stage)}


def play(measure: Callable[[Stage, bool], dict[str, Any]]) -> None:
    """Open the window, and write as JSON what was measured in it."""
    application = make_application(["maml-explorer"])
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        seen = measure(stage, "--quick" in sys.argv)
        stage.window.close()
    json.dump(seen, sys.stdout)
    del application


if __name__ == "__main__":
    play(measure)
