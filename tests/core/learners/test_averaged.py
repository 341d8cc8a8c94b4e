"""Networks trained on one sine each: each follows its own loss, and their mean is the start."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.core.base.random_streams import stream
from explorer.core.families.sampling import Batch
from explorer.core.network.mlp import initialise
from tests.core.learners import plain
from tests.core.learners.problems import RELATIVE, TASKS, Problem, problem, relative_error

NAMES = ("averaged", "averaged-l2")
PENALTY = 0.3


def own_loss(case: Problem, i: int, theta: Tensor) -> Tensor:
    """The loss of network i on its own sine, as appendix C of the MAML paper has it."""
    batch = case.batch
    x = torch.cat([batch.support_x[i], batch.query_x[i]])
    y = torch.cat([batch.support_y[i], batch.query_y[i]])
    loss = plain.mse(case, theta, x, y)
    if case.learner.name == "averaged-l2":
        loss = loss + PENALTY * theta.square().sum()
    return loss


@pytest.mark.parametrize("name", NAMES)
def test_each_network_follows_its_own_loss(
    name: str, hidden: tuple[int, ...], activation: str
) -> None:
    """Its part of the gradient is autograd's."""
    case = problem(name, hidden, activation, penalty=PENALTY)
    thetas = case.meta.view(TASKS, -1)
    assert not torch.equal(thetas[0], thetas[1])
    found, losses = case.run()
    for i, part in enumerate(found.view(TASKS, -1)):
        theta = thetas[i].clone().requires_grad_()
        (expected,) = torch.autograd.grad(own_loss(case, i, theta), theta)
        assert relative_error(part, expected) < RELATIVE
    plainly = problem("averaged", hidden, activation)
    errors = [own_loss(plainly, i, thetas[i]) for i in range(TASKS)]
    torch.testing.assert_close(losses, torch.stack(errors).mean().unsqueeze(0))


@pytest.mark.parametrize("name", NAMES)
def test_averaging_identical_networks_changes_nothing(name: str) -> None:
    """The start is the network that they all are, every parameter of which takes steps of α."""
    case = problem(name)
    theta = case.meta[: case.parameters]
    start = case.learner.starting_point(theta.repeat(TASKS), case.settings)
    torch.testing.assert_close(start.theta, theta, rtol=1e-15, atol=1e-15)
    assert start.preconditioners == ()
    assert not start.sees_task


@pytest.mark.parametrize("name", NAMES)
def test_adaptation_starts_from_the_mean(name: str) -> None:
    """Different networks give their mean, weight by weight."""
    case = problem(name)
    expected = torch.stack(case.meta.split(case.parameters)).mean(0)
    torch.testing.assert_close(case.start.theta, expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_begins_where_all_learners_do(name: str) -> None:
    """The other networks begin elsewhere, each at a place of its own that the seed decides."""
    case = problem(name)
    theta = initialise(case.network, stream(0, "initialisation"))
    networks = case.learner.begin(theta, case.settings).view(TASKS, -1)
    assert torch.equal(networks[0], theta)
    assert len(networks.unique(dim=0)) == TASKS
    again = case.learner.begin(theta, case.settings).view(TASKS, -1)
    assert torch.equal(again, networks)


@pytest.mark.parametrize("name", NAMES)
def test_all_may_begin_where_the_first_does(name: str) -> None:
    """The same weights for all, where the settings say so."""
    case = problem(name, averaged_start="shared")
    theta = initialise(case.network, stream(0, "initialisation"))
    networks = case.learner.begin(theta, case.settings).view(TASKS, -1)
    assert torch.equal(networks, theta.expand(TASKS, -1))


@pytest.mark.parametrize("name", NAMES)
def test_networks_know_of_one_another_by_the_pull_alone(name: str) -> None:
    """Another network elsewhere, with other points, is nothing to the first but by the mean."""
    case = problem(name, penalty=PENALTY)
    meta, batch = case.meta.clone(), Batch(*(part.clone() for part in case.batch))
    meta[case.parameters :] += 1.0
    batch.support_y[1:] += 1.0
    batch.query_x[1:] -= 1.0
    changed = replace(case, meta=meta, batch=batch).gradient() - case.gradient()
    first, others = changed[: case.parameters], changed[case.parameters :]
    assert others.any()
    if name == "averaged-pulled":
        moved = (TASKS - 1) / TASKS  # of the mean
        torch.testing.assert_close(first, torch.full_like(first, -2 * PENALTY * moved))
    else:
        assert not first.any()
