"""What the sandbox shows: every learner's way through the gradient steps, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.core.adaptation.inner_loop import divergence_sentence
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.adaptation.trajectory import Array, Divergence, Trail, walk_together
from explorer.core.base.lazy_torch import torch
from explorer.core.families.sampling import grid, sine
from explorer.state.networks import Entry, Line

GRID_POINTS = 201


@dataclass(frozen=True)
class SupportPoint:
    """A point to learn from.

    Attributes:
        x: input.
        y: target.
        snapped: whether the target lies on the sine and follows it when it changes.
    """

    x: float
    y: float
    snapped: bool


@dataclass(frozen=True)
class Question:
    """Everything that decides an adaptation, and nothing else.

    Attributes:
        line: the networks, and by their settings the inputs over which to predict.
        roles: those of them that are to adapt.
        amplitude: A of the true sine.
        phase: φ of the true sine, radians.
        points: support points.
        alpha: step size α.
        steps: gradient steps n.
    """

    line: Line
    roles: frozenset[str]
    amplitude: float
    phase: float
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
        truth: the true sine on the grid, ``(G,)``.
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
        GivenUpError: nobody waits for it any more.
    """
    torch.set_num_threads(1)
    inputs = grid(question.line.settings.x, GRID_POINTS)
    truth = sine(inputs, torch.tensor(question.amplitude), torch.tensor(question.phase))
    x = torch.tensor([p.x for p in question.points]).view(1, -1, 1)
    y = torch.tensor([p.y for p in question.points]).view(1, -1, 1)
    entries = {
        role: entry for role, entry in question.line.entries.items() if role in question.roles
    }
    found = walk_together(
        *([entry.start for entry in entries.values()], x, y, inputs, truth),
        alpha=question.alpha,
        steps=question.steps,
        task=torch.tensor([[[question.amplitude, question.phase]]]),
    )
    trails = dict(zip(entries, found, strict=True))
    sentences = {
        role: _sentence(entries[role], trail.divergence, question.alpha)
        for role, trail in trails.items()
        if trail.divergence is not None
    }
    arrays = inputs.double().numpy(), truth.double().numpy()
    return Answer(question, *arrays, trails, sentences)


def _sentence(entry: Entry, found: Divergence, alpha: float) -> str:
    own_steps = isinstance(entry.start, StartingPoint) and entry.start.has_own_steps
    return divergence_sentence(entry.label, found.step, alpha, found.curvature, own_steps)
