"""The numbers behind one gradient step, and how they are written."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.adaptation.step_values import (
    StepValues,
    formula_text,
    step_values,
    values_text,
)
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import parameter_count
from tests.core import reference
from tests.core.learners.problems import Problem, problem

ALPHA, STEPS = 0.03, 4
STEPPING = [name for name in LEARNERS if isinstance(problem(name).start, StartingPoint)]


def values_of(case: Problem, start: StartingPoint) -> StepValues:
    """Of the first task."""
    x, y, *_, task = (part[:1] for part in case.batch)
    return step_values(start, x, y, alpha=ALPHA, steps=STEPS, task=task)


@pytest.mark.parametrize("frozen", [set(), {1}], ids=["free", "frozen"])
@pytest.mark.parametrize("name", STEPPING)
def test_they_are_those_of_the_steps_taken(name: str, frozen: set[int]) -> None:
    """Losses and distances are those of `adapt`, the gradient is autograd's."""
    case = problem(name)
    start = with_frozen_layers(case.start, frozen)
    assert isinstance(start, StartingPoint)
    values = values_of(case, start)
    x, y, *_, task = (part[:1] for part in case.batch)
    steps = list(
        adapt(start, x, y, torch.zeros(1).double(), alpha=ALPHA, steps=STEPS + 1, task=task)
    )
    assert values.loss == pytest.approx([float(step.support_loss) for step in steps], rel=1e-10)
    thetas = [step.theta[0] for step in steps if step.theta is not None]
    moved = [float((b - a).norm()) for a, b in pairwise(thetas)]
    assert values.move == pytest.approx(moved, rel=1e-9)
    lengths = [gradient_length(case, start, theta) for theta in thetas[:-1]]
    assert values.gradient == pytest.approx(lengths, rel=1e-10)


def gradient_length(case: Problem, start: StartingPoint, theta: torch.Tensor) -> float:
    """‖∇L(θ)‖ of the first task, by autograd."""
    at = theta.clone().requires_grad_()
    inputs = start.inputs(case.batch.support_x[:1], case.batch.task[:1])[0]
    count = parameter_count(case.network)
    inputs = torch.cat([inputs, at[count:].expand(len(inputs), -1)], 1)
    loss = reference.loss(at[:count], inputs, case.batch.support_y[0], case.network.sizes, "tanh")
    return float(torch.autograd.grad(loss, at)[0].norm())


def test_a_plain_step_is_alpha_times_its_gradient() -> None:
    """Without M and λ nothing else makes the step."""
    case = problem("maml")
    values = values_of(case, case.start)
    assert values.move == pytest.approx(ALPHA * values.gradient, rel=1e-12)
    assert not values.preconditioned
    assert values.pull == 0


def test_without_points_there_is_no_step() -> None:
    """The loss is of nothing, and θ stays."""
    case = problem("maml")
    nothing = torch.zeros(1, 0, 1, dtype=torch.float64)
    values = step_values(case.start, nothing, nothing, alpha=ALPHA, steps=2)
    assert np.isnan(values.loss).all()
    assert (values.move == 0).all()


MADE = {"loss": np.array([2.0, 0.5, 0.25]), "gradient": np.array([3.0, 1.0])}


@pytest.mark.parametrize(
    ("preconditioned", "pull", "formula", "length"),
    [
        (False, 0.0, "θ₂ = θ₁ − α∇L(θ₁)", "‖α∇L‖"),
        (True, 0.0, "θ₂ = θ₁ − αM∇L(θ₁)", "‖αM∇L‖"),
        (False, 2.0, "θ₂ = θ₁ − α(∇L(θ₁) + λ(θ₁ − θ₀))", "‖θ₂ − θ₁‖"),
        (True, 2.0, "θ₂ = θ₁ − α(M∇L(θ₁) + λ(θ₁ − θ₀))", "‖θ₂ − θ₁‖"),
    ],
)
def test_the_formula_says_what_the_step_is_made_of(
    preconditioned: bool, pull: float, formula: str, length: str
) -> None:
    """M where there is one, and the pull back to θ₀."""
    values = StepValues(
        0.01, **MADE, move=np.array([0.03, 0.01]), preconditioned=preconditioned, pull=pull
    )
    assert formula_text(values, 1) == formula
    expected = f"α = 0.01,  L(θ₁) = 0.500,  ‖∇L(θ₁)‖ = 1.000,  {length} = 0.010,  L(θ₂) = 0.250"
    assert values_text(values, 1) == expected


def test_what_diverged_is_said_in_words() -> None:
    """Never a bare inf."""
    endless = np.full(3, math.inf)
    values = StepValues(1.0, endless, endless[1:], endless[1:], False, 0.0)
    assert values_text(values, 0).count("diverged") == 4
    assert "inf" not in values_text(values, 0)
