"""Networks that take turns: each follows its own loss and a pull to those before it."""

import pytest
import torch
from torch import Tensor

from explorer.core.learners.pulled import finished, next_network
from explorer.core.network import initialise
from explorer.core.streams import stream
from tests.core.learners import plain
from tests.core.learners.problems import RELATIVE, Problem, problem, relative_error

NAME = "averaged-pulled"
PENALTY = 0.3


def in_mid_turn(hidden: tuple[int, ...] = (5, 6), activation: str = "tanh") -> Problem:
    """A network that has left its initial weights, and a mean elsewhere."""
    case = problem(NAME, hidden, activation, penalty=PENALTY)
    mean, theta = case.meta.view(2, -1)
    assert torch.equal(mean, theta)
    mean += 0.3 * torch.randn(len(mean), generator=torch.Generator().manual_seed(1))
    return case


def loss(case: Problem, theta: Tensor) -> Tensor:
    """The mean over all points of all tasks, and the pull."""
    batch, mean = case.batch, case.meta.view(2, -1)[0]
    x = torch.cat([batch.support_x, batch.query_x], -2)
    y = torch.cat([batch.support_y, batch.query_y], -2)
    pull = PENALTY * (theta - mean).square().sum()
    return torch.stack([plain.mse(case, theta, *xy) for xy in zip(x, y, strict=True)]).mean() + pull


def test_it_follows_its_own_loss(hidden: tuple[int, ...], activation: str) -> None:
    """The gradient is autograd's, the mean being a constant that stays where it is."""
    case = in_mid_turn(hidden, activation)
    found, losses = case.run()
    towards_mean, own = found.view(2, -1)
    assert not towards_mean.any()
    theta = case.meta.view(2, -1)[1].clone().requires_grad_()
    (expected,) = torch.autograd.grad(loss(case, theta), theta)
    assert relative_error(own, expected) < RELATIVE
    pull = PENALTY * (theta - case.meta.view(2, -1)[0]).square().sum()
    torch.testing.assert_close(losses, (loss(case, theta) - pull).detach().unsqueeze(0))


def test_its_gradient_is_that_of_finite_differences() -> None:
    """A smooth network: central differences along random directions."""
    case = in_mid_turn()
    own = case.gradient().view(2, -1)[1]
    theta, generator = case.meta.view(2, -1)[1], torch.Generator().manual_seed(2)
    for _ in range(5):
        along = torch.randn(len(theta), generator=generator, dtype=torch.float64)
        step = 1e-5 * along
        slope = (loss(case, theta + step) - loss(case, theta - step)) / 2e-5
        torch.testing.assert_close(own @ along, slope, rtol=1e-7, atol=1e-9)


def test_adaptation_starts_from_the_mean_of_those_that_are_finished() -> None:
    """The one in mid-turn has no part in it until its turn is over."""
    case = in_mid_turn()
    mean, theta = case.meta.view(2, -1)
    assert torch.equal(case.start.theta, mean)
    assert case.start.scale is None
    over = case.learner.starting_point(finished(case.meta, 3), case.settings)
    torch.testing.assert_close(over.theta, (3 * mean + theta) / 4)


def test_identical_networks_change_nothing() -> None:
    """Their mean is each of them."""
    case = problem(NAME)
    meta = case.meta
    for network in range(4):
        meta = finished(meta, network)
    torch.testing.assert_close(meta, case.meta, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("how", ["uniform", "normal"])
def test_every_network_begins_elsewhere(how: str) -> None:
    """The first where all learners do, each further one at a place that the seed decides."""
    case = problem(NAME, initialisation=how)
    theta = initialise(case.network, stream(0, "initialisation"), how)
    meta = case.learner.begin(theta, case.settings)
    assert torch.equal(meta.view(2, -1), torch.stack([theta, theta]))
    later = [next_network(meta, network, case.settings).view(2, -1) for network in (1, 2, 1)]
    assert all(torch.equal(mean, theta) for mean, _ in later)
    assert torch.equal(later[0], later[2])
    assert not torch.equal(later[0], later[1])
    assert not torch.equal(later[0][1], theta)
