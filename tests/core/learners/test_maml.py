"""MAML and first-order MAML: what the Hessian does, MAML++'s weights, and the support loss."""

import pytest
import torch
from torch import Tensor

from explorer.core.learners import unrolling
from explorer.core.network.derivatives import Pass
from explorer.core.network.mlp import Network, parameter_count
from tests.core.learners import plain
from tests.core.learners.problems import ALPHA, RELATIVE, SUPPORT, problem, relative_error


def zeros_per_task(passed: Pass, vector: Tensor, network: Network) -> Tensor:
    return torch.zeros_like(vector)


def zeros_summed(passed: Pass, vector: Tensor, network: Network) -> Tensor:
    return vector.new_zeros(parameter_count(network))


NO_CURVATURE = {"hessian_vector": zeros_per_task, "summed_hessian_vector": zeros_summed}


def test_first_order_is_maml_without_the_hessian(
    monkeypatch: pytest.MonkeyPatch,
    hidden: tuple[int, ...],
    activation: str,
    steps: int,
    every_step: bool,
) -> None:
    """Take the Hessian-vector products out of MAML and first-order MAML is what is left."""
    first_order = problem("first-order", hidden, activation, steps, every_step).gradient()
    case = problem("maml", hidden, activation, steps, every_step)
    for name, zero in NO_CURVATURE.items():
        monkeypatch.setattr(unrolling, name, zero)
    assert relative_error(first_order, case.gradient()) < RELATIVE


def test_first_order_is_not_maml(
    hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """The second-order term is far outside the tolerance with which MAML is checked."""
    first_order = problem("first-order", hidden, activation, steps, every_step).gradient()
    maml = problem("maml", hidden, activation, steps, every_step).gradient()
    assert relative_error(first_order, maml) > 0.01


@pytest.mark.parametrize(
    "name",
    ["maml", "anil", "boil", "meta-sgd", "layer-rates", "step-rates", "meta-curvature", "cavia"],
)
@pytest.mark.parametrize("dropped", NO_CURVATURE)
def test_each_factor_of_the_chain_counts(
    monkeypatch: pytest.MonkeyPatch, name: str, dropped: str
) -> None:
    """With several inner steps, dropping any one kind of factor is seen too."""
    case = problem(name, steps=3)
    expected = plain.meta_gradient(case)
    monkeypatch.setattr(unrolling, dropped, NO_CURVATURE[dropped])
    assert relative_error(case.gradient(), expected) > 0.01


@pytest.mark.parametrize(
    "name",
    [
        "maml",
        "first-order",
        "anil",
        "boil",
        "meta-sgd",
        "layer-rates",
        "step-rates",
        "meta-curvature",
        "cavia",
    ],
)
def test_all_weight_on_the_last_step_is_the_last_step(name: str, steps: int) -> None:
    """Weights 0, …, 0, 1 are no weights, and MAML++'s others are something else."""
    last = problem(name, steps=steps)
    weights = torch.eye(steps, dtype=torch.float64)[-1]
    weighted, losses = last.learner.meta_gradient(
        last.meta, last.batch, last.network, last.inner, weights
    )
    assert relative_error(weighted, last.gradient()) < RELATIVE
    assert torch.equal(losses, last.run()[1])
    if steps > 1:
        spread = problem(name, steps=steps, every_step=True)
        assert relative_error(spread.gradient(), last.gradient()) > 0.01


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean/K"])
def test_the_support_loss_is_reduced_as_said(reduction: str, activation: str, steps: int) -> None:
    """A sum over the K points, or a mean divided by K again, is autograd's of that very loss."""
    alpha = ALPHA / SUPPORT if reduction == "sum" else ALPHA  # or it would diverge
    case = problem("maml", activation=activation, steps=steps, alpha=alpha, reduction=reduction)
    factor = {"mean": 1.0, "sum": SUPPORT, "mean/K": 1 / SUPPORT}[reduction]

    def support_loss(theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        errors = plain.predict(case, theta, x) - y
        if reduction == "sum":
            return errors.square().sum()
        return errors.square().mean() / (SUPPORT if reduction == "mean/K" else 1)

    def query_loss(theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return plain.mse(case, theta, x, y)

    meta = case.meta.clone().requires_grad_()
    loss = plain.adapted_loss(case, meta, query_loss, alpha, support_loss)
    assert relative_error(case.gradient(), torch.autograd.grad(loss, meta)[0]) < RELATIVE
    assert case.settings.effective_alpha == pytest.approx(alpha * factor)
