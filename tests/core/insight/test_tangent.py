"""The tangent kernel and what is read off it, against autograd and by property."""

import pytest
import torch
from torch import Tensor

from explorer.core.insight.tangent import (
    effective_rank,
    jacobian,
    kernel,
    leading_share,
    likeness,
    plane_gains,
    plane_kernel,
    strength,
)
from tests.core.insight.starts import KINDS, adapted, autograd_jacobian, case_of, matrix, to

GRID = torch.linspace(-5, 5, 41, dtype=torch.float64)
BASIS = torch.stack([torch.sin(GRID), -torch.cos(GRID)])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", KINDS)
def test_kernel_is_autograd_s(name: str, activation: str) -> None:
    """J M J′ᵀ of every task, before adaptation and after any step, whatever the learner."""
    case = case_of(name, activation)
    start, batch = case.start, case.batch
    for step, theta in enumerate(adapted(case)):
        found = kernel(
            *(start, batch.support_x, batch.query_x), task=batch.task, theta=theta, step=step
        )
        for task in range(len(found)):
            told = theta[task], batch.task[task]
            left = autograd_jacobian(start, told[0], batch.support_x[task], told[1])
            right = autograd_jacobian(start, told[0], batch.query_x[task], told[1])
            expected = left @ matrix(start, step) @ right.T
            assert torch.allclose(found[task], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", KINDS)
def test_kernel_before_adaptation(name: str) -> None:
    """Without a θ it is that of the start, of one grid with itself, in the start's precision."""
    case = case_of(name)
    x, task = GRID.view(1, -1, 1), case.batch.task[:1]
    found = kernel(case.start, x, task=task)
    theta = case.start.theta.expand(1, -1)
    assert torch.equal(found, kernel(case.start, x, x, task=task, theta=theta))
    single = kernel(to(case.start, torch.float32), x.float(), task=task.float())
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), found, rtol=1e-3, atol=1e-3 * float(found.abs().max()))


def test_one_input_for_many_networks() -> None:
    """The same x at the parameters of every task."""
    case = case_of("maml")
    theta = adapted(case)[-1]
    rows = jacobian(case.start, GRID.view(1, -1, 1), theta=theta)
    assert rows.shape == (len(theta), len(GRID), theta.shape[-1])
    assert torch.equal(rows[1:2], jacobian(case.start, GRID.view(1, -1, 1), theta=theta[1]))


def made_of(basis: Tensor, factor: float) -> Tensor:
    return factor * plane_kernel(basis)


def test_a_kernel_of_the_plane_alone() -> None:
    """Two directions, like the tasks' own kernel, with gains that follow from their squares."""
    found = made_of(BASIS, 7.0)
    assert float(likeness(found, plane_kernel(BASIS))) == pytest.approx(1)
    assert float(likeness(-found, plane_kernel(BASIS))) == pytest.approx(-1)
    assert float(leading_share(found, BASIS)) == pytest.approx(1)
    squares = BASIS.square().mean(-1).sort().values
    gains = plane_gains(found, BASIS, 0.1)
    assert torch.allclose(gains, 2 * 0.1 * 7 * squares)
    weights = squares * 7
    assert float(effective_rank(found)) == pytest.approx(
        float(weights.sum() ** 2 / weights.square().sum())
    )
    assert float(strength(found, 0.1)) == pytest.approx(2 * 0.1 * 7)


def test_a_kernel_outside_of_the_plane() -> None:
    """It moves nothing in the plane and shares nothing with it."""
    other = torch.stack([torch.ones_like(GRID), GRID])
    plane = torch.linalg.qr(BASIS.T).Q
    found = made_of(other - other @ plane @ plane.T, 1.0)
    assert float(leading_share(found, BASIS)) == pytest.approx(0, abs=1e-12)
    assert plane_gains(found, BASIS, 1.0).abs().max() < 1e-9


def test_gains_do_not_depend_on_how_the_plane_is_spanned() -> None:
    """Any two functions that span it, at right angles or not, give the same gains."""
    found = kernel(case_of("maml").start, GRID.view(1, -1, 1))
    turned = torch.tensor([[2.0, 1.0], [-0.5, 0.3]], dtype=torch.float64) @ BASIS
    assert torch.allclose(plane_gains(found, BASIS, 0.1), plane_gains(found, turned, 0.1))


def test_gain_is_what_a_step_removes() -> None:
    """Of an error along a gain's own direction, the step on every grid point takes that share."""
    found = kernel(case_of("maml").start, GRID.view(1, -1, 1))[0]
    coordinates = torch.linalg.pinv(BASIS)
    moved = (2 * 0.1 / len(GRID)) * (BASIS @ found) @ coordinates
    assert torch.allclose(
        torch.linalg.eigvals(moved).real.sort().values, plane_gains(found, BASIS, 0.1)
    )


def test_several_kernels_at_once() -> None:
    """Every figure has an axis for each leading one of the kernel."""
    theta = adapted(case_of("maml"))[-1]
    found = kernel(case_of("maml").start, GRID.view(1, -1, 1), theta=theta)
    tasks = len(theta)
    assert strength(found, 0.1).shape == (tasks,)
    assert likeness(found, plane_kernel(BASIS)).shape == (tasks,)
    assert effective_rank(found).shape == (tasks,)
    assert leading_share(found, BASIS).shape == (tasks,)
    assert plane_gains(found, BASIS, 0.1).shape == (tasks, 2)
    one = likeness(found[1], plane_kernel(BASIS))
    assert float(one) == pytest.approx(float(likeness(found, plane_kernel(BASIS))[1]))
