"""The learners' meta-gradients against plain autograd and against finite differences."""

import pytest
import torch
from torch import Tensor

from explorer.core.learners import LEARNERS, MAML, PRETRAINED, Batch, InnerLoop, inner_loop
from explorer.core.mlp import Pass
from explorer.core.network import Network, make_network, parameter_count
from tests.core import reference

TASKS, SUPPORT, QUERY = 3, 4, 5
ALPHA = 0.05
RELATIVE = 1e-10

# Central differences in float64: truncation is O(h²) = 1e-10 times a third derivative of order
# 10 to 1000, rounding 1e-16/h = 1e-11; both stay below this part of the derivative.
STEP, DIFFERENCE_TOLERANCE = 1e-5, 1e-6


@pytest.fixture(params=[(6,), (5, 6), (5, 4, 6)], ids=str)
def hidden(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture(params=["relu", "tanh"])
def activation(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[1, 2, 5])
def steps(request: pytest.FixtureRequest) -> int:
    return request.param


def problem(
    hidden: tuple[int, ...], activation: str, seed: int = 0
) -> tuple[Tensor, Batch, Network]:
    """θ, a batch and a network in float64."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    network = make_network(hidden, activation)
    theta = 0.7 * normal(parameter_count(network))
    batch = Batch(
        2 * normal(TASKS, SUPPORT, 1),
        normal(TASKS, SUPPORT, 1),
        2 * normal(TASKS, QUERY, 1),
        normal(TASKS, QUERY, 1),
        normal(TASKS, 1, 2),
    )
    return theta, batch, network


def relative_error(actual: Tensor, expected: Tensor) -> float:
    return float((actual - expected).norm() / expected.norm())


def test_maml_equals_autograd(hidden: tuple[int, ...], activation: str, steps: int) -> None:
    """The closed-form meta-gradient is that of backpropagation through the inner loop."""
    theta, batch, network = problem(hidden, activation)
    actual, _ = MAML.meta_gradient(theta, batch, network, InnerLoop(ALPHA, steps))
    expected = reference.meta_gradient(theta, batch, network.sizes, activation, ALPHA, steps)
    assert relative_error(actual, expected) < RELATIVE


def test_maml_equals_finite_differences(
    hidden: tuple[int, ...], activation: str, steps: int
) -> None:
    """Along random directions both gradients are the slope of the reference's meta-loss.

    Between the two points no ReLU of any pass changes sign (checked), so no kink is crossed.
    """
    theta, batch, network = problem(hidden, activation)
    inner = InnerLoop(ALPHA, steps)
    closed, _ = MAML.meta_gradient(theta, batch, network, inner)
    autograd = reference.meta_gradient(theta, batch, network.sizes, activation, ALPHA, steps)

    def meta_loss(at: Tensor) -> float:
        at = at.detach().requires_grad_()
        value = reference.meta_loss(at, batch, network.sizes, activation, ALPHA, steps)
        return float(value.detach())

    generator = torch.Generator().manual_seed(1)
    for _ in range(4):
        direction = torch.randn(len(theta), generator=generator, dtype=torch.float64)
        direction /= direction.norm()
        ahead, behind = theta + STEP * direction, theta - STEP * direction
        if activation == "relu":
            assert torch.equal(*(signs(at, batch, network, inner) for at in (ahead, behind)))
        slope = (meta_loss(ahead) - meta_loss(behind)) / (2 * STEP)
        for name, gradient in (("closed", closed), ("autograd", autograd)):
            error = abs(float(gradient @ direction) - slope)
            assert error < DIFFERENCE_TOLERANCE * float(autograd.norm()), name


def signs(theta: Tensor, batch: Batch, network: Network, inner: InnerLoop) -> Tensor:
    """Which hidden units are on, at each point of each pass of the inner loop and the query."""
    found = []
    theta = theta.detach().requires_grad_()
    for support_x, support_y, query_x, *_ in zip(*batch, strict=True):
        for steps in range(inner.steps + 1):
            adapted = reference.adapt(
                theta, support_x, support_y, network.sizes, "relu", inner.alpha, steps
            )
            x = query_x if steps == inner.steps else support_x
            *layers, _ = reference.weights_and_biases(adapted, network.sizes)
            for weight, bias in layers:
                x = torch.nn.functional.linear(x, weight, bias).relu()
                found.append((x > 0).flatten())
    return torch.cat(found)


def zeros_per_task(passed: Pass, vector: Tensor, network: Network) -> Tensor:
    return torch.zeros_like(vector)


def zeros_summed(passed: Pass, vector: Tensor, network: Network) -> Tensor:
    return torch.zeros_like(vector[0])


NO_CURVATURE = {"hessian_vector": zeros_per_task, "summed_hessian_vector": zeros_summed}


def test_first_order_variant_fails(
    monkeypatch: pytest.MonkeyPatch, hidden: tuple[int, ...], activation: str, steps: int
) -> None:
    """Without its second-order term the meta-gradient is far outside both tolerances."""
    theta, batch, network = problem(hidden, activation)
    expected = reference.meta_gradient(theta, batch, network.sizes, activation, ALPHA, steps)
    for name, zero in NO_CURVATURE.items():
        monkeypatch.setattr(inner_loop, name, zero)
    first_order, _ = MAML.meta_gradient(theta, batch, network, InnerLoop(ALPHA, steps))
    assert relative_error(first_order, expected) > 0.01


@pytest.mark.parametrize("dropped", ["hessian_vector", "summed_hessian_vector"])
def test_each_factor_of_the_chain_counts(monkeypatch: pytest.MonkeyPatch, dropped: str) -> None:
    """With several inner steps, dropping any one kind of factor is seen too."""
    theta, batch, network = problem((5, 6), "tanh")
    expected = reference.meta_gradient(theta, batch, network.sizes, "tanh", ALPHA, 3)
    monkeypatch.setattr(inner_loop, dropped, NO_CURVATURE[dropped])
    partial, _ = MAML.meta_gradient(theta, batch, network, InnerLoop(ALPHA, 3))
    assert relative_error(partial, expected) > 0.01


def test_mamls_losses_are_before_and_after(activation: str, steps: int) -> None:
    """Its training losses are θ's support loss and the query loss after the inner loop."""
    theta, batch, network = problem((5, 6), activation)
    _, losses = MAML.meta_gradient(theta, batch, network, InnerLoop(ALPHA, steps))
    support = batch._replace(query_x=batch.support_x, query_y=batch.support_y)
    start = theta.detach().requires_grad_()
    before = reference.meta_loss(start, support, network.sizes, activation, ALPHA, 0)
    after = reference.meta_loss(start, batch, network.sizes, activation, ALPHA, steps)
    torch.testing.assert_close(losses, torch.stack([before, after]), rtol=1e-10, atol=0)


def test_pretrained_equals_autograd(hidden: tuple[int, ...], activation: str) -> None:
    """The baseline follows the gradient of the joint loss over all points of all tasks."""
    theta, batch, network = problem(hidden, activation)
    actual, losses = PRETRAINED.meta_gradient(theta, batch, network, InnerLoop(ALPHA, 1))
    expected = reference.joint_gradient(theta, batch, network.sizes, activation)
    assert relative_error(actual, expected) < RELATIVE
    joint = reference.joint_loss(theta, batch, network.sizes, activation)
    torch.testing.assert_close(losses, joint.unsqueeze(0), rtol=1e-10, atol=0)


def test_pretrained_ignores_the_inner_loop() -> None:
    """α and the inner steps are none of the baseline's business."""
    theta, batch, network = problem((5,), "relu")
    one, _ = PRETRAINED.meta_gradient(theta, batch, network, InnerLoop(0.01, 1))
    other, _ = PRETRAINED.meta_gradient(theta, batch, network, InnerLoop(0.5, 7))
    assert torch.equal(one, other)


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_order_of_tasks_does_not_matter(learner: str, dtype: torch.dtype) -> None:
    """Permuting the tasks of a batch changes nothing beyond rounding."""
    theta, batch, network = problem((5, 6), "tanh")
    theta, batch = theta.to(dtype), Batch(*(part.to(dtype) for part in batch))
    order = torch.tensor([2, 0, 1])
    inner = InnerLoop(ALPHA, 2)
    straight = LEARNERS[learner].meta_gradient(theta, batch, network, inner)
    permuted = LEARNERS[learner].meta_gradient(
        theta, Batch(*(part[order] for part in batch)), network, inner
    )
    tolerance = 100 * torch.finfo(dtype).eps
    for one, other in zip(straight, permuted, strict=True):
        assert relative_error(other, one) < tolerance


@pytest.mark.parametrize("learner", LEARNERS)
def test_as_many_losses_as_labels(learner: str) -> None:
    """Each recorded loss has a name, and the table of learners knows each by its own."""
    theta, batch, network = problem((5,), "relu")
    _, losses = LEARNERS[learner].meta_gradient(theta, batch, network, InnerLoop(ALPHA, 1))
    assert losses.shape == (len(LEARNERS[learner].losses),)
    assert LEARNERS[learner].name == learner
