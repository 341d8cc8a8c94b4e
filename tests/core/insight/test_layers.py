"""Which layer adapts: shares against autograd, subsets against adaptation itself."""

import pytest
import torch

from explorer.core.adaptation.freezing import part_sizes, with_every_layer
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.insight.layers import (
    alone,
    gradient_shares,
    movement,
    subset_errors,
    subsets,
)
from tests.core.insight.starts import ALPHA, KINDS, adapted, case_of, curve

GRID = torch.linspace(-3, 3, 9, dtype=torch.float64)


@pytest.mark.parametrize("name", KINDS)
def test_shares_are_those_of_autograd_s_gradient(name: str) -> None:
    """‖∂L/∂part‖² over ‖∇L‖² of every task, and together 1."""
    case = case_of(name)
    start, batch = case.start, case.batch
    found = gradient_shares(start, batch.support_x, batch.support_y, batch.task)
    assert torch.allclose(found.sum(-1), torch.ones(3, dtype=torch.float64))
    for task, shares in enumerate(found):
        theta = start.theta.clone().requires_grad_()
        away = curve(start, theta, batch.support_x[task], batch.task[task])
        loss = (away - batch.support_y[task, :, 0]).square().mean()
        (gradient,) = torch.autograd.grad(loss, theta)
        squares = torch.stack([p.square().sum() for p in gradient.split(part_sizes(start))])
        assert torch.allclose(shares, squares / squares.sum())


def test_movement_is_the_length_of_each_part_s_way() -> None:
    """Zero at first; together the length of the whole way."""
    case = case_of("meta-sgd")
    theta = adapted(case)
    found = movement(case.start, theta)
    assert found.shape == (4, 3, 3)
    assert torch.equal(found[0], torch.zeros_like(found[0]))
    whole = (theta - case.start.theta).norm(dim=-1)
    assert torch.allclose(found.square().sum(-1).sqrt(), whole)


@pytest.mark.parametrize(("parts", "number"), [(1, 2), (2, 4), (3, 8), (4, 16), (6, 14)])
def test_subsets(parts: int, number: int) -> None:
    """Each once, from none to all; of many parts those of one and of all but one."""
    found = subsets(parts)
    assert len(set(found)) == len(found) == number
    assert found[0] == (False,) * parts
    assert found[-1] == (True,) * parts
    assert set(alone(parts)) <= set(found)


@pytest.mark.parametrize("name", KINDS)
def test_none_and_all(name: str) -> None:
    """With nothing free the error stays; with all it is that of the learner, or of its network."""
    case = case_of(name)
    start, batch = case.start, case.batch
    truth = torch.stack([GRID, GRID.square(), -GRID])
    parts = len(part_sizes(start))
    none, every = subset_errors(
        *(start, [(False,) * parts, (True,) * parts], batch.support_x, batch.support_y),
        *(GRID, truth),
        alpha=ALPHA,
        steps=2,
        task=batch.task,
    )
    assert torch.equal(none, none[:1].expand_as(none))
    course = adapt(
        *(with_every_layer(start), batch.support_x, batch.support_y, GRID),
        alpha=ALPHA,
        steps=2,
        task=batch.task,
    )
    errors = torch.stack([(step.prediction - truth).square().mean(-1) for step in course])
    assert torch.equal(every, errors)


def test_the_choice_takes_the_place_of_the_learner_s_own() -> None:
    """ANIL's network moves its first layer too, if that is what is asked for."""
    case = case_of("anil")
    batch = case.batch
    truth = torch.zeros(3, len(GRID), dtype=torch.float64)
    first, _, last = subset_errors(
        *(case.start, alone(3), batch.support_x, batch.support_y, GRID, truth), alpha=ALPHA
    )
    assert not torch.equal(first[1], first[0])
    own = [
        step.prediction.square().mean(-1)
        for step in adapt(
            *(case.start, batch.support_x, batch.support_y, GRID), alpha=ALPHA, steps=1
        )
    ]
    assert torch.allclose(last, torch.stack(own))
