"""iMAML: the implicit meta-gradient, the conjugate gradients that find it, and its limits."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.core.adaptation.divergence import curvature
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.learners.implicit import LONGEST, limited, solved
from tests.core.learners import plain
from tests.core.learners.problems import TASKS, Problem, problem, relative_error

NAME = "imaml"


def converged(**settings: object) -> Problem:
    """An inner problem that its steps solve exactly, and as many products as it has parameters."""
    return problem(
        NAME,
        (5,),
        alpha=0.02,
        implicit_pull=20.0,
        implicit_steps=100,
        implicit_products=16,
        **settings,
    )


def solution(case: Problem, theta: Tensor, task: int) -> Tensor:
    """φ of one task, by many gradient steps; differentiable in θ."""
    x, y = case.batch.support_x[task], case.batch.support_y[task]
    pull = case.settings.value("implicit_pull")

    def inner(phi: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return plain.mse(case, phi, x, y) + pull / 2 * (phi - theta).square().sum()

    *_, phi = plain.descended(theta, inner, x, y, 0.02, 100)
    return phi


def outer_loss(case: Problem, theta: Tensor) -> Tensor:
    """The query loss at the solutions, averaged over tasks."""
    b = case.batch
    losses = [
        plain.mse(case, solution(case, theta, i), b.query_x[i], b.query_y[i]) for i in range(TASKS)
    ]
    return torch.stack(losses).mean()


def test_it_is_the_derivative_through_the_solution() -> None:
    """Of the query loss at φ(θ): by backpropagation through all steps that lead there."""
    case = converged()
    theta = case.meta.clone().requires_grad_()
    loss = outer_loss(case, theta)
    (expected,) = torch.autograd.grad(loss, theta)
    found, losses = case.run()
    assert relative_error(found, expected) < 1e-8
    assert losses[1] == pytest.approx(float(loss.detach()), rel=1e-12)


def test_it_is_the_slope_of_the_loss_at_the_solution() -> None:
    """By central differences, which know nothing of how it was found."""
    case = converged()
    gradient, generator = case.gradient(), torch.Generator().manual_seed(1)
    for _ in range(3):
        along = torch.randn(len(gradient), generator=generator, dtype=torch.float64)
        along /= along.norm()
        ends = [
            float(outer_loss(case, (case.meta + sign * 1e-5 * along).requires_grad_()).detach())
            for sign in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / 2e-5
        assert abs(float(gradient @ along) - slope) < 1e-6 * float(gradient.norm())


def test_it_solves_with_the_hessian() -> None:
    """With as many products as parameters it is a dense solve, wherever the steps have ended."""
    case = problem(NAME, (5,), steps=2, alpha=0.01, implicit_pull=60.0, implicit_products=16)
    b, pull = case.batch, case.settings.value("implicit_pull")
    *_, last = adapt(
        case.start, b.support_x, b.support_y, b.query_x[0, :, 0], alpha=case.settings.alpha, steps=2
    )
    assert last.theta is not None
    expected = []
    for task, phi in enumerate(last.theta):
        hessian = torch.autograd.functional.hessian(
            lambda t, i=task: plain.mse(case, t, b.support_x[i], b.support_y[i]), phi
        )
        gradient = torch.autograd.functional.jacobian(
            lambda t, i=task: plain.mse(case, t, b.query_x[i], b.query_y[i]), phi
        )
        matrix = torch.eye(len(phi), dtype=torch.float64) + hessian / pull
        expected.append(torch.linalg.solve(matrix, gradient))
    assert relative_error(case.gradient(), torch.stack(expected).mean(0)) < 1e-7


def test_a_strong_pull_leaves_joint_training() -> None:
    """As λ grows, φ stays at θ and the meta-gradient is the query loss's: the rest is ∝ 1/λ."""
    b = problem(NAME).batch
    joint = problem("pretrained", pretrain_on="support")
    on_query = replace(joint, batch=b._replace(support_x=b.query_x, support_y=b.query_y)).gradient()
    distances = [
        relative_error(
            problem(NAME, alpha=0.5 / pull, implicit_pull=pull, implicit_steps=40).gradient(),
            on_query,
        )
        for pull in (100.0, 1000.0)
    ]
    assert distances[0] < 0.5
    assert distances[0] / distances[1] == pytest.approx(10, rel=0.3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_conjugate_gradients_stay_where_they_have_arrived(dtype: torch.dtype) -> None:
    """More steps than it takes, or nothing to solve for, leave no 0/0."""
    target = torch.randn(4, 7, dtype=dtype)
    target[0] = 0
    found = solved(lambda vector: 2 * vector, target, 30)
    torch.testing.assert_close(found, target / 2)


def test_a_task_that_is_not_convex_stays_where_it_has_come() -> None:
    """The one goes on to its solution, the other takes no step along a direction bent down."""
    flat = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, -1.0], [3.0, 2.0, 1.0]], dtype=torch.float64)
    target = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    found = solved(lambda vector: vector * flat, target, 8)
    torch.testing.assert_close(found[0], target[0] / flat[0])
    assert torch.equal(found[1:], target[1:])


def test_each_task_is_solved_by_itself() -> None:
    """The steps for one know nothing of the others."""
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(3, 6, 6, generator=generator, dtype=torch.float64)
    matrices = root @ root.mT + torch.eye(6, dtype=torch.float64)
    target = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    found = solved(lambda v: (matrices @ v.unsqueeze(-1)).squeeze(-1), target, 6)
    assert relative_error(found, torch.linalg.solve(matrices, target)) < 1e-8


def test_the_pull_is_part_of_the_curvature() -> None:
    """A step is stable while α times the top eigenvalue of ∇²L + λ stays below 2."""
    case = problem(NAME)
    x, y = case.batch.support_x[:1], case.batch.support_y[:1]
    free = replace(case.start, pull=0.0)
    ends = [curvature(start, x, y, rounds=600) for start in (case.start, free)]
    assert ends[0] == pytest.approx(ends[1] + case.start.pull, rel=1e-6)


def test_float32_is_enough() -> None:
    """A matrix as steep as trained networks make it: rounding does not grow from step to step."""
    generator = torch.Generator().manual_seed(0)
    bases = torch.linalg.qr(torch.randn(20, 40, 40, generator=generator, dtype=torch.float64)).Q
    steepness = torch.linspace(0.7, 1.5, 40, dtype=torch.float64)
    steepness[-2:] = torch.tensor([20.0, 150.0])
    matrices = bases * steepness @ bases.mT
    target = torch.randn(20, 40, generator=generator, dtype=torch.float64)

    def found(dtype: torch.dtype) -> Tensor:
        each = matrices.to(dtype)
        return solved(lambda v: (each @ v.unsqueeze(-1)).squeeze(-1), target.to(dtype), 5)

    assert relative_error(found(torch.float32).double(), found(torch.float64)) < 1e-5


@pytest.mark.parametrize("size", [0.0, 1e-8, 1.0, LONGEST])
def test_short_gradients_are_left_alone(size: float) -> None:
    """To the bit, however short."""
    vectors = torch.zeros(2, 5, dtype=torch.float64)
    vectors[0, 3] = size
    assert torch.equal(limited(vectors), vectors)


def test_long_gradients_are_cut() -> None:
    """They keep their direction; those of other tasks keep all."""
    generator = torch.Generator().manual_seed(1)
    vectors = torch.randn(3, 7, generator=generator, dtype=torch.float64)
    vectors[1] *= 1e9
    cut = limited(vectors)
    assert torch.equal(cut[[0, 2]], vectors[[0, 2]])
    torch.testing.assert_close(cut[1], vectors[1] * (LONGEST / vectors[1].norm()))


def test_a_task_on_which_the_steps_are_too_long_does_no_harm() -> None:
    """Weights on which gradient descent leaves the finite numbers still have a meta-gradient."""
    case = problem(NAME)
    wild = case.meta * 30
    gradient, losses = case.learner.meta_gradient(wild, case.batch, case.network, case.inner)
    assert torch.isfinite(gradient).all()
    assert torch.isfinite(losses).all()
    assert float(gradient.norm()) <= LONGEST
