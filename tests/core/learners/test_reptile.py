"""Reptile: the joint gradient with one inner step, something more with several."""

import pytest
import torch

from explorer.core.learners import PRETRAINED
from tests.core.learners import plain
from tests.core.learners.problems import ALPHA, RELATIVE, problem, relative_error


def test_with_one_step_it_is_joint_training(hidden: tuple[int, ...], activation: str) -> None:
    """Its direction is the joint gradient's, and, divided by α, so is its length."""
    case = problem("reptile", hidden, activation, reptile_steps=1)
    actual, losses = case.run()
    inner = PRETRAINED.inner_loop(case.settings)
    joint, (loss,) = PRETRAINED.meta_gradient(case.meta, case.batch, case.network, inner)
    cosine = actual @ joint / (actual.norm() * joint.norm())
    assert abs(float(cosine) - 1) < 1e-14
    assert relative_error(actual, joint) < RELATIVE
    torch.testing.assert_close(losses, loss.expand(2), rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("reptile_steps", [2, 3, 10])
def test_with_several_steps_it_is_not(activation: str, reptile_steps: int) -> None:
    """Then it does not even point along the sum of the gradients at θ."""
    case = problem("reptile", activation=activation, reptile_steps=reptile_steps)
    flat = problem("reptile", activation=activation, reptile_steps=reptile_steps, alpha=1e-5)
    one, other = case.gradient(), flat.gradient()
    assert relative_error(one / one.norm(), other / other.norm()) > 0.01


def test_short_steps_add_up_to_the_gradients_in_turn(activation: str) -> None:
    """As α goes to 0, k steps give the gradients of k minibatches at θ itself."""
    case = problem("reptile", activation=activation, reptile_steps=5, alpha=1e-5)
    on_support, on_query = (
        problem("pretrained", activation=activation, pretrain_on="support").gradient(),
        2.25 * problem("pretrained", activation=activation).gradient(),
    )
    on_query = (on_query - on_support) / 1.25  # 9 points in all, 4 and 5
    assert relative_error(case.gradient(), 3 * on_support + 2 * on_query) < 1e-3


def test_it_knows_the_second_order(activation: str) -> None:
    """To first order in α, two steps leave out α·H₂g₁ (section 5.1): Reptile is not first-order.

    H₂ is the Hessian on the query points and g₁ the gradient on the support points.
    """
    case = problem("reptile", activation=activation, reptile_steps=2, alpha=1e-4)
    expected = torch.zeros_like(case.meta)
    for support_x, support_y, query_x, query_y, _ in zip(*case.batch, strict=True):
        gradients = [
            torch.autograd.functional.jacobian(lambda t, p=p: plain.mse(case, t, *p), case.meta)
            for p in ((support_x, support_y), (query_x, query_y))
        ]
        _, bent = torch.autograd.functional.hvp(
            lambda t, x=query_x, y=query_y: plain.mse(case, t, x, y), case.meta, gradients[0]
        )
        expected += (gradients[0] + gradients[1] - 1e-4 * bent) / len(case.batch.support_x)
        flat = gradients[0] + gradients[1]
        assert relative_error(flat - ALPHA * bent, flat) > 0.01
    assert relative_error(case.gradient(), expected) < 1e-5


def test_the_order_of_its_minibatches_matters() -> None:
    """Support first, then query: exchanged, the last point of the inner loop is another one."""
    case = problem("reptile", reptile_steps=2)
    b = case.batch
    exchanged = b._replace(
        support_x=b.query_x, support_y=b.query_y, query_x=b.support_x, query_y=b.support_y
    )
    other, _ = case.learner.meta_gradient(case.meta, exchanged, case.network, case.inner)
    assert relative_error(other, case.gradient()) > 0.01
