"""Those that comparisons and grids are about: trained networks, an untrained one, closed forms."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families import Family
from explorer.core.families.base import Estimator
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.network.mlp import initialise, make_network


@dataclass(frozen=True, eq=False)
class Competitor:
    """One of those that are compared.

    Attributes:
        label: what people read; no two competitors of a comparison share one.
        role: the learner's name, "random", or the name of one in closed form, which then follows
            from the task distribution of the comparison, whatever its start.
        start: where adaptation starts; None for a closed form.
        settings: of its training; None if it was not trained.
    """

    label: str
    role: str
    start: Start | None = None
    settings: Settings | None = None

    @property
    def own_alpha(self) -> float:
        """The effective α of its training; the paper's if it was not trained."""
        return (self.settings or Settings()).effective_alpha


def untrained(settings: Settings) -> StartingPoint:
    """The network of an experiment before training; not the one that its training starts from."""
    network = make_network(settings.hidden, settings.activation)
    return StartingPoint(network, initialise(network, stream(settings.seed, "sandbox network")))


def closed_form(role: str, family: Family) -> Estimator:
    """One in closed form, for tasks of a family.

    Raises:
        UserError: it is not known for them.
    """
    form = CLOSED_FORMS[role]
    start = form.start(family)
    if start is None:
        raise UserError(f"{form.label} is not known for {family.label} tasks: leave it out.")
    return start


def start_of(competitor: Competitor, family: Family) -> Start:
    """Where a competitor's adaptation to tasks of a family starts.

    Raises:
        UserError: it has no start and is no closed form either, or cannot be told these tasks.
    """
    if competitor.role in CLOSED_FORMS:
        return closed_form(competitor.role, family)
    if competitor.start is None:
        raise UserError(f"{competitor.label} has no network: train it or open a file with it.")
    if not understands(competitor.start, competitor.settings, family):
        told = "other" if competitor.settings is None else competitor.settings.family.label
        raise UserError(
            f"{competitor.label} is told the parameters of {told} tasks and knows no others: leave "
            f"it out, or choose those in place of {family.label} tasks."
        )
    return competitor.start


def understands(start: Start, trained_on: Settings | None, family: Family) -> bool:
    """Whether tasks of a family are such as a network can be told, if it is told its task."""
    if not isinstance(start, StartingPoint) or not start.sees_task:
        return True
    told = None if trained_on is None else trained_on.family
    return told is not None and (told.name, told.size) == (family.name, family.size)
