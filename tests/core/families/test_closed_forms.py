"""The learners in closed form, against sampling, quadrature and a second way to the estimate."""

import math

import numpy as np
import pytest
import torch
from explorer.core.families.reference_losses import (
    best_single_coefficients,
    best_single_function,
    coefficient_covariance,
    floors,
)
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.trajectory import walk
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Range, Settings
from explorer.core.families.closed_forms import ANALYTIC, SineEstimator
from explorer.core.families.sampling import grid, sample, sine

GRID = torch.linspace(-5, 5, 41, dtype=torch.float64)
PAPER = Settings()
ODD = Settings(amplitude=Range(1.0, 2.0), phase=Range(-0.5, 2.0), x=Range(-1.0, 4.0))
DISTRIBUTIONS = pytest.mark.parametrize("settings", [PAPER, ODD], ids=["paper", "odd"])


def noisy(settings: Settings, noise: float) -> Settings:
    return Settings.from_dict(settings.to_dict() | {"noise": noise})


def estimator(name: str, settings: Settings) -> SineEstimator:
    return ANALYTIC[name].start(settings)


def draw(settings: Settings, tasks: int, points: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, targets and (a, b) of some tasks, in float64."""
    drawn = sample(settings, tasks, points, stream(1, "tasks"), stream(1, "noise"))
    amplitude, phase = drawn.amplitude[0].double(), drawn.phase[0].double()
    x = drawn.x[0].double()
    noise = (drawn.y - sine(drawn.x, drawn.amplitude, drawn.phase))[0].double()
    y = sine(x, amplitude, phase) + (noise if settings.noise else 0)
    coefficients = torch.cat([amplitude * torch.cos(phase), -amplitude * torch.sin(phase)], 1)
    return x, y, coefficients.squeeze(-1)


# --- what is known before


@DISTRIBUTIONS
def test_covariance_is_that_of_the_tasks(settings: Settings) -> None:
    """Mean and covariance of (a, b) are what Gauss's quadrature over A and φ gives."""
    nodes, weights = leggauss(40)
    amplitude, phase = (
        low + (high - low) * (nodes + 1) / 2 for low, high in (settings.amplitude, settings.phase)
    )
    shares = np.outer(weights, weights) / 4
    a = np.outer(amplitude, np.cos(phase))
    b = -np.outer(amplitude, np.sin(phase))
    mean = [(shares * each).sum() for each in (a, b)]
    np.testing.assert_allclose(best_single_coefficients(settings), mean, atol=1e-12)
    expected = [
        [(shares * (u - m) * (v - n)).sum() for v, n in zip((a, b), mean, strict=True)]
        for u, m in zip((a, b), mean, strict=True)
    ]
    np.testing.assert_allclose(coefficient_covariance(settings), expected, atol=1e-10)


@DISTRIBUTIONS
def test_the_ideal_learner_knows_the_covariance(settings: Settings) -> None:
    """Its spread is a root of it."""
    root = np.reshape(estimator("ideal", settings).spread, (2, 2))
    np.testing.assert_allclose(root @ root.T, coefficient_covariance(settings), atol=1e-12)


# --- the ideal learner


@DISTRIBUTIONS
@pytest.mark.parametrize("points", [2, 3, 10])
def test_two_points_without_noise_determine_the_sine(settings: Settings, points: int) -> None:
    """The ideal learner's error is 0: the floor under every learner."""
    x, y, coefficients = draw(settings, 200, points)
    found = estimator("ideal", settings).estimate(x, y)
    # Points π apart tell the same twice; near that the last digits are lost.
    waves = torch.cat([torch.sin(x), torch.cos(x)], -1)
    loss_of_digits = torch.linalg.cond(waves)
    assert ((found - coefficients).norm(dim=1) < 1e-12 * loss_of_digits**2).all()
    assert (loss_of_digits < 1e3).sum() > 190


@DISTRIBUTIONS
@pytest.mark.parametrize(("points", "noise"), [(1, 0.0), (1, 0.5), (2, 0.5), (7, 0.1), (40, 2.0)])
def test_estimate_is_the_gaussian_one(settings: Settings, points: int, noise: float) -> None:
    """It is m + CΦᵀ(ΦCΦᵀ + σ²I)⁻¹(y − Φm), task by task, by solving for the points instead."""
    settings = noisy(settings, noise)
    x, y, _ = draw(settings, 30, points)
    found = estimator("ideal", settings).estimate(x, y).numpy()
    mean = np.array(best_single_coefficients(settings))
    covariance = np.array(coefficient_covariance(settings))
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
    settings, count = noisy(PAPER, noise), 100_000
    random = np.random.default_rng(0)
    amplitude = random.uniform(*settings.amplitude, count)
    phase = random.uniform(*settings.phase, count)
    x = np.linspace(-2.0, 1.5, points)
    y = amplitude[:, None] * np.sin(x - phase[:, None])
    y += noise * random.standard_normal(y.shape)
    coefficients = np.stack([amplitude * np.cos(phase), -amplitude * np.sin(phase)], 1)
    fit, *_ = np.linalg.lstsq(np.column_stack([np.ones(count), y]), coefficients)
    targets = np.concatenate([np.zeros((1, points)), np.eye(points)])
    found = estimator("ideal", settings).estimate(
        torch.from_numpy(x).view(1, -1, 1).expand(points + 1, -1, 1),
        torch.from_numpy(targets).unsqueeze(-1),
    )
    weights = torch.cat([found[:1], found[1:] - found[:1]])
    np.testing.assert_allclose(weights.numpy(), fit, atol=0.03)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_without_points_there_is_the_best_single_function(noise: float) -> None:
    """Nothing seen, nothing learned: before and after, −1.623·cos x."""
    none = torch.zeros(2, 0, 1, dtype=torch.float64)
    steps = list(
        adapt(estimator("ideal", noisy(PAPER, noise)), none, none, GRID, alpha=0.01, steps=2)
    )
    expected = torch.from_numpy(best_single_function(GRID.numpy(), PAPER))
    for step in steps:
        torch.testing.assert_close(step.prediction, expected.expand(2, -1))
        assert step.support_loss.isnan().all()


def test_points_that_tell_the_same_are_no_obstacle() -> None:
    """Twice the same point, or points π apart, count once; the estimate passes through them."""
    for other in (1.0, 1.0 + math.pi):
        x = torch.tensor([[[1.0], [other]]], dtype=torch.float64)
        y = 2.5 * torch.sin(x - 0.7)
        found = estimator("ideal", PAPER).estimate(x, y)
        once = estimator("ideal", PAPER).estimate(x[:, :1], y[:, :1])
        torch.testing.assert_close(found, once, rtol=1e-6, atol=1e-8)
        torch.testing.assert_close(
            torch.sin(x) * found[0, 0] + torch.cos(x) * found[0, 1], y, rtol=1e-6, atol=1e-8
        )


def test_hardly_any_variety_is_no_obstacle() -> None:
    """Where all tasks are nearly one sine, it predicts that one, and finite numbers."""
    settings = Settings(amplitude=Range(2.0, 2.0 + 1e-9), phase=Range(0.5, 0.5 + 1e-9))
    x = torch.tensor([[[0.3], [1.9]]], dtype=torch.float64)
    found = estimator("ideal", settings).estimate(x, 2 * torch.sin(x - 0.5))
    expected = torch.tensor([[2 * math.cos(0.5), -2 * math.sin(0.5)]], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


# --- what the program shows of them


@DISTRIBUTIONS
@pytest.mark.parametrize(("name", "floor"), [("zero", 0), ("single", 1)])
def test_the_other_two_reach_the_floors(settings: Settings, name: str, floor: int) -> None:
    """Their error is the closed form's within three intervals, points or no points."""
    result = evaluate(estimator(name, settings), settings, shots=5, steps=3, tasks=2000)
    for mse, interval in zip(result.mse, result.ci95, strict=True):
        assert abs(mse - floors(settings)[floor].mse) < 3 * interval
    assert len(set(result.mse)) == 1
    assert result.diverged == (0, 0, 0, 0)


def test_the_ideal_learner_in_an_evaluation() -> None:
    """It starts as the best single function and needs one step, with nothing left to learn."""
    result = evaluate(estimator("ideal", PAPER), PAPER, shots=5, steps=2, tasks=500)
    assert abs(result.mse[0] - floors(PAPER)[1].mse) < 3 * result.ci95[0]
    assert result.mse[1] == result.mse[2] < 1e-8


def test_noise_costs_the_ideal_learner_too() -> None:
    """Its error grows with σ and falls with K, and stays below that of knowing nothing."""
    errors = {
        (noise, shots): evaluate(
            estimator("ideal", noisy(PAPER, noise)),
            noisy(PAPER, noise),
            shots=shots,
            steps=1,
            tasks=200,
        ).mse[1]
        for noise, shots in ((0.3, 5), (1.0, 5), (1.0, 20))
    }
    assert 1e-3 < errors[0.3, 5] < errors[1.0, 5] < floors(PAPER)[1].mse
    assert errors[1.0, 20] < errors[1.0, 5]


@pytest.mark.parametrize("name", ANALYTIC)
def test_a_trail_like_a_networks(name: str) -> None:
    """Float32 in, float32 out, all steps and their errors, and it never diverges."""
    inputs = grid(PAPER.x, 30)
    truth = sine(inputs, torch.tensor(3.0), torch.tensor(1.0))
    x = torch.tensor([[[-2.0], [0.5], [3.0]]])
    y = sine(x, torch.tensor(3.0), torch.tensor(1.0))
    start = estimator(name, PAPER)
    steps = list(adapt(start, x, y, inputs, alpha=1.0, steps=3))
    assert [step.step for step in steps] == [0, 1, 2, 3]
    assert all(step.theta is None and step.prediction.dtype == torch.float32 for step in steps)
    trail = walk(start, x, y, inputs, truth, alpha=1.0, steps=3)
    assert trail.divergence is None
    for at, step in enumerate(steps):
        assert np.array_equal(trail.prediction[at], step.prediction[0].double().numpy())
        assert trail.mse[at] == float((step.prediction - truth).square().mean())
        assert trail.support_mse[at] == float(step.support_loss)
    assert (trail.mse[1] < 1e-10) == (trail.support_mse[1] < 1e-10) == (name == "ideal")
