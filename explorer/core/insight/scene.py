"""What every instrument looks at: one task, points on it, and learners that adapt to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.families import Family
from explorer.core.families.numerics import CURVE_POINTS
from explorer.core.insight.finished_trainings import FinishedTrainings
from explorer.core.training.loop import Run

if TYPE_CHECKING:
    from torch import Tensor


def unknown() -> None:
    """What is not known."""


class Way(NamedTuple):
    """One learner after 0, 1, … S gradient steps on the support points.

    Attributes:
        prediction: f on the grid, ``(S + 1, G)``.
        theta: its parameters, ``(S + 1, P + C)``; None of a learner without gradient steps.
        support_loss: ``(S + 1,)``; NaN without points.
        diverged: the first step by which it had diverged, or None.
    """

    prediction: Tensor
    theta: Tensor | None
    support_loss: Tensor
    diverged: int | None


@dataclass(frozen=True, eq=False)
class Member:
    """One of the learners that are looked at.

    Attributes:
        role: whose look it has.
        label: what people read.
        start: where its adaptation starts.
        thawed: the same with every layer that it adapts, if some are frozen; else None.
        run: finds the training run that stands at this start; None if there is none.
    """

    role: str
    label: str
    start: Start
    thawed: StartingPoint | None = None
    run: Callable[[], Run | None] = unknown

    @property
    def network(self) -> StartingPoint | None:
        """Where its gradient steps start; None if it adapts without."""
        return self.start if isinstance(self.start, StartingPoint) else None


@dataclass(frozen=True, eq=False)
class Scene:
    """A task, support points on it, and the learners that adapt to them.

    Attributes:
        family: of the task.
        task: its parameters.
        support: the support points (x, y).
        alpha: step size α.
        steps: gradient steps S.
        step: the step that is shown, 0 to S.
        members: the learners, in the order in which they are listed.
        settings: of the training that the learners come from.
        focus: role of the learner that pictures of a single one are about.
        frozen: layers, counted from 0, that do not adapt.
        finished: finds the table of finished trainings; None if there is none.
    """

    family: Family
    task: tuple[float, ...]
    support: tuple[tuple[float, float], ...]
    alpha: float
    steps: int
    step: int
    members: tuple[Member, ...]
    settings: Settings
    focus: str = ""
    frozen: frozenset[int] = frozenset()
    finished: Callable[[], FinishedTrainings | None] = unknown

    @cached_property
    def x(self) -> Tensor:
        """Inputs of the support points, ``(1, K, 1)``."""
        return torch.tensor([x for x, _ in self.support]).view(1, -1, 1)

    @cached_property
    def y(self) -> Tensor:
        """Their targets, ``(1, K, 1)``."""
        return torch.tensor([y for _, y in self.support]).view(1, -1, 1)

    @cached_property
    def task_row(self) -> Tensor:
        """Parameters of the task, ``(1, 1, P)``."""
        return torch.tensor([[self.task]])

    @cached_property
    def grid(self) -> Tensor:
        """Inputs at which curves are taken, ``(G,)``."""
        return torch.linspace(self.family.x.low, self.family.x.high, CURVE_POINTS)

    @cached_property
    def truth(self) -> Tensor:
        """The true function on the grid, ``(G,)``."""
        values: Tensor = self.family.function(self.grid.view(1, -1, 1), self.task_row).view(-1)
        return values

    @property
    def networks(self) -> tuple[tuple[Member, StartingPoint], ...]:
        """The learners that take gradient steps, each with where they start."""
        return tuple((m, m.network) for m in self.members if m.network is not None)

    @property
    def focused(self) -> tuple[Member, StartingPoint] | None:
        """The learner that pictures of a single one are about; None if none takes steps."""
        networks = self.networks
        chosen = (pair for pair in networks if pair[0].role == self.focus)
        return next(chosen, networks[0] if networks else None)

    @cached_property
    def ways(self) -> Mapping[str, Way]:
        """How each learner gets on, by role; computed when first asked for."""
        return {member.role: self._way(member.start) for member in self.members}

    @property
    def even_inputs(self) -> Tensor:
        """As many inputs as training has support points, in the middles of even parts, ``(K,)``."""
        return torch.tensor(self.family.x.middles(self.settings.shots))

    def errors(self, role: str) -> Tensor:
        """Mean squared error of a learner on the grid after each step, ``(S + 1,)``."""
        return (self.ways[role].prediction.double() - self.truth.double()).square().mean(-1)

    def _way(self, start: Start) -> Way:
        blocks = list(
            adapt_in_blocks(
                *(start, self.x, self.y, self.grid),
                alpha=self.alpha,
                steps=self.steps,
                task=self.task_row,
            )
        )
        thetas = [block.theta for block in blocks if block.theta is not None]
        losses = torch.cat([block.support_loss for block in blocks])
        gone = diverged(losses, self.y)[:, 0]
        return Way(
            torch.cat([block.prediction for block in blocks])[:, 0],
            torch.cat(thetas)[:, 0] if thetas else None,
            losses[:, 0],
            int(gone.int().argmax()) if gone.any() else None,
        )
