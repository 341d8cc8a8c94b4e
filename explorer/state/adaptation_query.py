"""What the sandbox shows: every learner's way through the gradient steps, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from explorer.core.adaptation.divergence import divergence_sentence, takes_own_steps
from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.adaptation.step_values import StepValues, step_values
from explorer.core.adaptation.trajectory import Array, Divergence, Trajectory, trajectories_of
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.families import Family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.families.numerics import CURVE_POINTS
from explorer.core.jobs.competitor import Competitor, start_of
from explorer.state.competitors import Competitors, LazyCompetitor

KEPT_FROZEN = 32


@dataclass(frozen=True)
class SupportPoint:
    """A point to learn from.

    Attributes:
        x: input.
        y: target.
        snapped: whether the target lies on the function and follows it when it changes.
    """

    x: float
    y: float
    snapped: bool


@dataclass(frozen=True)
class AdaptationQuery:
    """Everything that decides an adaptation, and nothing else.

    Attributes:
        competitors: the networks, and by their settings the inputs over which to predict.
        roles: those of them that are to adapt.
        family: of the task.
        task: parameters of the true function.
        points: support points.
        alpha: step size α.
        steps: gradient steps n.
        frozen: indices of the layers that do not adapt.
        query_x: inputs of query points, on which no adaptation depends.
        explained: the role whose steps are wanted in numbers, or None.
    """

    competitors: Competitors
    roles: frozenset[str]
    family: Family
    task: tuple[float, ...]
    points: tuple[SupportPoint, ...]
    alpha: float
    steps: int
    frozen: frozenset[int] = frozenset()
    query_x: tuple[float, ...] = ()
    explained: str | None = None

    def covers(self, other: AdaptationQuery) -> bool:
        """Whether the answer to this question answers another one too."""
        return other.roles <= self.roles and replace(self, roles=other.roles) == other

    @property
    def origin(self) -> str:
        """Where the networks come from, and what else is not as one may expect.

        Which is what they were trained on, if the task is another one, and which layers are frozen.
        """
        text, trained_on = self.competitors.origin, self.competitors.settings.family
        if self.competitors.shots is not None and trained_on.name != self.family.name:
            text += f", trained on {trained_on.label} tasks"
        return " · ".join(filter(None, (text, frozen_text(self.frozen))))


@dataclass(frozen=True)
class AdaptationAnswer:
    """The trajectories of the learners that a question asks for.

    Attributes:
        question: what was asked.
        grid: inputs ``(G,)``.
        truth: the true function on the grid, ``(G,)``.
        trajectories: by role.
        sentences: why adaptation diverged, for the roles where it did.
        unable: why there is no trajectory, for the roles asked for that have none.
        query_mse: mean squared error on the query points by role, ``(n + 1,)``; empty without such.
        explanation: the steps of the role to be explained; None if that takes none.
    """

    question: AdaptationQuery
    grid: Array
    truth: Array
    trajectories: Mapping[str, Trajectory]
    sentences: Mapping[str, str]
    unable: Mapping[str, str]
    query_mse: Mapping[str, Array] = field(default_factory=dict)
    explanation: StepValues | None = None


def frozen_text(frozen: frozenset[int]) -> str:
    """Which layers are frozen, counted from 1: "layers 1 and 3 frozen"; empty if none is."""
    *others, last = (str(layer + 1) for layer in sorted(frozen)) if frozen else ("",)
    if others:
        return f"layers {', '.join(others)} and {last} frozen"
    return f"layer {last} frozen" if last else ""


def answer(question: AdaptationQuery) -> AdaptationAnswer:
    """Adapt the networks asked for to the question's points.

    Raises:
        CancelledWorkError: nobody waits for it any more.
    """
    torch.set_num_threads(1)
    family, task = question.family, torch.tensor([[question.task]])
    inputs = torch.linspace(family.x.low, family.x.high, CURVE_POINTS)
    truth = family.function(inputs.view(1, -1, 1), task).view(-1)
    x = torch.tensor([p.x for p in question.points]).view(1, -1, 1)
    y = torch.tensor([p.y for p in question.points]).view(1, -1, 1)
    competitors = {
        role: one for role, one in question.competitors.by_role.items() if role in question.roles
    }
    known, unable = starts_of(competitors, family, question.frozen)
    adapted = partial(
        trajectories_of,
        *(list(known.values()), x, y),
        alpha=question.alpha,
        steps=question.steps,
        task=task,
    )
    trajectories = dict(zip(known, adapted(inputs, truth), strict=True))
    sentences = {
        role: _sentence(competitors[role], trajectory.divergence, question.alpha)
        for role, trajectory in trajectories.items()
        if trajectory.divergence is not None
    }
    query_mse: dict[str, Array] = {}
    if question.query_x:  # a course of its own, so that the curves are the same with and without
        query = torch.tensor(question.query_x)
        judged = adapted(query, family.function(query.view(1, -1, 1), task).view(-1))
        query_mse = {role: each.mse for role, each in zip(known, judged, strict=True)}
    explained, explanation = known.get(question.explained or ""), None
    if isinstance(explained, StartingPoint):
        explanation = step_values(
            *(explained, x, y), alpha=question.alpha, steps=question.steps, task=task
        )
    arrays = inputs.double().numpy(), truth.double().numpy()
    return AdaptationAnswer(
        *(question, *arrays, trajectories, sentences, unable, query_mse, explanation)
    )


def starts_of(
    competitors: Mapping[str, LazyCompetitor],
    family: Family,
    frozen: frozenset[int] = frozenset(),
) -> tuple[dict[str, Start], dict[str, str]]:
    """Where each starts on a task of a family, and why those that cannot have no start.

    Args:
        competitors: by role.
        family: of the task.
        frozen: indices of the layers that do not adapt.
    """
    starts: dict[str, Start] = {}
    unable: dict[str, str] = {}
    for role, one in competitors.items():
        own = None if role in CLOSED_FORMS else one.start
        try:
            found = start_of(Competitor(one.label, role, own, one.settings), family)
            starts[role] = found
            if frozen:
                starts[role] = _with_frozen_layers(found, frozen)  # type: ignore[arg-type]
        except UserError as error:
            unable[role] = str(error)
    return starts, unable


@lru_cache(KEPT_FROZEN)
def _with_frozen_layers(start: Start, frozen: frozenset[int]) -> Start:
    """The same object for the same start, by which others know what they have computed of it."""
    return with_frozen_layers(start, frozen)


def _sentence(one: LazyCompetitor, found: Divergence, alpha: float) -> str:
    own_steps = takes_own_steps(one.start)
    return divergence_sentence(one.label, found.step, alpha, found.curvature, own_steps)
