"""Networks that take turns: each follows its own loss and a pull to those before it."""

import pytest
import torch
from torch import Tensor

from explorer.core.base.random_streams import stream
from explorer.core.learners.pulled import finished, next_network
from explorer.core.network.mlp import initialise
from tests.core.learners import plain
from tests.core.learners.problems import RELATIVE, Problem, problem, relative_error

NAME = "averaged-pulled"
PENALTY = 0.3


def in_mid_turn(
    hidden: tuple[int, ...] = (5, 6), activation: str = "tanh", is_first: bool = False
) -> Problem:
    """A network at its initial weights, and a mean elsewhere, if there is one."""
    case = problem(NAME, hidden, activation, penalty=PENALTY)
    theta, mean, is_mean = parts(case.meta)
    assert torch.equal(theta, mean)
    assert is_mean == 0
    mean += 0.3 * torch.randn(len(mean), generator=torch.Generator().manual_seed(1))
    is_mean += not is_first
    return case


def parts(meta: Tensor) -> tuple[Tensor, ...]:
    """The network whose turn it is, the mean, and whether there is one."""
    size = len(meta) // 2
    return meta.split([size, size, 1])


def loss(case: Problem, theta: Tensor) -> Tensor:
    """The mean over all points of all tasks, and the pull."""
    batch = case.batch
    _, mean, is_mean = parts(case.meta)
    x = torch.cat([batch.support_x, batch.query_x], -2)
    y = torch.cat([batch.support_y, batch.query_y], -2)
    errors = [plain.mse(case, theta, *xy) for xy in zip(x, y, strict=True)]
    pull = PENALTY * (theta - mean).square().sum() if is_mean else 0.0
    return torch.stack(errors).mean() + pull


@pytest.mark.parametrize("is_first", [False, True])
def test_it_follows_its_own_loss(hidden: tuple[int, ...], activation: str, is_first: bool) -> None:
    """The gradient is autograd's, the mean being a constant that stays where it is."""
    case = in_mid_turn(hidden, activation, is_first)
    found, losses = case.run()
    own, *constants = parts(found)
    assert not torch.cat(constants).any()
    theta = parts(case.meta)[0].clone().requires_grad_()
    (expected,) = torch.autograd.grad(loss(case, theta), theta)
    assert relative_error(own, expected) < RELATIVE
    parts(case.meta)[2].zero_()  # what is reported has no pull in it
    torch.testing.assert_close(losses, loss(case, theta).detach().unsqueeze(0))


def test_its_gradient_is_that_of_finite_differences() -> None:
    """A smooth network: central differences along random directions."""
    case = in_mid_turn()
    own, theta = parts(case.gradient())[0], parts(case.meta)[0]
    generator = torch.Generator().manual_seed(2)
    for _ in range(5):
        along = torch.randn(len(theta), generator=generator, dtype=torch.float64)
        step = 1e-5 * along
        slope = (loss(case, theta + step) - loss(case, theta - step)) / 2e-5
        torch.testing.assert_close(own @ along, slope, rtol=1e-7, atol=1e-9)


def test_adaptation_starts_from_the_mean_of_those_that_are_finished() -> None:
    """The one in mid-turn has no part in it until its turn is over."""
    case = in_mid_turn()
    theta, mean, _ = parts(case.meta)
    assert torch.equal(case.start.theta, mean)
    assert case.start.preconditioners == ()
    over = finished(case.meta, 3)
    start = case.learner.starting_point(over, case.settings)
    torch.testing.assert_close(start.theta, (3 * mean + theta) / 4)
    assert parts(over)[2] == 1


def test_the_first_is_the_mean_once_it_is_finished() -> None:
    """Whatever stood in for it."""
    case = in_mid_turn(is_first=True)
    theta, mean, is_mean = parts(finished(case.meta, 0))
    torch.testing.assert_close(mean, theta)
    assert is_mean == 1


def test_identical_networks_change_nothing() -> None:
    """Their mean is each of them."""
    case = problem(NAME)
    meta = case.meta
    for network in range(4):
        meta = finished(meta, network)
    torch.testing.assert_close(
        torch.cat(parts(meta)[:2]), torch.cat(parts(case.meta)[:2]), rtol=1e-15, atol=1e-15
    )


@pytest.mark.parametrize("how", ["uniform", "normal"])
def test_every_network_begins_elsewhere(how: str) -> None:
    """The first where all learners do, each further one at a place that the seed decides."""
    case = problem(NAME, initialisation=how)
    theta = initialise(case.network, stream(0, "initialisation"), how)
    meta = case.learner.begin(theta, case.settings)
    assert torch.equal(parts(meta)[0], theta)
    later = [parts(next_network(meta, network, case.settings)) for network in (1, 2, 1)]
    assert all(torch.equal(mean, theta) for _, mean, _ in later)
    assert torch.equal(later[0][0], later[2][0])
    assert len(torch.stack([theta, later[0][0], later[1][0]]).unique(dim=0)) == 3
