"""The linear estimator: both ways to its inverse, against the formula with the other one."""

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.families.linear_estimator import LinearEstimator

CENTRES = torch.linspace(-2, 2, 6, dtype=torch.float64)
MEAN = np.array([1.0, -0.5, 0.0, 2.0, 0.3, -1.0])
SPREAD = np.random.default_rng(0).standard_normal((6, 5))


def bumps(x: Tensor) -> Tensor:
    """Six features."""
    return torch.exp(-((x - CENTRES) ** 2))


def points(count: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets of three tasks."""
    random = np.random.default_rng(count)
    x = np.linspace(-2, 2, count) + random.uniform(-0.1, 0.1, (3, count))
    return tuple(
        torch.from_numpy(each).unsqueeze(-1) for each in (x, random.standard_normal((3, count)))
    )


def primal(x: Tensor, y: Tensor, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of c of one task, from the R×R inverse."""
    waves = bumps(x).numpy()
    seen = waves @ SPREAD
    gain = np.linalg.pinv(seen.T @ seen + noise**2 * np.eye(5), 1e-12, hermitian=True) @ seen.T
    mean = MEAN + SPREAD @ gain @ (y.numpy()[:, 0] - waves @ MEAN)
    return mean, SPREAD @ (np.eye(5) - gain @ seen) @ SPREAD.T


@pytest.mark.parametrize("noise", [0.0, 0.4])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 6, 9])
def test_few_points_and_many_give_the_same_estimate(count: int, noise: float) -> None:
    """By the K×K inverse or by the R×R one: estimate and deviation are the latter's."""
    x, y = points(count)
    learner = LinearEstimator(bumps, MEAN, SPREAD, noise)
    inputs = torch.linspace(-3, 3, 11, dtype=torch.float64).view(1, -1, 1).expand(3, -1, -1)
    found, deviation = learner.estimate(x, y), learner.deviation(x, inputs)
    for task in range(3):
        mean, covariance = primal(x[task], y[task], noise)
        np.testing.assert_allclose(found[task], mean, rtol=1e-6, atol=1e-6)
        asked = bumps(inputs[task]).numpy()
        variance = np.einsum("gc,cd,gd->g", asked, covariance, asked)
        np.testing.assert_allclose(deviation[task] ** 2, variance, atol=1e-7)


@pytest.mark.parametrize("count", [2, 8])
def test_independent_coefficients_are_a_diagonal(count: int) -> None:
    """A vector for the spread is the diagonal matrix of it."""
    x, y = points(count)
    diagonal = np.array([1.0, 0.5, 2.0, 0.0, 1.5, 0.1])
    short = LinearEstimator(bumps, MEAN, diagonal, 0.2)
    long = LinearEstimator(bumps, MEAN, np.diag(diagonal), 0.2)
    torch.testing.assert_close(short.estimate(x, y), long.estimate(x, y))
    torch.testing.assert_close(short.deviation(x, x + 0.3), long.deviation(x, x + 0.3))


def test_the_same_inputs_of_all_tasks_count_once() -> None:
    """Predictions are the same whether inputs are shared or repeated, and keep their type."""
    x, y = points(4)
    learner = LinearEstimator(bumps, MEAN, SPREAD, 0.1)
    shared = torch.linspace(-1, 1, 7).view(1, -1, 1).expand(3, -1, -1)
    repeated = shared.contiguous()
    for found, expected in (
        (learner.before(shared), learner.before(repeated)),
        (learner.after(x, y, shared), learner.after(x, y, repeated)),
        (learner.deviation(x, shared), learner.deviation(x, repeated)),
    ):
        assert found.shape == (3, 7)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected)


def test_nothing_is_known_beyond_the_mean_before() -> None:
    """Without points: the mean function, and the deviation of all functions."""
    none, inputs = torch.zeros(2, 0, 1), torch.linspace(-1, 1, 5).view(1, -1, 1).expand(2, -1, -1)
    learner = LinearEstimator(bumps, MEAN, SPREAD, 0.0)
    asked = bumps(inputs.double()).numpy()
    np.testing.assert_allclose(learner.before(inputs), asked @ MEAN, rtol=1e-6)
    np.testing.assert_allclose(learner.after(none, none, inputs), asked @ MEAN, rtol=1e-6)
    expected = np.linalg.norm(asked @ SPREAD, axis=-1)
    np.testing.assert_allclose(learner.deviation(none, inputs), expected, rtol=1e-6)
    assert not LinearEstimator(bumps, 0 * MEAN, SPREAD, 0.0).before(inputs).any()
