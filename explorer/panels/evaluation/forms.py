"""What a form of the evaluation panel is, and the form of the paper's figures and table.

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
from explorer.panels.evaluation.fields import seed_box
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


def amount_choice() -> QComboBox:
    """For how long to train; its data say whether it is to be quick."""
    choice = QComboBox()
    choice.setAccessibleName("How thorough")
    choice.addItem(f"Quick: {QUICK.settings.iterations:,} meta-iterations", True)
    choice.addItem(f"Full: the paper's {FULL.settings.iterations:,}", False)
    return choice


class ReproductionForm(QWidget):
    """How thorough, and from which seed."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self._item = item
        self.amount = amount_choice()
        self.seed = seed_box()
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        help_text = label(item.help, "muted", wrap=True)
        form.addRow(help_text)
        form.addRow(
            label("Training", buddy=self.amount),
            row(self.amount, label("Seed", buddy=self.seed), self.seed, stretch=0),
        )

    def request(self, _competitors: Competitors) -> JobRequest:
        """See `Form`."""
        quick = bool(self.amount.currentData())
        plan = Plan(quick, self.seed.value(), standard_store())
        title = f"{self._item.label}, {'quick' if quick else 'full'}, seed {plan.seed}"
        return JobRequest(title, partial(self._item.job, plan))

    def show_competitors(self, competitors: Competitors) -> None:
        """The paper's learners are trained anew; nothing is taken from the sandbox."""

    def apply_theme(self, theme: Theme) -> None:
        """Nothing has colours of its own."""
