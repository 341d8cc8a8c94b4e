"""What the sandbox shows: every learner's way through the gradient steps, as plain arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from explorer.core.adaptation import adapt, curvature, diverged, divergence_sentence
from explorer.core.schema import Range
from explorer.core.tasks import grid, sine
from explorer.state.networks import Entry, Line

GRID_POINTS = 201

Array = NDArray[np.float64]


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
        line: the networks.
        x: inputs over which to predict.
        amplitude: A of the true sine.
        phase: φ of the true sine, radians.
        points: support points.
        alpha: step size α.
        steps: gradient steps n.
    """

    line: Line
    x: Range
    amplitude: float
    phase: float
    points: tuple[SupportPoint, ...]
    alpha: float
    steps: int


@dataclass(frozen=True)
class Trail:
    """One learner after 0, 1, … n gradient steps.

    Attributes:
        prediction: f on the grid, ``(n + 1, G)``.
        mse: mean squared error against the true sine on the grid, ``(n + 1,)``.
        support_mse: mean squared error on the support points, ``(n + 1,)``; NaN without points.
        diverged_at: first step at which adaptation has diverged, or None.
        sentence: why it diverged; empty if it did not.
    """

    prediction: Array
    mse: Array
    support_mse: Array
    diverged_at: int | None
    sentence: str


@dataclass(frozen=True)
class Answer:
    """The trails of every learner for one question.

    Attributes:
        question: what was asked.
        grid: inputs ``(G,)``.
        truth: the true sine on the grid, ``(G,)``.
        trails: by role.
    """

    question: Question
    grid: Array
    truth: Array
    trails: Mapping[str, Trail]


def answer(question: Question, check_wanted: Callable[[], None] = lambda: None) -> Answer:
    """Adapt every network to the question's points with `explorer.core.adaptation.adapt`.

    Args:
        question: what to adapt to what.
        check_wanted: called after every step; may raise to give up.
    """
    torch.set_num_threads(1)
    inputs = grid(question.x, GRID_POINTS)
    truth = sine(inputs, torch.tensor(question.amplitude), torch.tensor(question.phase))
    x = torch.tensor([p.x for p in question.points]).view(1, -1, 1)
    y = torch.tensor([p.y for p in question.points]).view(1, -1, 1)
    trails = {
        role: _trail(entry, question, inputs, truth, x, y, check_wanted)
        for role, entry in question.line.entries.items()
    }
    return Answer(question, _array(inputs), _array(truth), trails)


def _array(tensor: torch.Tensor) -> Array:
    array: Array = tensor.double().numpy()
    return array


def _trail(
    entry: Entry,
    question: Question,
    inputs: torch.Tensor,
    truth: torch.Tensor,
    x: torch.Tensor,
    y: torch.Tensor,
    check_wanted: Callable[[], None],
) -> Trail:
    steps = []
    for step in adapt(
        entry.theta, entry.network, x, y, inputs, alpha=question.alpha, steps=question.steps
    ):
        check_wanted()
        steps.append(step)
    losses = torch.stack([step.support_loss for step in steps])
    prediction = torch.cat([step.prediction for step in steps])
    flags = diverged(losses, y)[:, 0].tolist()
    at = flags.index(True) if True in flags else None
    sentence = ""
    if at is not None:
        sharpest = curvature(entry.theta, entry.network, x, y)
        sentence = divergence_sentence(entry.label, at, question.alpha, sharpest)
    mse = (prediction - truth).square().mean(-1)
    return Trail(_array(prediction), _array(mse), _array(losses[:, 0]), at, sentence)
