"""Where a learner that is looked at stands in its training."""

from __future__ import annotations

from dataclasses import dataclass, field

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.insight.meta_iteration import begun_with, why_not
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import NOBODY
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import parameter_count
from explorer.core.training.loop import Run

NOT_TRAINED = "{} is not trained: choose a learner that is."


@dataclass(frozen=True)
class Origin:
    """A learner at a network; two are the same while it stays at the same one.

    Attributes:
        role: the learner.
        start: where its adaptation starts, with every layer; the same object for the same network.
        member: the learner in the scene.
        settings: of its training, where no run is known.
    """

    role: str
    start: StartingPoint
    member: Member = field(compare=False)
    settings: Settings = field(compare=False)

    @property
    def is_known(self) -> bool:
        """Whether the state of its training is known, and not its weights alone."""
        return self._known() is not None

    def run(self) -> Run:
        """The run that stands there, of all its learners, or one that begins with the weights.

        Raises:
            UserError: what it learned is not known, or not with which settings.
        """
        known = self._known()
        if known is not None:
            return known
        elsewhere = self.member.run()  # it has been there, or goes there
        settings = self.settings if elsewhere is None else elsewhere.settings
        rule, network = LEARNERS[self.role], self.start.network
        if rule.network(settings) != network:
            raise UserError(f"It is not known with which settings {self.member.label} was trained.")
        theta = self.start.theta[: parameter_count(network)]
        if len(rule.begin(theta, settings)) > len(theta):
            raise UserError(
                f"What {self.member.label} has learned besides its weights is not known here: look "
                "at a training run or at a file that it can be resumed from."
            )
        return begun_with(settings, self.role, theta)

    def _known(self) -> Run | None:
        """The run, if it stands at the start."""
        run = self.member.run()
        if run is None or self.role not in run.learners:
            return None
        start = run.starting_point(self.role)
        same = isinstance(start, StartingPoint) and torch.equal(start.theta, self.start.theta)
        return run if same else None


def origin_of(scene: Scene) -> Origin | str:
    """That of the chosen learner, or why its meta-iteration cannot be taken apart."""
    if scene.focused is None:
        return NOBODY
    member, start = scene.focused
    if member.role not in LEARNERS:
        return NOT_TRAINED.format(member.label)
    return why_not(member.role) or Origin(
        member.role, member.thawed or start, member, scene.settings
    )
