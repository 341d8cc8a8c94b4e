"""Figures as jobs make them, and jobs under the test's control in place of real ones."""

import threading
from collections.abc import Iterator

import numpy as np

from explorer.core.figures.figure import Curve, Figure, HeatMap, JobProgress, Panel, Row
from tests.trainers import PATIENCE

STEPS = np.arange(11.0)
DECAY = {"maml": (0.35, 2.7, 1.2), "pretrained": (1.9, 1.1, 0.25), "oracle": (0.03, 2.5, 2.5)}
LABELS = {"maml": "MAML", "pretrained": "Pretrained", "oracle": "Oracle"}
X = np.linspace(-5, 5, 100)


def losses(role: str, shots: int) -> np.ndarray:
    """Mean squared error after 0 to 10 steps, as a learner may have it."""
    floor, fall, rate = DECAY[role]
    return (floor + fall * np.exp(-rate * STEPS)) * (5 / shots) ** 0.5


def loss_curve(role: str, shots: int, label: str = "") -> Curve:
    """A learner's loss against steps with a band around it."""
    y = losses(role, shots)
    return Curve(role, label or LABELS[role], STEPS, y, 0.9 * y, 1.1 * y)


def loss_rows(shots: int) -> tuple[Row, ...]:
    """Numbers beside the paper's."""
    return tuple(
        Row(
            "fig3",
            role,
            LABELS[role],
            shots,
            1,
            0.67 if role == "maml" else None,
            float(losses(role, shots)[1]),
            0.04,
            3 if role == "maml" else 0,
            "better" if role == "maml" else "",
        )
        for role in DECAY
    )


def loss_figure(panels: int = 3, complete: bool = True, title: str = "Figure 3") -> Figure:
    """Like Figure 3: loss against steps at K = 5, 10 and 20."""
    all_shots = (5, 10, 20)[:panels]
    return Figure(
        "fig3",
        title,
        tuple(
            Panel(
                f"K = {shots}", "gradient steps", "MSE",
                tuple(loss_curve(role, shots) for role in DECAY), log_y=True,
            )
            for shots in all_shots
        ),
        columns=3,
        rows=tuple(row for shots in all_shots for row in loss_rows(shots)),
        protocol=(
            "600 fresh tasks, K support points each, error on 100 points without noise.",
            "α = 0.01 for MAML; pretrained and oracle take the best of 0.001 to 0.1 for each K.",
        ),
        notes=("MAML is ahead of the paper after one step: the paper measures on K points only.",),
        provenance="maml-explorer 0.1, seed 0, 2026-07-30",
        complete=complete,
    )  # fmt: skip


def fit_figure() -> Figure:
    """Like Figure 2: the truth, the points used, and curves by steps taken."""
    truth = 3.2 * np.sin(X - 1)
    used = np.array([-4.1, -2.2, 0.4, 1.9, 3.3])
    looks = {"before update": (1.0, 2.0), "1 step": (1.0, 1.0), "10 steps": (4.0, 2.0)}
    panels = []
    for role in ("maml", "pretrained"):
        for shots in (5, 10):
            points = used if shots == 5 else np.concatenate([used, used + 0.6])
            curves = [
                Curve("truth", "true sine", X, truth),
                Curve(
                    "points",
                    "points used",
                    points,
                    3.2 * np.sin(points - 1),
                    markers=True,
                ),
            ]
            for share, (label, dashes) in zip((0.1, 0.7, 0.95), looks.items(), strict=True):
                curves.append(
                    Curve(
                        role,
                        label,
                        X,
                        share * truth,
                        dashes=dashes,
                        opacity=0.5 if share < 0.5 else 1.0,
                    )
                )
            title = f"{LABELS[role]}, K = {shots}"
            panels.append(Panel(title, "x", "y", tuple(curves), y_range=(-5.5, 5.5)))
    return Figure(
        "fig2", "Figure 2", tuple(panels), columns=2, complete=True,
        protocol=("One sine with A = 3.2 and φ = 1; α = 0.01.",), provenance="seed 0",
    )  # fmt: skip


def heat_figure() -> Figure:
    """Like the grid: best loss over K and α, hatched where more steps hurt."""
    values = np.array([[0.9, 0.5, 0.3], [0.6, 0.35, 0.12], [4.2, np.nan, 0.9]])
    marks = tuple(tuple("" if np.isnan(v) else f"{v:.2f}" for v in line) for line in values)
    hatched = np.zeros((3, 3), bool)
    hatched[2, 0] = True
    heat = HeatMap(("1", "5", "10"), ("0.001", "0.01", "0.1"), values, marks, hatched)
    panel = Panel("K = 5", "gradient steps", "α", heat_map=heat)
    return Figure("grid", "K × steps × α", (panel, panel), columns=2, complete=True)


class GatedJob:
    """Does one item each time the test opens the gate, and can be told to fail.

    Attributes:
        thread: the thread that made it.
        closed: set once its generator has been let go.
        error: raised in place of the next item.
    """

    def __init__(self, items: int = 4, figure: Figure | None = None) -> None:
        self.gate = threading.Semaphore(0)
        self.figure = figure or loss_figure(1)
        self.items = items
        self.thread: threading.Thread | None = None
        self.closed = threading.Event()
        self.error: Exception | None = None

    def open(self, times: int = 1) -> None:
        """Let items happen."""
        self.gate.release(times)

    def __call__(self) -> Iterator[JobProgress]:
        """The job."""
        self.thread = threading.current_thread()
        try:
            for item in range(1, self.items + 1):
                self.gate.acquire(timeout=PATIENCE)
                if self.error is not None:
                    raise self.error
                yield JobProgress(item / self.items, f"part {item}", self.figure)
        finally:
            self.closed.set()


def endless() -> Iterator[JobProgress]:
    """A job of small items that never ends."""
    pause = threading.Event()
    while True:
        pause.wait(0.01)
        yield JobProgress(0.5, "half way")
