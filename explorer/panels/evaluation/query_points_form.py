"""The form of the question of how many query points: how thorough, and how many seeds."""

from collections.abc import Iterator
from functools import partial

from PySide6.QtWidgets import QFormLayout, QWidget

from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.query_points import query_points
from explorer.core.jobs.query_points_request import QueryPoints
from explorer.core.jobs.requests import MAX_TASKS, MOST_SEEDS
from explorer.panels.evaluation.fields import count_box, seed_box
from explorer.panels.evaluation.forms import JobRequest, amount_choice
from explorer.panels.widgets.controls import label, row
from explorer.panels.widgets.style import Theme
from explorer.state.competitors import Competitors

HELP = (
    "MAML trained with 1, 2, 5, 10, 20 and 50 fresh query points for each task, and with the "
    "support points again, each from several seeds."
)


class QueryPointsForm(QWidget):
    """How long to train, from how many seeds, and on how many tasks to measure."""

    def __init__(self) -> None:
        super().__init__()
        asked = QueryPoints()
        self.amount = amount_choice()
        self.seeds = count_box(1, MOST_SEEDS, asked.seeds, "Training seeds")
        self.tasks = count_box(1, MAX_TASKS, asked.tasks, "Tasks")
        self.seed = seed_box()
        self.seed.setToolTip("The first training's; it also draws the tasks")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(label(HELP, "muted", wrap=True))
        training = row(self.amount, label("Seeds", buddy=self.seeds), self.seeds, stretch=0)
        seed = row(self.seed, label("Tasks", buddy=self.tasks), self.tasks)
        form.addRow(label("Training", buddy=self.amount), training)
        form.addRow(label("First seed", buddy=self.seed), seed)

    def request(self, _competitors: Competitors) -> JobRequest:
        """See `Form`."""
        quick = bool(self.amount.currentData())
        asked = QueryPoints(quick, self.seeds.value(), self.seed.value(), self.tasks.value())
        amount = "quick" if quick else "full"
        seeds = "1 seed" if asked.seeds == 1 else f"{asked.seeds} seeds"
        title = f"Query points, {amount}, {seeds} from {asked.seed}"
        return JobRequest(title, partial(_job, asked))

    def show_competitors(self, competitors: Competitors) -> None:
        """MAML is trained anew; nothing is taken from the sandbox."""

    def apply_theme(self, theme: Theme) -> None:
        """Nothing has colours of its own."""


def _job(asked: QueryPoints) -> Iterator[JobProgress]:
    yield from query_points(asked)
