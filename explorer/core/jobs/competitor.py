"""Those that comparisons and grids are about: trained networks, an untrained one, closed forms."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.core.adaptation.inner_loop import Start
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families import Family
from explorer.core.families.base import Estimator
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.network.mlp import initialise, make_network

RANDOM, UNTRAINED = "random", "Untrained"  # role and label of the network that has not trained


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
    _check_told(competitor, family)
    return competitor.start


def _check_told(competitor: Competitor, family: Family) -> None:
    start, settings = competitor.start, competitor.settings
    if settings is None or not isinstance(start, StartingPoint) or not start.sees_task:
        return
    trained_on = settings.family
    if trained_on.name != family.name or trained_on.size != family.size:
        raise UserError(
            f"{competitor.label} is told the parameters of {trained_on.label} tasks and knows no "
            f"others: leave it out, or choose {trained_on.label} instead of {family.label} tasks."
        )
