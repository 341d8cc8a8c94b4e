"""The closed-form floors, against the paper's ranges and against sampling."""

import math

import numpy as np
import pytest
from explorer.core.families.reference_losses import (
    best_single_coefficients,
    best_single_function,
    floors,
)

from explorer.core.experiment.settings import Range, Settings

OTHERS = [
    Settings(amplitude=Range(1.0, 2.0), phase=Range(-0.5, 2.0), x=Range(-1.0, 4.0), noise=0.6),
    Settings(amplitude=Range(0.0, 3.0), phase=Range(0.0, 2 * math.pi), x=Range(2.0, 3.0)),
    Settings(amplitude=Range(4.0, 5.0), phase=Range(-6.0, -5.9), x=Range(-100.0, -3.0), noise=2.0),
]


def test_paper() -> None:
    """At the paper's ranges: 4.252, 3.006 and −1.623·cos x."""
    zero, single = floors(Settings())
    assert zero.mse == pytest.approx(4.252, abs=5e-4)
    assert single.mse == pytest.approx(3.006, abs=5e-4)
    a, b = best_single_coefficients(Settings())
    assert a == pytest.approx(0, abs=1e-12)
    assert b == pytest.approx(-1.623, abs=5e-4)


@pytest.mark.parametrize("settings", [Settings(), *OTHERS])
def test_monte_carlo(settings: Settings) -> None:
    """Both floors, noise included, are what a million sampled points give."""
    count = 1_000_000
    random = np.random.default_rng(0)
    x = random.uniform(*settings.x, count)
    y = random.uniform(*settings.amplitude, count) * np.sin(
        x - random.uniform(*settings.phase, count)
    )
    y += settings.noise * random.standard_normal(count)
    predictions = (0.0, best_single_function(x, settings))
    for floor, prediction in zip(floors(settings), predictions, strict=True):
        errors = (y - prediction) ** 2
        margin = 5 * errors.std() / math.sqrt(count)
        assert floor.mse == pytest.approx(errors.mean(), abs=margin), floor.label


@pytest.mark.parametrize("settings", [Settings(), *OTHERS])
def test_the_best_single_function_is_best(settings: Settings) -> None:
    """A least-squares fit of sin and cos to many sampled tasks finds the same coefficients."""
    count = 400_000
    random = np.random.default_rng(1)
    # A full circle of x makes sin and cos independent; the best function does not depend on x.
    x = random.uniform(0, 2 * math.pi, count)
    y = random.uniform(*settings.amplitude, count) * np.sin(
        x - random.uniform(*settings.phase, count)
    )
    fit, *_ = np.linalg.lstsq(np.stack([np.sin(x), np.cos(x)], 1), y)
    np.testing.assert_allclose(fit, best_single_coefficients(settings), atol=0.03)


def test_order_and_noise() -> None:
    """Knowing the task family never costs, and noise adds its variance to every floor."""
    quiet = floors(Settings())
    noisy = floors(Settings(noise=1.5))
    assert quiet[1].mse < quiet[0].mse
    for one, other in zip(quiet, noisy, strict=True):
        assert other.mse - one.mse == pytest.approx(1.5**2)
        assert one.label == other.label


def test_function_follows_its_coefficients() -> None:
    """The curve at x is a·sin x + b·cos x."""
    a, b = best_single_coefficients(OTHERS[0])
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(best_single_function(x, OTHERS[0]), a * np.sin(x) + b * np.cos(x))
    assert abs(a) > 0.1
    assert abs(b) > 0.1
