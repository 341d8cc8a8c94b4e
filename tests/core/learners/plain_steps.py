"""Gradient steps and the losses after them, by autograd, one task at a time."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from tests.core import reference
from tests.core.learners.problems import Problem

TaskLoss = Callable[[Tensor, Tensor, Tensor], Tensor]  # of what adapts, x and y
Rate = Tensor | float | Callable[[Tensor], Tensor]  # factors, or a map of the gradient
Rates = Rate | list[Rate]  # the same in every step, or one for each


def predict(problem: Problem, theta: Tensor, x: Tensor) -> Tensor:
    """F at the points of one task."""
    return reference.predict(theta, x, problem.network.sizes, problem.settings.activation)


def mse(problem: Problem, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The loss of one task."""
    return reference.loss(theta, x, y, problem.network.sizes, problem.settings.activation)


def descended(
    begin: Tensor, loss: TaskLoss, x: Tensor, y: Tensor, rates: Rates, steps: int
) -> Iterator[Tensor]:
    """What adapts, after each gradient step on one task; differentiable in all that it saw."""
    state = begin
    for step in range(steps):
        (gradient,) = torch.autograd.grad(loss(state, x, y), state, create_graph=True)
        rate = rates[step] if isinstance(rates, list) else rates
        state = state - (rate(gradient) if callable(rate) else rate * gradient)
        yield state


def adapted_loss(
    problem: Problem,
    begin: Tensor,
    loss: TaskLoss,
    rates: Rates,
    support_loss: TaskLoss | None = None,
) -> Tensor:
    """Query loss after the last inner step, or weighted over all of them; averaged over tasks.

    The inner loop descends the same loss on the support points, unless told another.
    """
    steps, total = problem.settings.inner_steps, []
    weights = [0.0] * (steps - 1) + [1.0]
    if problem.weights is not None:
        weights = problem.weights.tolist()
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):
        states = descended(begin, support_loss or loss, support_x, support_y, rates, steps)
        judged = [
            weight * loss(state, query_x, query_y)
            for weight, state in zip(weights, states, strict=True)
            if weight
        ]
        total.append(torch.stack(judged).sum())
    return torch.stack(total).mean()
