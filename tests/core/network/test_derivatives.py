"""The closed forms against autograd: forward pass, gradient, Hessian-vector product."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from explorer.core.network.derivatives import (
    Pass,
    gradient,
    hessian_vector,
    losses_and_pass,
    output_factors,
    output_gradient,
    output_products,
    predict,
    summed_gradient,
    summed_hessian_vector,
)
from explorer.core.network.mlp import Network, make_network, parameter_count
from tests.core import reference

TASKS, POINTS = 3, 6
RELATIVE = 1e-10


class Case:
    """A small float64 problem: a network, θ, points and directions.

    With a context, θ ends in values that the network is given at every point beside x.
    """

    def __init__(
        self,
        hidden: tuple[int, ...],
        activation: str,
        shared: bool,
        inputs: int,
        context: int = 0,
    ) -> None:
        generator = torch.Generator().manual_seed(len(hidden) + 10 * inputs)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self.network: Network = make_network(hidden, activation, inputs + context)
        self.activation = activation
        self.weights = parameter_count(self.network)
        count = self.weights + context
        self.theta = normal(count) if shared else normal(TASKS, count)
        self.x = normal(TASKS, POINTS, inputs)
        self.y = normal(TASKS, POINTS, 1)
        self.vector = normal(TASKS, count)

    def closed(self) -> tuple[Tensor, Pass]:
        """What is under test."""
        return losses_and_pass(self.theta, self.x, self.y, self.network)

    def task_theta(self, task: int) -> Tensor:
        """The parameters that one task uses."""
        return self.theta if self.theta.dim() == 1 else self.theta[task]

    def task_prediction(self, task: int, theta: Tensor) -> Tensor:
        """The reference's predictions for one task."""
        context = theta[self.weights :].expand(POINTS, -1)
        x = torch.cat([self.x[task], context], 1)
        return reference.predict(theta, x, self.network.sizes, self.activation)

    def task_loss(self, task: int, theta: Tensor) -> Tensor:
        """The reference's loss of one task."""
        return functional.mse_loss(self.task_prediction(task, theta), self.y[task])


@pytest.fixture(params=[(5,), (4, 5), (4, 3, 5)], ids=str)
def hidden(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture(params=["relu", "tanh"])
def activation(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[True, False], ids=["shared", "per task"])
def shared(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(
    params=[(1, 0), (2, 0), (1, 1), (2, 3)],
    ids=["1 input", "2 inputs", "1 context value", "2 inputs and 3 context values"],
)
def case(
    request: pytest.FixtureRequest, hidden: tuple[int, ...], activation: str, shared: bool
) -> Case:
    return Case(hidden, activation, shared, *request.param)


def close(actual: Tensor, expected: Tensor) -> None:
    assert actual.shape == expected.shape
    assert expected.norm() > 1e-3
    assert (actual - expected).norm() <= RELATIVE * expected.norm()


def test_predictions_and_losses(case: Case) -> None:
    """Prediction and mean squared error of each task are those of nn.functional."""
    losses, _ = case.closed()
    predictions = predict(case.theta, case.x, case.network)
    for task in range(TASKS):
        theta = case.task_theta(task)
        close(losses[task], case.task_loss(task, theta))
        close(predictions[task], case.task_prediction(task, theta))


def test_gradient(case: Case) -> None:
    """The gradient of each task's loss is autograd's, context included, and so is the sum."""
    _, passed = case.closed()
    expected = torch.stack(
        [
            torch.autograd.functional.jacobian(
                lambda theta, task=task: case.task_loss(task, theta), case.task_theta(task)
            )
            for task in range(TASKS)
        ]
    )
    close(gradient(passed), expected)
    close(summed_gradient(passed), expected.sum(0)[: case.weights])


def test_output_gradient(case: Case) -> None:
    """How the prediction at each point changes with θ is autograd's, context included."""
    expected = torch.stack(
        [
            torch.autograd.functional.jacobian(
                lambda theta, task=task: case.task_prediction(task, theta).squeeze(-1),
                case.task_theta(task),
            )
            for task in range(TASKS)
        ]
    )
    found = output_gradient(case.theta, case.x, case.network)
    close(found, expected)
    residual = predict(case.theta, case.x, case.network) - case.y
    close((found * residual).sum(1) * (2 / POINTS), gradient(case.closed()[1]))
    factors = output_factors(case.theta, case.x, case.network)
    other = output_factors(case.theta, case.x.flip(1), case.network)
    close(output_products(factors, factors), found @ found.mT)
    close(output_products(factors, other), found @ found.flip(1).mT)


def test_hessian_vector_product(case: Case) -> None:
    """The Hessian-vector product of each task's loss is autograd's, and so is the sum."""
    _, passed = case.closed()
    expected = torch.stack(
        [
            torch.autograd.functional.hvp(
                lambda theta, task=task: case.task_loss(task, theta),
                case.task_theta(task),
                case.vector[task],
            )[1]
            for task in range(TASKS)
        ]
    )
    close(hessian_vector(passed, case.vector, case.network), expected)
    summed = summed_hessian_vector(passed, case.vector, case.network)
    close(summed, expected.sum(0)[: case.weights])


@pytest.mark.parametrize("context", [0, 2])
def test_hessian_is_symmetric(activation: str, hidden: tuple[int, ...], context: int) -> None:
    """u·Hv = v·Hu, a property of second derivatives that needs no reference."""
    case = Case(hidden, activation, shared=False, inputs=1, context=context)
    _, passed = case.closed()
    other = case.vector.flip(0)
    forth = (other * hessian_vector(passed, case.vector, case.network)).sum(1)
    back = (case.vector * hessian_vector(passed, other, case.network)).sum(1)
    close(forth, back)


def test_kink_of_relu_has_slope_zero() -> None:
    """At exactly zero ReLU's slope is 0, as autograd has it."""
    network = make_network((2,))
    theta = torch.tensor([1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 0.5], dtype=torch.float64)
    x, y = torch.zeros(1, 1, 1, dtype=torch.float64), torch.zeros(1, 1, 1, dtype=torch.float64)
    _, passed = losses_and_pass(theta, x, y, network)
    expected = torch.autograd.functional.jacobian(
        lambda t: reference.loss(t, x[0], y[0], network.sizes, "relu"), theta
    )
    assert torch.equal(gradient(passed)[0], expected)
    assert torch.equal(expected[:4], torch.zeros(4, dtype=torch.float64))


def test_no_points_give_nan_loss_and_zero_gradient() -> None:
    """A task without points has no loss, and nothing pulls on θ."""
    network = make_network((3,))
    theta = torch.ones(parameter_count(network))
    losses, passed = losses_and_pass(theta, torch.zeros(2, 0, 1), torch.zeros(2, 0, 1), network)
    assert losses.isnan().all()
    assert torch.equal(gradient(passed), torch.zeros(2, len(theta)))
