"""Modes: λ against autograd, and that parts add up to the losses before and after the steps."""

import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.insight.modes import Modes, eigenvalues, frozen_losses, modes, step_matrix
from explorer.core.learners.base import plain_start
from tests.core.insight.starts import (
    ALPHA,
    KINDS,
    adapted,
    autograd_jacobian,
    case_of,
    curve,
    matrix,
)
from tests.core.learners.problems import Problem


def modes_of(case: Problem, steps: int = 3) -> Modes:
    batch = case.batch
    return modes(
        *(case.start, batch.support_x, batch.support_y, adapted(case, steps)),
        alpha=ALPHA,
        task=batch.task,
    )


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", KINDS)
def test_eigenvalues_are_autograd_s(name: str, activation: str) -> None:
    """Those of (2α/K)·J M Jᵀ, or of its symmetric part, at every step and for every learner."""
    case = case_of(name, activation)
    batch, found = case.batch, modes_of(case)
    for step, thetas in enumerate(adapted(case)):
        for task, theta in enumerate(thetas):
            points = batch.support_x[task]
            rows = autograd_jacobian(case.start, theta, points, batch.task[task])
            a = (2 * ALPHA / len(points)) * rows @ matrix(case.start, step) @ rows.T
            expected = torch.linalg.eigvalsh((a + a.T) / 2).flip(0)
            assert torch.allclose(found.eigenvalues[step, task], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", KINDS)
def test_parts_add_up_to_the_support_loss(name: str) -> None:
    """Before every step to the loss there, after it to the loss of the step actually taken."""
    case = case_of(name)
    batch, found = case.batch, modes_of(case)
    losses = torch.stack(
        [
            torch.stack(
                [
                    (curve(case.start, theta, x, told) - y[:, 0]).square().mean()
                    for theta, x, y, told in zip(
                        *(thetas, batch.support_x, batch.support_y, batch.task), strict=True
                    )
                ]
            )
            for thetas in adapted(case)
        ]
    )
    assert torch.allclose(found.before.sum(-1), losses)
    assert torch.allclose(found.after.sum(-1), losses[1:])
    assert found.after.shape == (3, *batch.support_x.shape[:2])


@pytest.mark.parametrize("name", KINDS)
def test_eigenvalues_alone(name: str) -> None:
    """The same without the modes, and from any step on."""
    case = case_of(name)
    theta, batch = adapted(case), case.batch
    whole = modes_of(case).eigenvalues
    for first in (0, 2):
        found = eigenvalues(
            *(case.start, batch.support_x, theta[first:]),
            alpha=ALPHA,
            task=batch.task,
            first=first,
        )
        assert torch.allclose(found, whole[first:])


@pytest.mark.parametrize("name", ["maml", "meta-sgd", "step-rates", "oracle"])
def test_many_steps_come_in_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many steps are taken at once makes no difference."""
    case = case_of(name)
    whole = modes_of(case)
    monkeypatch.setattr("explorer.core.insight.modes.GRADIENTS_AT_ONCE", 1)
    assert torch.allclose(modes_of(case).eigenvalues, whole.eigenvalues)


def test_a_short_step_does_to_first_order_what_eigenvalues_say() -> None:
    """Each mode's residual is multiplied by 1 − λ, up to the square of α."""
    case = case_of("meta-sgd")
    batch = case.batch
    for alpha, tolerance in ((1e-3, 1e-3), (1e-5, 1e-7)):
        course = adapt(
            *(case.start, batch.support_x, batch.support_y, batch.query_x[0].view(-1)),
            alpha=alpha,
            steps=1,
        )
        theta = torch.stack([each.theta for each in course])
        found = modes(case.start, batch.support_x, batch.support_y, theta, alpha=alpha)
        expected = found.before[0] * (1 - found.eigenvalues[0]).square()
        assert torch.allclose(found.after[0], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "imaml"])
def test_frozen_losses_are_those_of_a_linear_network(name: str) -> None:
    """As autograd descends on f(θ₀) + ∇f(θ₀)ᵀ(θ − θ₀), with each step's own M."""
    case, steps = case_of(name), 4
    batch, start = case.batch, case.start
    found = frozen_losses(
        *(start, batch.support_x, batch.support_y), alpha=ALPHA, steps=steps, task=batch.task
    )
    assert found.shape == (steps + 1, 3)
    for task in range(3):
        x, y, told = (part[task] for part in (batch.support_x, batch.support_y, batch.task))
        at_first = curve(start, start.theta, x, told)
        rows = autograd_jacobian(start, start.theta, x, told)
        theta = start.theta.clone().requires_grad_()
        for step in range(steps + 1):
            line = at_first + rows @ (theta - start.theta)
            loss = (line - y[:, 0]).square().mean()
            assert torch.allclose(found[step, task], loss)
            (gradient,) = torch.autograd.grad(loss, theta)
            theta = (theta - ALPHA * matrix(start, step) @ gradient).detach().requires_grad_()


def test_without_points_and_with_one() -> None:
    """No points have no modes; a single one has the kernel there."""
    case = case_of("maml")
    theta = adapted(case)
    for points in (0, 1):
        x, y = case.batch.support_x[:, :points], case.batch.support_y[:, :points]
        found = modes(case.start, x, y, theta, alpha=ALPHA)
        assert found.eigenvalues.shape == (4, 3, points)
        assert found.before.shape == (4, 3, points)
    a = step_matrix(case.start, x, theta, alpha=ALPHA)
    assert torch.allclose(found.eigenvalues, a[..., 0])


def test_diverged_parameters_have_no_eigenvalues() -> None:
    """Where θ is no longer finite λ is NaN, and the other tasks' are as ever."""
    case = case_of("maml")
    theta = adapted(case)
    whole = modes_of(case)
    theta[2, 1] = torch.inf
    theta[3, 1] = torch.nan
    found = modes(case.start, case.batch.support_x, case.batch.support_y, theta, alpha=ALPHA)
    assert found.eigenvalues[2:, 1].isnan().all()
    assert not found.eigenvalues[:2].isnan().any()
    assert torch.equal(found.eigenvalues[:, 0], whole.eigenvalues[:, 0])


def test_points_in_one_place_have_one_mode() -> None:
    """K times the same point: one λ, the kernel's there times 2α, and zeros."""
    case = case_of("maml")
    x = case.batch.support_x[:, :1].expand(-1, 4, -1)
    y = case.batch.support_y[:, :1].expand(-1, 4, -1)
    start = plain_start(case.start.theta, case.network, case.settings)
    found = modes(start, x, y, case.start.theta.expand(1, 3, -1), alpha=ALPHA)
    one = modes(start, x[:, :1], y[:, :1], case.start.theta.expand(1, 3, -1), alpha=ALPHA)
    assert torch.allclose(found.eigenvalues[..., :1], one.eigenvalues)
    assert found.eigenvalues[..., 1:].abs().max() < 1e-12
