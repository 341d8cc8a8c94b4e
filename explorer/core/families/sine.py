"""Sines y = A·sin(x − φ), the experiment of the MAML paper (arXiv 1703.03400, section 5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import (
    Array,
    Estimator,
    Family,
    Parameter,
    Values,
    between,
    columns,
    input_range,
    library,
    ranged,
    target_noise,
    task_range,
)
from explorer.core.families.linear_estimator import LinearEstimator

if TYPE_CHECKING:
    from torch import Tensor


def sine(x: Values, amplitude: Values, phase: Values) -> Values:
    """A·sin(x − φ), broadcast."""
    return amplitude * library(x).sin(x - phase)


def sine_features(x: Tensor) -> Tensor:
    """Sin x and cos x, ``(…, K, 2)``: Values·sin(x − φ) is linear in A·cos φ and −A·sin φ."""
    return torch.cat([torch.sin(x), torch.cos(x)], -1)


def mean_cos(u: Range, factor: float = 1.0) -> float:
    """E[cos(factor·u)] for u drawn uniformly."""
    return (math.sin(factor * u.high) - math.sin(factor * u.low)) / (factor * (u.high - u.low))


def mean_sin(u: Range, factor: float = 1.0) -> float:
    """E[sin(factor·u)] for u drawn uniformly."""
    return (math.cos(factor * u.low) - math.cos(factor * u.high)) / (factor * (u.high - u.low))


@dataclass(frozen=True)
class Sine(Family):
    """A·sin(x − φ)."""

    name: ClassVar[str] = "sine"
    label: ClassVar[str] = "Sine"
    formula: ClassVar[str] = "A·sin(x − φ)"
    source: ClassVar[str] = "Finn et al. 2017, arXiv 1703.03400, section 5.1"
    size: ClassVar[int] = 2

    amplitude: Range = task_range(Range(0.1, 5.0), "Amplitude A", 0.0, 100.0)
    phase: Range = task_range(Range(0.0, math.pi), "Phase φ", -2 * math.pi, 2 * math.pi, unit="rad")
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """A and φ."""
        return ranged(self, "amplitude", "phase")

    def task(self, u: Values) -> Values:
        """A and φ, each uniform."""
        amplitude, phase = columns(u)
        drawn = between(amplitude, self.amplitude), between(phase, self.phase)
        return library(u).concatenate(drawn, -1)

    def function(self, x: Values, task: Values) -> Values:
        """A·sin(x − φ)."""
        return sine(x, *columns(task))

    def mean_coefficients(self) -> tuple[float, float]:
        """E[a], E[b] of a·sin x + b·cos x: the best single function E[A]·E_φ[sin(x − φ)]."""
        mean = self.amplitude.mean
        return mean * mean_cos(self.phase), -mean * mean_sin(self.phase)

    def covariance(self) -> Array:
        """Covariance ``(2, 2)`` of (a, b) = (A·cos φ, −A·sin φ) in a·sin x + b·cos x."""
        square = self.amplitude.mean_square
        cos_2phi, sin_2phi = mean_cos(self.phase, 2), mean_sin(self.phase, 2)
        a, b = self.mean_coefficients()
        between_both = -square * sin_2phi / 2 - a * b
        return np.array(
            [
                [square * (1 + cos_2phi) / 2 - a * a, between_both],
                [between_both, square * (1 - cos_2phi) / 2 - b * b],
            ]
        )

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f] = E[a]·sin x + E[b]·cos x, and its variance from the covariance of (a, b)."""
        waves = np.stack([np.sin(x), np.cos(x)], -1)
        mean = waves @ np.array(self.mean_coefficients())
        variance = np.einsum("...i,ij,...j->...", waves, self.covariance(), waves)
        return mean, variance + mean * mean

    def ideal(self) -> Estimator:
        """The best linear estimate of (a, b), which without noise is exact from two points on."""
        return LinearEstimator.of(
            sine_features, self.mean_coefficients(), self.covariance(), self.noise
        )

    @property
    def height(self) -> float:
        """Room for the largest sine."""
        return 1.25 * self.amplitude.high
