"""What learners that know nothing, or know the task family, would reach: closed forms.

For A, φ and x uniform and independent, every expectation below is an elementary integral.
At the paper's ranges they give 4.252 for predicting zero and 3.006 for the best single
function −1.623·cos x.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.core.experiment.settings import Range, Settings


@dataclass(frozen=True)
class Floor:
    """A loss that a learner without adaptation reaches.

    Attributes:
        label: what it is.
        mse: expected squared error, noise included.
    """

    label: str
    mse: float


def _mean_cos(u: Range, factor: float = 1.0) -> float:
    return (math.sin(factor * u.high) - math.sin(factor * u.low)) / (factor * (u.high - u.low))


def _mean_sin(u: Range, factor: float = 1.0) -> float:
    return (math.cos(factor * u.low) - math.cos(factor * u.high)) / (factor * (u.high - u.low))


def best_single_coefficients(settings: Settings) -> tuple[float, float]:
    """a, b of the best single function a·sin x + b·cos x = E[A]·E_φ[sin(x − φ)]."""
    mean_amplitude = (settings.amplitude.low + settings.amplitude.high) / 2
    return mean_amplitude * _mean_cos(settings.phase), -mean_amplitude * _mean_sin(settings.phase)


def best_single_function(x: NDArray[np.float64], settings: Settings) -> NDArray[np.float64]:
    """The function a joint regression on all tasks converges to, at x."""
    a, b = best_single_coefficients(settings)
    values: NDArray[np.float64] = a * np.sin(x) + b * np.cos(x)
    return values


def coefficient_covariance(
    settings: Settings,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Covariance matrix of (a, b) = (A·cos φ, −A·sin φ) in A·sin(x − φ) = a·sin x + b·cos x."""
    low, high = settings.amplitude
    square_amplitude = (low * low + low * high + high * high) / 3
    cos_2phi, sin_2phi = _mean_cos(settings.phase, 2), _mean_sin(settings.phase, 2)
    a, b = best_single_coefficients(settings)
    between = -square_amplitude * sin_2phi / 2 - a * b
    return (
        (square_amplitude * (1 + cos_2phi) / 2 - a * a, between),
        (between, square_amplitude * (1 - cos_2phi) / 2 - b * b),
    )


def floors(settings: Settings) -> tuple[Floor, Floor]:
    """Predicting zero, and the best single function for all tasks."""
    low, high = settings.amplitude
    square_amplitude = (low * low + low * high + high * high) / 3
    # E[sin²(x − φ)] = (1 − E[cos 2x]E[cos 2φ] − E[sin 2x]E[sin 2φ]) / 2
    cos_2x, sin_2x = _mean_cos(settings.x, 2), _mean_sin(settings.x, 2)
    cos_2phi, sin_2phi = _mean_cos(settings.phase, 2), _mean_sin(settings.phase, 2)
    power = square_amplitude * (1 - cos_2x * cos_2phi - sin_2x * sin_2phi) / 2
    a, b = best_single_coefficients(settings)
    explained = a * a * (1 - cos_2x) / 2 + b * b * (1 + cos_2x) / 2 + a * b * sin_2x
    noise = settings.noise**2
    return (
        Floor("predict 0", power + noise),
        Floor("best single function", power - explained + noise),
    )
