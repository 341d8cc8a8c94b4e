"""Random events on the real window, in a process of its own for each seed.

``python -m tests.torture.random_events --events 5000 --seed 0 1 2`` opens the window offscreen and
sends it that many clicks, drags, keys, changes of theme and jobs for each seed, while it trains.
It prints a line for each seed and exits with 1 if a process died or an error went unhandled.
"""

import argparse
import faulthandler
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STALL = 0.25  # seconds for which the window may not stand still
PAUSES = (0, 0, 0, 1, 5, 20)  # milliseconds for other events after each


def play(events: int, seed: int, folder: Path) -> None:
    """Do it in this process; what has been done so far is written to the folder."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from explorer.app.launch import make_application, make_workspace
    from explorer.app.main_window import MainWindow
    from explorer.app.options import WindowOptions
    from explorer.state.preferences import Preferences
    from tests.torture.hand import Hand

    application = make_application(["maml-explorer"])
    workspace = make_workspace(WindowOptions(seed=seed), folder / "kept.safetensors")
    window = MainWindow(workspace, Preferences(folder / "settings.ini"))
    errors: Counter[str] = Counter()
    sys.excepthook = lambda kind, error, _: errors.update([f"{kind.__name__}: {error}"[:160]])
    window.show()
    hand, began = Hand(window, seed, folder), time.perf_counter()
    seen: dict[str, Any] = {"events": 0, "slowest": 0.0, "stalls": 0, "widgets": 0}
    timer = QTimer()
    timer.setSingleShot(True)
    loop = QEventLoop()
    timer.timeout.connect(loop.quit)
    for number in range(1, events + 1):
        start = time.perf_counter()
        hand.act()
        took = time.perf_counter() - start
        seen["slowest"], seen["stalls"] = max(seen["slowest"], took), seen["stalls"] + (took > STALL)
        timer.start(hand.draw.choice(PAUSES))
        loop.exec()
        if number % 20 == 0 or number == events:
            seen["widgets"] = max(seen["widgets"], len(QApplication.allWidgets()))
            seen |= {
                "events": number,
                "seconds": time.perf_counter() - began,
                "jobs": len(workspace.jobs.jobs),
                "iteration": workspace.session.iteration,
                "done": dict(hand.done),
                "errors": dict(errors),
                "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
            (folder / "seen.json").write_text(json.dumps(seen), encoding="utf-8")
    window.close()
    application.processEvents()


def attempt(events: int, seed: int, limit: float) -> bool:
    """One seed in a process of its own: prints what came of it, and says whether it was well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.torture.random_events"]
        command += ["--events", str(events), "--seed", str(seed), "--folder", name]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_DATA_HOME": name}
        with (folder / "log").open("w", encoding="utf-8") as log:
            try:
                code: object = subprocess.run(
                    command, env=environment, stdout=log, stderr=log, timeout=limit, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                code = "out of time"
        log_text = (folder / "log").read_text(encoding="utf-8", errors="replace")
        path = folder / "seen.json"
        seen = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    numbers = {k: v for k, v in seen.items() if k not in {"done", "errors"}}
    shown = ", ".join(f"{k} {round(v, 2)}" for k, v in numbers.items())
    sys.stdout.write(f"seed {seed}: exit {code}; {shown}; themes {_count(seen, 'theme')}; ")
    sys.stdout.write(f"errors {seen.get('errors', {})}\n")
    if code != 0:
        sys.stdout.write(log_text[-6000:] + "\n")
    sys.stdout.flush()
    return code == 0 and not seen.get("errors")


def _count(seen: dict[str, Any], rule: str) -> int:
    return int(seen.get("done", {}).get(rule, 0))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.random_events")
    parser.add_argument("--events", type=int, default=2000, help="how many for each seed")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="one process for each")
    parser.add_argument("--limit", type=float, default=3600, help="seconds for each seed")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # set in the process itself
    given = parser.parse_args(arguments)
    if given.folder is not None:
        faulthandler.enable()
        play(given.events, given.seed[0], given.folder)
        return 0
    return 0 if all([attempt(given.events, seed, given.limit) for seed in given.seed]) else 1


if __name__ == "__main__":
    sys.exit(main())
