"""What the sandbox shows: every learner's way through the gradient steps, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.core.adaptation.inner_loop import Start, divergence_sentence, takes_own_steps
from explorer.core.adaptation.trajectory import Array, Divergence, Trail, walk_together
from explorer.core.base.lazy_torch import torch
from explorer.core.families import Family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.jobs.competitor import understands
from explorer.state.competitors import Competitors, LazyCompetitor

GRID_POINTS = 201


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
class Question:
    """Everything that decides an adaptation, and nothing else.

    Attributes:
        competitors: the networks, and by their settings the inputs over which to predict.
        roles: those of them that are to adapt.
        family: of the task.
        task: parameters of the true function.
        points: support points.
        alpha: step size α.
        steps: gradient steps n.
    """

    competitors: Competitors
    roles: frozenset[str]
    family: Family
    task: tuple[float, ...]
    points: tuple[SupportPoint, ...]
    alpha: float
    steps: int

    def covers(self, other: Question) -> bool:
        """Whether the answer to this question answers another one too."""
        return other.roles <= self.roles and replace(self, roles=other.roles) == other


@dataclass(frozen=True)
class Answer:
    """The trails of the learners that a question asks for.

    Attributes:
        question: what was asked.
        grid: inputs ``(G,)``.
        truth: the true function on the grid, ``(G,)``.
        trails: by role.
        sentences: why adaptation diverged, for the roles where it did.
    """

    question: Question
    grid: Array
    truth: Array
    trails: Mapping[str, Trail]
    sentences: Mapping[str, str]


def answer(question: Question) -> Answer:
    """Adapt the networks asked for to the question's points.

    Raises:
        CancelledWorkError: nobody waits for it any more.
    """
    torch.set_num_threads(1)
    family, task = question.family, torch.tensor([[question.task]])
    inputs = torch.linspace(family.x.low, family.x.high, GRID_POINTS)
    truth = family.function(inputs.view(1, -1, 1), task).view(-1)
    x = torch.tensor([p.x for p in question.points]).view(1, -1, 1)
    y = torch.tensor([p.y for p in question.points]).view(1, -1, 1)
    competitors = {
        role: one for role, one in question.competitors.by_role.items() if role in question.roles
    }
    starts = {role: _start(role, one, family) for role, one in competitors.items()}
    known = {role: start for role, start in starts.items() if start is not None}
    found = walk_together(
        *(list(known.values()), x, y, inputs, truth),
        alpha=question.alpha,
        steps=question.steps,
        task=task,
    )
    trails = dict(zip(known, found, strict=True))
    sentences = {
        role: _sentence(competitors[role], trail.divergence, question.alpha)
        for role, trail in trails.items()
        if trail.divergence is not None
    }
    arrays = inputs.double().numpy(), truth.double().numpy()
    return Answer(question, *arrays, trails, sentences)


def _start(role: str, one: LazyCompetitor, family: Family) -> Start | None:
    """Where a competitor starts on a task of a family; None if it cannot."""
    if role in CLOSED_FORMS:
        return CLOSED_FORMS[role].start(family)
    start = one.start
    return start if understands(start, one.settings, family) else None


def _sentence(one: LazyCompetitor, found: Divergence, alpha: float) -> str:
    own_steps = takes_own_steps(one.start)
    return divergence_sentence(one.label, found.step, alpha, found.curvature, own_steps)
