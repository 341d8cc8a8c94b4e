"""The ridge head: an exact solve, its adjoint, and the band that it knows."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.ridge_head import RidgeHead
from explorer.core.adaptation.trajectory import trajectories_of
from explorer.core.evaluation.coverage import coverage
from explorer.core.families import Sine
from explorer.core.learners.ridge import LEAST_PENALTY, exponential, fit
from explorer.core.network.mlp import make_network
from tests.core.learners import plain
from tests.core.learners.problems import (
    RELATIVE,
    TASKS,
    Problem,
    problem,
    relative_error,
    units_watched,
)

NAME = "ridge"
GRID = torch.linspace(-2, 2, 9, dtype=torch.float64)


def in_mid_training(hidden: tuple[int, ...] = (5, 6), activation: str = "tanh") -> Problem:
    """λ and σ that training has changed."""
    case = problem(NAME, hidden, activation)
    case.meta[-2:] = torch.tensor([-1.3, 0.7], dtype=torch.float64)
    return case


def penalty(case: Problem) -> Tensor:
    """λ."""
    return torch.exp(case.meta[-2]) + LEAST_PENALTY


def test_its_gradient_is_autograds(hidden: tuple[int, ...], activation: str) -> None:
    """Through torch's own solve of the normal equations; σ follows the likelihood alone."""
    case = in_mid_training(hidden, activation)
    actual, expected = case.gradient(), plain.meta_gradient(case)
    for part in (slice(0, -2), slice(-2, -1), slice(-1, None)):
        assert relative_error(actual[part], expected[part]) < 1e-9


def test_its_gradient_is_that_of_finite_differences(
    hidden: tuple[int, ...], activation: str
) -> None:
    """By θ and λ it is the slope of the query loss of the fitted head."""
    case, generator = in_mid_training(hidden, activation), torch.Generator().manual_seed(1)
    gradient = case.gradient()
    for part in (slice(0, -2), slice(-2, -1)):
        along = torch.zeros_like(case.meta)
        along[part] = torch.randn(len(along[part]), generator=generator, dtype=torch.float64)
        along /= along.norm()
        losses, units = [], []
        for sign in (1, -1):
            there = replace(case, meta=case.meta + sign * 1e-5 * along)
            losses.append(float(there.run()[1][1]))
            with units_watched() as on:
                plain.meta_loss(there, there.meta)
            units.append(torch.cat([torch.zeros(1, dtype=torch.bool), *on]))
        assert torch.equal(*units)
        slope = (losses[0] - losses[1]) / 2e-5
        assert abs(float(gradient @ along) - slope) < 1e-6 * float(gradient[part].norm())


def test_losses_are_before_and_after_the_fit(activation: str) -> None:
    """Of the network as it is on the support points, and of the fitted head on the query points."""
    case = in_mid_training(activation=activation)
    b, theta = case.batch, case.meta[:-2]
    before, after = [], []
    for task in range(TASKS):
        before.append(plain.mse(case, theta, b.support_x[task], b.support_y[task]))
        head = plain.ridge_fit(case, theta, penalty(case), b.support_x[task], b.support_y[task])
        error = plain.features(case, theta, b.query_x[task]) @ head - b.query_y[task]
        after.append(error.square().mean())
    expected = torch.stack([torch.stack(before).mean(), torch.stack(after).mean()])
    torch.testing.assert_close(case.run()[1], expected, rtol=1e-9, atol=0)


def test_what_it_shows_satisfies_the_normal_equations(
    hidden: tuple[int, ...], activation: str
) -> None:
    """Φᵀ(Φw − y) + λ(w − w₀) = 0 for the head that explains its predictions."""
    case = in_mid_training(hidden, activation)
    b, theta = case.batch, case.meta[:-2]
    before, *later = adapt(case.start, b.support_x, b.support_y, GRID, alpha=0.1, steps=3)
    for task in range(TASKS):
        x, y = b.support_x[task], b.support_y[task]
        seen, asked = (plain.features(case, theta, at) for at in (x, GRID.unsqueeze(1)))
        first = theta[-seen.shape[1] :].unsqueeze(1)
        assert relative_error(before.prediction[task], (asked @ first).squeeze(1)) < RELATIVE
        head = plain.ridge_fit(case, theta, penalty(case), x, y)
        rest = seen.T @ (seen @ head - y) + penalty(case) * (head - first)
        assert float(rest.norm()) < 1e-9
        for step in later:  # exact at once, and no step more changes it
            assert relative_error(step.prediction[task], (asked @ head).squeeze(1)) < 1e-9
            error = float((seen @ head - y).square().mean())
            assert float(step.support_loss[task]) == pytest.approx(error, rel=1e-6)


def test_its_deviation_is_that_of_bayesian_regression(activation: str) -> None:
    """σ²(1 + ψᵀ(ΦᵀΦ + λI)⁻¹ψ), and with no points the prior's."""
    case = in_mid_training(activation=activation)
    b, theta = case.batch, case.meta[:-2]
    before, after = adapt(case.start, b.support_x, b.support_y, GRID, alpha=0.1, steps=1)
    variance = torch.exp(case.meta[-1])
    for task in range(TASKS):
        asked = plain.features(case, theta, GRID.unsqueeze(1))
        for step, points in ((before, 0), (after, None)):
            seen = plain.features(case, theta, b.support_x[task, :points])
            unit = torch.eye(seen.shape[1], dtype=torch.float64)
            inverted = torch.linalg.inv(seen.T @ seen + penalty(case) * unit)
            expected = (variance * (1 + (asked @ inverted * asked).sum(1))).sqrt()
            assert step.deviation is not None
            assert relative_error(step.deviation[task], expected) < 1e-8


def test_the_band_is_part_of_what_is_shown() -> None:
    """Whoever adapts beside it has none; its own narrows with the points."""
    case, other = in_mid_training(), problem("maml")
    b = case.batch
    ridge, maml = trajectories_of(
        [case.start, other.start], b.support_x[:1], b.support_y[:1], GRID, GRID, alpha=0.1, steps=2
    )
    assert maml.deviation is None
    assert ridge.deviation is not None
    assert ridge.deviation.shape == ridge.prediction.shape == (3, len(GRID))
    assert (ridge.deviation[1] < ridge.deviation[0]).all()


def test_coverage_is_the_share_of_the_truth_inside_the_band() -> None:
    """All of it in a wide one, next to none in a narrow one; no band, no coverage."""
    network = make_network((5,), "tanh")
    theta = torch.zeros(16)
    shares = {
        noise: coverage(RidgeHead(network, theta, 1e6, noise), Sine(), shots=5, tasks=600)
        for noise in (1e-6, 1.0, 1e3)
    }
    assert shares[1e3] == (1.0, 1.0)
    narrow, middle = shares[1e-6], shares[1.0]
    assert narrow is not None
    assert middle is not None
    assert narrow[0] < 0.01
    # Predicting 0, it is the share of |A·sin(x − φ)| ≤ 2 among all tasks and inputs.
    generator = torch.Generator().manual_seed(0)
    u = torch.rand(200_000, 3, generator=generator, dtype=torch.float64)
    y = (0.1 + 4.9 * u[:, 0]) * torch.sin(10 * u[:, 1] - 5 - torch.pi * u[:, 2])
    assert middle[0] == pytest.approx(float((y.abs() <= 2).double().mean()), abs=0.03)
    assert coverage(problem("maml").to(torch.float32).start, Sine(), shots=5, tasks=5) is None


@pytest.mark.parametrize("points", [1, 2, 7, 33])
def test_the_fit_solves_the_normal_equations(points: int) -> None:
    """SSᵀ = (ΦᵀΦ + λI)⁻¹ and w = w₀ + SSᵀΦᵀ(y − Φw₀) for any number of points."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(4, points, 6, generator=generator, dtype=torch.float64)
    targets = torch.randn(4, points, 1, generator=generator, dtype=torch.float64)
    head = torch.randn(6, 1, generator=generator, dtype=torch.float64)
    fitted, root = fit(features, targets, head, torch.tensor([0.3], dtype=torch.float64))
    unit = torch.eye(6, dtype=torch.float64)
    expected = torch.linalg.inv(features.mT @ features + 0.3 * unit)
    assert relative_error(root @ root.mT, expected) < 1e-12
    moved = expected @ features.mT @ (targets - features @ head)
    assert relative_error(fitted, head + moved) < 1e-12


def test_float32_is_enough_for_large_features() -> None:
    """Where ΦᵀΦ is a million times λ, the fit is still that of float64 to a thousandth."""
    generator = torch.Generator().manual_seed(0)
    features = 30 * torch.rand(4, 10, 41, generator=generator, dtype=torch.float64)
    targets = torch.randn(4, 10, 1, generator=generator, dtype=torch.float64)
    fits = []
    for dtype in (torch.float32, torch.float64):
        seen, y = features.to(dtype), targets.to(dtype)
        head = torch.zeros(41, 1, dtype=dtype)
        fits.append(fit(seen, y, head, torch.tensor([0.01], dtype=dtype))[0].double())
    assert float(torch.linalg.matrix_norm(features[0], 2)) ** 2 > 1e6 * 0.01
    assert relative_error(*fits) < 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exponential(dtype: torch.dtype) -> None:
    """As exact as torch's own over all λ and σ that can come about."""
    z = torch.linspace(-12, 12, 101, dtype=dtype)
    error = (exponential(z) / torch.exp(z) - 1).abs().max()
    assert error < 60 * torch.finfo(dtype).eps


def test_the_noise_ends_where_the_band_is_right() -> None:
    """Its gradient is 0 where σ² is the mean of e²/(1 + s)."""
    case = in_mid_training()
    slope = float(case.gradient()[-1])
    scale = 1 - 2 * slope  # mean e²/(σ²(1 + s))
    right = replace(case, meta=case.meta.clone())
    right.meta[-1] += torch.log(torch.tensor(scale))
    assert abs(float(right.gradient()[-1])) < 1e-6
    assert abs(slope) > 0.01
