"""The best linear estimate, against quadrature, regression and a second way to it."""

import math

import numpy as np
import pytest
import torch
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.families import Sine
from explorer.core.families.linear_estimator import LinearEstimator
from explorer.core.families.sampling import sample
from explorer.core.families.sine import sine, sine_features

GRID = torch.linspace(-5, 5, 41, dtype=torch.float64)
ODD = Sine(amplitude=Range(1.0, 2.0), phase=Range(-0.5, 2.0), x=Range(-1.0, 4.0))
DISTRIBUTIONS = pytest.mark.parametrize("family", [Sine(), ODD], ids=["paper", "odd"])


def estimator(family: Sine) -> LinearEstimator:
    """Of (a, b) in a·sin x + b·cos x."""
    mean, covariance = family.mean_coefficients(), family.covariance()
    return LinearEstimator.of(sine_features, mean, covariance, family.noise)


def draw(family: Sine, tasks: int, points: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, targets and (a, b) of some tasks, in float64."""
    drawn = sample(family, tasks, points, stream(1, "tasks"), stream(1, "noise"))
    amplitude, phase = drawn.task[0].double().split(1, -1)
    x = drawn.x[0].double()
    noise = (drawn.y - family.function(drawn.x, drawn.task))[0].double()
    y = sine(x, amplitude, phase) + (noise if family.noise else 0)
    coefficients = torch.cat([amplitude * torch.cos(phase), -amplitude * torch.sin(phase)], 1)
    return x, y, coefficients.squeeze(-1)


# --- what is known before


@DISTRIBUTIONS
def test_covariance_is_that_of_the_tasks(family: Sine) -> None:
    """Mean and covariance of (a, b) are what Gauss's quadrature over A and φ gives."""
    nodes, weights = leggauss(40)
    amplitude, phase = (
        low + (high - low) * (nodes + 1) / 2 for low, high in (family.amplitude, family.phase)
    )
    shares = np.outer(weights, weights) / 4
    a = np.outer(amplitude, np.cos(phase))
    b = -np.outer(amplitude, np.sin(phase))
    mean = [(shares * each).sum() for each in (a, b)]
    np.testing.assert_allclose(family.mean_coefficients(), mean, atol=1e-12)
    expected = [
        [(shares * (u - m) * (v - n)).sum() for v, n in zip((a, b), mean, strict=True)]
        for u, m in zip((a, b), mean, strict=True)
    ]
    np.testing.assert_allclose(family.covariance(), expected, atol=1e-10)


@DISTRIBUTIONS
def test_the_spread_is_a_root_of_the_covariance(family: Sine) -> None:
    """LLᵀ is the covariance."""
    root = estimator(family).spread
    np.testing.assert_allclose(root @ root.T, family.covariance(), atol=1e-12)


def test_a_singular_covariance_has_a_root_too() -> None:
    """Rounding must not make a negative variance of one that is 0."""
    direction = np.array([1.0, 2.0, -0.5])
    singular = np.outer(direction, direction) * (1 + 1e-16)
    found = LinearEstimator.of(lambda x: x.expand(-1, -1, 3), [0.0] * 3, singular, 0.0)
    np.testing.assert_allclose(found.spread @ found.spread.T, singular, atol=1e-12)


# --- the estimate


@DISTRIBUTIONS
@pytest.mark.parametrize("points", [2, 3, 10])
def test_two_points_without_noise_determine_the_sine(family: Sine, points: int) -> None:
    """Then the error is 0."""
    x, y, coefficients = draw(family, 200, points)
    found = estimator(family).estimate(x, y)
    # Points π apart tell the same twice; near that the last digits are lost.
    waves = torch.cat([torch.sin(x), torch.cos(x)], -1)
    loss_of_digits = torch.linalg.cond(waves)
    assert ((found - coefficients).norm(dim=1) < 1e-12 * loss_of_digits**2).all()
    assert (loss_of_digits < 1e3).sum() > 190


@DISTRIBUTIONS
@pytest.mark.parametrize(("points", "noise"), [(1, 0.0), (1, 0.5), (2, 0.5), (7, 0.1), (40, 2.0)])
def test_estimate_is_the_gaussian_one(family: Sine, points: int, noise: float) -> None:
    """It is m + CΦᵀ(ΦCΦᵀ + σ²I)⁻¹(y − Φm), task by task, by solving for the points instead."""
    family = family.changed(noise=noise)
    x, y, _ = draw(family, 30, points)
    found = estimator(family).estimate(x, y).numpy()
    mean = np.array(family.mean_coefficients())
    covariance = family.covariance()
    for task in range(30):
        angles = x[task, :, 0].numpy()
        waves = np.stack([np.sin(angles), np.cos(angles)], 1)
        seen = waves @ covariance @ waves.T + noise**2 * np.eye(points)
        gain = covariance @ waves.T @ np.linalg.inv(seen)
        expected = mean + gain @ (y[task, :, 0].numpy() - waves @ mean)
        np.testing.assert_allclose(found[task], expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("points", "noise"), [(1, 0.0), (1, 0.5), (3, 0.8)])
def test_no_linear_estimate_is_better(points: int, noise: float) -> None:
    """A regression of (a, b) on the targets, over many sampled tasks, finds the same weights."""
    family, count = Sine(noise=noise), 100_000
    random = np.random.default_rng(0)
    amplitude = random.uniform(*family.amplitude, count)
    phase = random.uniform(*family.phase, count)
    x = np.linspace(-2.0, 1.5, points)
    y = amplitude[:, None] * np.sin(x - phase[:, None])
    y += noise * random.standard_normal(y.shape)
    coefficients = np.stack([amplitude * np.cos(phase), -amplitude * np.sin(phase)], 1)
    fit, *_ = np.linalg.lstsq(np.column_stack([np.ones(count), y]), coefficients)
    targets = np.concatenate([np.zeros((1, points)), np.eye(points)])
    found = estimator(family).estimate(
        torch.from_numpy(x).view(1, -1, 1).expand(points + 1, -1, 1),
        torch.from_numpy(targets).unsqueeze(-1),
    )
    weights = torch.cat([found[:1], found[1:] - found[:1]])
    np.testing.assert_allclose(weights.numpy(), fit, atol=0.03)


def test_points_that_tell_the_same_are_no_obstacle() -> None:
    """Twice the same point, or points π apart, count once; the estimate passes through them."""
    for other in (1.0, 1.0 + math.pi):
        x = torch.tensor([[[1.0], [other]]], dtype=torch.float64)
        y = 2.5 * torch.sin(x - 0.7)
        found = estimator(Sine()).estimate(x, y)
        once = estimator(Sine()).estimate(x[:, :1], y[:, :1])
        torch.testing.assert_close(found, once, rtol=1e-6, atol=1e-8)
        torch.testing.assert_close(
            torch.sin(x) * found[0, 0] + torch.cos(x) * found[0, 1], y, rtol=1e-6, atol=1e-8
        )


def test_hardly_any_variety_is_no_obstacle() -> None:
    """Where all tasks are nearly one sine, it predicts that one, and finite numbers."""
    family = Sine(amplitude=Range(2.0, 2.0 + 1e-9), phase=Range(0.5, 0.5 + 1e-9))
    x = torch.tensor([[[0.3], [1.9]]], dtype=torch.float64)
    found = estimator(family).estimate(x, 2 * torch.sin(x - 0.5))
    expected = torch.tensor([[2 * math.cos(0.5), -2 * math.sin(0.5)]], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_without_points_the_mean_is_all_there_is(noise: float) -> None:
    """Nothing seen, nothing learned."""
    none = torch.zeros(2, 0, 1, dtype=torch.float64)
    inputs = GRID.view(1, -1, 1).expand(2, -1, 1)
    learner = estimator(Sine(noise=noise))
    torch.testing.assert_close(learner.after(none, none, inputs), learner.before(inputs))
    torch.testing.assert_close(
        learner.before(inputs)[0].numpy(), Sine().expected(GRID.numpy())[0], rtol=0, atol=1e-12
    )


def test_who_knows_the_coefficients_learns_nothing() -> None:
    """Its predictions are the same before and after, whatever it sees."""
    learner = LinearEstimator.known(sine_features, (1.5, -2.0))
    x = torch.tensor([[[1.0], [2.0]], [[-3.0], [0.1]]])
    inputs = GRID.float().view(1, -1, 1).expand(2, -1, 1)
    expected = (1.5 * GRID.sin() - 2 * GRID.cos()).float().expand(2, -1)
    torch.testing.assert_close(learner.before(inputs), expected)
    torch.testing.assert_close(learner.after(x, 7 + x, inputs), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_that_of_the_inputs(dtype: torch.dtype) -> None:
    """It computes in float64 and answers as it was asked."""
    inputs = torch.zeros(1, 3, 1, dtype=dtype)
    point = torch.ones(1, 1, 1, dtype=dtype)
    assert estimator(ODD).before(inputs).dtype == dtype
    assert estimator(ODD).after(point, point, inputs).dtype == dtype


def test_other_features_make_other_functions() -> None:
    """Two points determine a line as they do a sine."""

    def features(x: Tensor) -> Tensor:
        return torch.cat([x, torch.ones_like(x)], -1)

    learner = LinearEstimator.of(features, (0.0, 0.0), np.diag([3.0, 1.0]), 0.0)
    x = torch.tensor([[[-1.0], [3.0]]], dtype=torch.float64)
    found = learner.estimate(x, 0.5 * x - 2)
    torch.testing.assert_close(found, torch.tensor([[0.5, -2.0]], dtype=torch.float64))
