"""The meta-gradients against autograd through each paper's algorithm, and finite differences."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.core.learners import LEARNERS
from tests.core.learners import plain
from tests.core.learners.problems import (
    RELATIVE,
    SUPPORT,
    Problem,
    problem,
    relative_error,
    units_watched,
)

THROUGH_THE_INNER_LOOP = (
    "maml",
    "anil",
    "boil",
    "meta-sgd",
    "layer-rates",
    "step-rates",
    "meta-curvature",
    "cavia",
)
JOINT = ("pretrained", "oracle")
THROUGH_A_SOLVE = ("ridge",)
BY_DEFINITION = {
    "first-order": plain.first_order,
    "reptile": plain.reptile,
    "imaml": plain.implicit,
}

# Central differences in float64: truncation is O(h²) = 1e-10 times a third derivative of order
# 10 to 1000, rounding 1e-16/h = 1e-11; both stay below this part of the derivative.
STEP, DIFFERENCE_TOLERANCE = 1e-5, 1e-6


def test_no_learner_is_left_out() -> None:
    """Every learner that sees the meta-batch is checked here by one reference or the other."""
    checked = {*THROUGH_THE_INNER_LOOP, *JOINT, *THROUGH_A_SOLVE, *BY_DEFINITION}
    assert checked == {name for name, learner in LEARNERS.items() if not learner.own_tasks}


def parts(case: Problem) -> list[slice]:
    """θ, and the learned step sizes where there are such."""
    count = case.parameters
    return [slice(0, count)] + [slice(count, None)] * (len(case.meta) > count)


@pytest.mark.parametrize("name", THROUGH_THE_INNER_LOOP)
def test_through_the_inner_loop_equals_autograd(
    name: str, hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """The closed form is backpropagation through the algorithm, for θ and for the step sizes."""
    case = problem(name, hidden, activation, steps, every_step)
    actual, expected = case.gradient(), plain.meta_gradient(case)
    for part in parts(case):
        assert relative_error(actual[part], expected[part]) < RELATIVE


@pytest.mark.parametrize("name", JOINT)
@pytest.mark.parametrize("pretrain_on", ["all", "support"])
def test_joint_training_equals_autograd(
    name: str, hidden: tuple[int, ...], activation: str, pretrain_on: str
) -> None:
    """The baselines follow the gradient of the joint loss over the points that they are given."""
    case = problem(name, hidden, activation, pretrain_on=pretrain_on)
    actual, losses = case.run()
    assert relative_error(actual, plain.meta_gradient(case)) < RELATIVE
    expected = plain.meta_loss(case, case.meta).unsqueeze(0)
    torch.testing.assert_close(losses, expected, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("name", THROUGH_THE_INNER_LOOP)
def test_through_the_inner_loop_equals_finite_differences(
    name: str, activation: str, steps: int, every_step: bool
) -> None:
    """Along random directions it is the slope of the meta-loss, which needs no autograd by θ."""
    assert_is_the_slope(problem(name, activation=activation, steps=steps, every_step=every_step))


@pytest.mark.parametrize("name", JOINT)
def test_joint_training_equals_finite_differences(
    name: str, hidden: tuple[int, ...], activation: str
) -> None:
    """The same for the baselines' loss, which has no inner loop."""
    assert_is_the_slope(problem(name, hidden, activation))


def assert_is_the_slope(case: Problem) -> None:
    """Compare with central differences, moving θ and the step sizes apart.

    Between the two points no ReLU of any pass changes sign (checked), so no kink is crossed.
    """
    closed = case.gradient()
    generator = torch.Generator().manual_seed(1)
    for part in parts(case):
        for _ in range(2):
            direction = torch.zeros_like(case.meta)
            direction[part] = torch.randn(
                len(direction[part]), generator=generator, dtype=torch.float64
            )
            direction /= direction.norm()
            error = abs(float(closed @ direction) - slope(case, direction))
            assert error < DIFFERENCE_TOLERANCE * float(closed[part].norm())


def slope(case: Problem, direction: Tensor) -> float:
    """The central difference of the meta-loss along a direction."""
    values, units = [], []
    for sign in (1, -1):
        meta = (case.meta + sign * STEP * direction).requires_grad_()
        with units_watched() as on:
            values.append(float(plain.meta_loss(case, meta).detach()))
        units.append(torch.cat([torch.zeros(1, dtype=torch.bool), *on]))
    assert torch.equal(*units)
    return (values[0] - values[1]) / (2 * STEP)


@pytest.mark.parametrize("name", BY_DEFINITION)
def test_equals_its_definition(
    name: str, hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """First-order MAML and Reptile minimise no loss: they are compared with their algorithms."""
    case = problem(name, hidden, activation, steps, every_step, reptile_steps=steps)
    assert relative_error(case.gradient(), BY_DEFINITION[name](case)) < RELATIVE


@pytest.mark.parametrize("name", [*THROUGH_THE_INNER_LOOP, "first-order"])
def test_losses_are_before_and_after(
    name: str, activation: str, steps: int, every_step: bool
) -> None:
    """The losses recorded are that of θ on the support points, and on the query points at the end.

    Weights of the steps bear on the gradient alone.
    """
    case = problem(name, activation=activation, steps=steps, every_step=every_step)
    _, losses = case.run()
    batch, context = case.batch, torch.zeros(SUPPORT, case.network.sizes[0] - 1)
    before = [
        plain.mse(case, case.meta[: case.parameters], torch.cat([x, context], 1), y)
        for x, y in zip(batch.support_x, batch.support_y, strict=True)
    ]
    last = replace(case, weights=None, meta=case.meta.clone().requires_grad_())
    after = plain.META_LOSSES["maml" if name == "first-order" else name](last, last.meta).detach()
    expected = torch.stack([torch.stack(before).mean(), after])
    torch.testing.assert_close(losses, expected, rtol=RELATIVE, atol=0)
