"""What a form of the evaluation panel is, and the form of papers' figures and tables.

Each form makes a `JobRequest`: a title, and a function that makes the job in the thread that runs
it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget

from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.reproduction import FULL, QUICK, Item, Plan, standard_store
from explorer.core.jobs.requests import MOST_SEEDS
from explorer.panels.evaluation.fields import count_box, seed_box
from explorer.panels.widgets.controls import label, row
from explorer.panels.widgets.style import Theme
from explorer.state.competitors import Competitors


@dataclass(frozen=True)
class JobRequest:
    """A job that the user wants.

    Attributes:
        title: what people read.
        make: makes the job.
    """

    title: str
    make: Callable[[], Iterator[JobProgress]]


class Form(Protocol):
    """A form for one kind of job."""

    def request(self, competitors: Competitors) -> JobRequest:
        """What is asked for, of these networks.

        Raises:
            UserError: it cannot be had; one sentence says why.
        """

    def show_competitors(self, competitors: Competitors) -> None:
        """Offer these networks."""

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""


def amount_choice(
    quick: int = QUICK.settings.iterations, full: int = FULL.settings.iterations
) -> QComboBox:
    """For how long to train, in meta-iterations; its data say whether it is to be quick."""
    choice = QComboBox()
    choice.setAccessibleName("How thorough")
    less = quick < full
    choice.addItem(f"Quick: {quick:,} meta-iterations" if less else "Quick: fewer networks", True)
    choice.addItem(f"Full: the paper's {full:,}" if less else "Full", False)
    return choice


class ReproductionForm(QWidget):
    """How thorough, from which seed, and from how many."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self._item = item
        self.amount = amount_choice(item.quick, item.full)
        self.seed = seed_box()
        self.seeds = count_box(1, MOST_SEEDS, 1, "Training seeds")
        self.seeds.setToolTip("Trainings of each learner, from seeds one after another")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        help_text = label(item.help, "muted", wrap=True)
        form.addRow(help_text)
        form.addRow(
            label("Training", buddy=self.amount),
            row(self.amount, label("Seed", buddy=self.seed), self.seed, stretch=0),
        )
        if item.seeds:
            form.addRow(label("Seeds", buddy=self.seeds), self.seeds)
        else:  # single networks
            self.seeds.setParent(self)
            self.seeds.hide()

    def request(self, _competitors: Competitors) -> JobRequest:
        """See `Form`."""
        quick = bool(self.amount.currentData())
        plan = Plan(quick, self.seed.value(), standard_store(), seeds=self.seeds.value())
        title = f"{self._item.label}, {'quick' if quick else 'full'}, seed {plan.seed}"
        if plan.seeds > 1:
            title += f" to {plan.training_seeds[-1]}"
        return JobRequest(title, partial(self._item.job, plan))

    def show_competitors(self, competitors: Competitors) -> None:
        """The paper's learners are trained anew; nothing is taken from the sandbox."""

    def apply_theme(self, theme: Theme) -> None:
        """Nothing has colours of its own."""
