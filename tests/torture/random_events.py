"""Random events on the real window, in a process of its own for each seed.

``python -m tests.torture.random_events --events 5000 --seed 0 1 2`` opens the window offscreen and
sends it that many clicks, drags, keys, changes of theme and jobs for each seed, while it trains.
It prints a line for each seed and exits with 1 if a process died or an error went unhandled.
"""

import argparse
import faulthandler
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from explorer.app.launch import make_application, make_workspace
from explorer.app.main_window import MainWindow
from explorer.app.options import WindowOptions
from explorer.state.jobs import JobPhase
from explorer.state.preferences import Preferences
from tests.leaks import Deaths
from tests.torture.hand import Hand

STALL = 0.25  # seconds for which the window may not stand still
# Objects until a collection, and collections until one of the next older generation.
EAGER = 400, 5, 2
ENGINE_LOADED = 100  # events
PAUSES = (0, 0, 0, 1, 5, 20)  # milliseconds for other events after each
REPORT = 20  # events until what was seen is written down


class Attempt:
    """One seed in this process.

    Attributes:
        seen: numbers for the line that is printed in the end.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self._folder, self._deaths = folder, Deaths()
        self._workspace = make_workspace(WindowOptions(seed=seed), folder / "kept.safetensors")
        self.window = MainWindow(self._workspace, Preferences(folder / "settings.ini"))
        self._hand = Hand(self.window, seed, folder)
        self._errors: Counter[str] = Counter()
        self._collecting, self._began = 0.0, time.perf_counter()
        self.seen: dict[str, float] = dict.fromkeys(
            (
                "events",
                "slowest",
                "stalls",
                "widgets",
                "progress",
                "young ms",
                "full ms",
                "elsewhere",
            ),
            0,
        )
        sys.excepthook = self._on_error
        gc.callbacks.append(self._on_collection)
        self._workspace.session.progressed.connect(lambda _: self._count("progress"))

    def _count(self, name: str, more: float = 1) -> None:
        self.seen[name] += more

    def _most(self, name: str, value: float) -> None:
        self.seen[name] = max(self.seen[name], value)

    def _on_error(self, kind: type[BaseException], error: BaseException, _: object) -> None:
        self._errors[f"{kind.__name__}: {error}"[:160]] += 1

    def _on_collection(self, phase: str, about: dict[str, int]) -> None:
        if threading.current_thread() is not threading.main_thread():
            self._count("elsewhere", 0.5)  # its beginning, and its end
        elif phase == "start":
            self._collecting = time.thread_time()  # others' work on this machine does not count
        else:
            kind = "full ms" if about["generation"] == 2 else "young ms"
            self._most(kind, 1000 * (time.thread_time() - self._collecting))

    def play(self, events: int, eager: bool) -> None:
        """Send the events; what has been done so far is written to the folder."""
        loop, timer = QEventLoop(), QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(loop.quit)
        self.window.show()
        for number in range(1, events + 1):
            start = time.perf_counter()
            self._hand.act()
            took = time.perf_counter() - start
            self._most("slowest", took)
            self._count("stalls", took > STALL)
            if eager and number == ENGINE_LOADED:
                gc.freeze()
                gc.collect()  # or older generations would wait until as much again has come
                gc.set_threshold(*EAGER)
            timer.start(self._hand.draw.choice(PAUSES))
            loop.exec()
            if number % REPORT == 0 or number == events:
                self._report(number)
        self.window.close()

    def _report(self, events: int) -> None:
        self._errors.update(f"died: {death}" for death in self._deaths.take())
        self._most("widgets", len(QApplication.allWidgets()))
        jobs = self._workspace.jobs.jobs.values()
        self.seen |= {
            "events": events,
            "seconds": time.perf_counter() - self._began,
            "frozen": gc.get_freeze_count(),
            "themes": self._hand.done["theme"],
            "jobs": len(jobs),
            "finished": sum(job.phase is JobPhase.DONE for job in jobs),
            "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        content = {"seen": self.seen, "errors": self._errors}
        (self._folder / "seen.json").write_text(json.dumps(content), encoding="utf-8")


def attempt(events: int, seed: int, limit: float, eager: bool) -> bool:
    """One seed in a process of its own: prints what came of it, and says whether it was well."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "tests.torture.random_events"]
        command += ["--events", str(events), "--seed", str(seed), "--folder", name]
        command += ["--eager"] * eager
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_DATA_HOME": name}
        if eager:
            environment["MALLOC_PERTURB_"] = "165"  # what is freed cannot be mistaken for alive
        log = Path(name) / "log"
        with log.open("w", encoding="utf-8") as file:
            try:
                code: object = subprocess.run(
                    command, env=environment, stdout=file, stderr=file, timeout=limit, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                code = "out of time"
        said = log.read_text(encoding="utf-8", errors="replace")
        path = Path(name) / "seen.json"
        content: dict[str, Any] = {"seen": {}, "errors": {}}
        if path.exists():
            content = json.loads(path.read_text(encoding="utf-8"))
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in content["seen"].items())
    sys.stdout.write(f"seed {seed}: exit {code}; {numbers}; errors {content['errors']}\n")
    if code != 0:
        sys.stdout.write(said[-6000:] + "\n")
    sys.stdout.flush()
    return code == 0 and not content["errors"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.random_events")
    parser.add_argument("--events", type=int, default=2000, help="how many for each seed")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="one process for each")
    parser.add_argument("--limit", type=float, default=3600, help="seconds for each seed")
    parser.add_argument(
        "--eager",
        action="store_true",
        help="find a use of freed memory sooner: Python's own collections, where they are on, come "
        "often, and freed memory is overwritten",
    )
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # set in the process itself
    given = parser.parse_args(arguments)
    if given.folder is not None:
        faulthandler.enable()
        application = make_application(["maml-explorer"])
        Attempt(given.seed[0], given.folder).play(given.events, given.eager)
        application.processEvents()
        return 0
    well = [attempt(given.events, seed, given.limit, given.eager) for seed in given.seed]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
