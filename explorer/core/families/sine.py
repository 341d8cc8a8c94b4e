"""Sines y = A·sin(x − φ), the experiment of the MAML paper (arXiv 1703.03400, section 5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import Parameter, ranged
from explorer.core.families.fields import input_range, target_noise, task_range
from explorer.core.families.linear_family import LinearFamily
from explorer.core.families.numerics import (
    Array,
    Values,
    columns,
    density_within,
    grid_of,
    library,
    uniformly,
)
from explorer.core.families.task_plane import TaskPlane

if TYPE_CHECKING:
    from torch import Tensor


# The fan of tasks in the plane, and how finely its edge is drawn.
FAN_RINGS, FAN_SPOKES, ARC_POINTS = 5, 13, 91


def sine(x: Values, amplitude: Values, phase: Values) -> Values:
    """A·sin(x − φ), broadcast."""
    return amplitude * library(x).sin(x - phase)


def sine_features(x: Values) -> Values:
    """Sin x and cos x, ``(…, K, 2)``: A·sin(x − φ) is linear in A·cos φ and −A·sin φ."""
    both = library(x)
    return both.concatenate([both.sin(x), both.cos(x)], -1)


def mean_cos(u: Range, factor: float = 1.0) -> float:
    """E[cos(factor·u)] for u drawn uniformly."""
    return (math.sin(factor * u.high) - math.sin(factor * u.low)) / (factor * (u.high - u.low))


def mean_sin(u: Range, factor: float = 1.0) -> float:
    """E[sin(factor·u)] for u drawn uniformly."""
    return (math.cos(factor * u.low) - math.cos(factor * u.high)) / (factor * (u.high - u.low))


def _plane_basis(x: Values) -> Values:
    """Sin x and −cos x, ``(…, K, 2)``."""
    return sine_features(x) * library(x).asarray([1.0, -1.0], dtype=x.dtype)


def _on_plane(task: Values) -> Values:
    """(A·cos φ, A·sin φ) ``(…, 2)`` of tasks ``(…, 2)``."""
    both = library(task)
    amplitude, phase = columns(task)
    return both.concatenate([amplitude * both.cos(phase), amplitude * both.sin(phase)], -1)


@dataclass(frozen=True)
class Sine(LinearFamily):
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
        return uniformly(u, self.amplitude, self.phase)

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

    def features(self, x: Values) -> Values:
        """Sin x and cos x."""
        return sine_features(x)

    def coefficients(self, task: Tensor) -> Tensor:
        """Of a·sin x + b·cos x: a = A·cos φ and b = −A·sin φ."""
        amplitude, phase = columns(task)
        return torch.cat([amplitude * torch.cos(phase), -amplitude * torch.sin(phase)], -1)

    def density(self, coefficients: Tensor) -> Tensor:
        """That of A and φ, divided by |∂(a, b)/∂(A, φ)| = A, for each φ that gives a and b."""
        a, b = coefficients.unbind(-1)
        amplitude, phase = torch.hypot(a, b), torch.atan2(-b, a)
        turns = 2 * math.pi
        first = torch.ceil((self.phase.low - phase) / turns)
        last = torch.floor((self.phase.high - phase) / turns)
        of_phase = (last - first + 1) / (self.phase.high - self.phase.low)
        smallest = torch.finfo(amplitude.dtype).tiny
        return density_within(amplitude, self.amplitude) * of_phase / amplitude.clamp(min=smallest)

    def plane(self) -> TaskPlane:
        """A·cos φ along one axis and A·sin φ along the other: A·sin(x − φ) = u·sin x − v·cos x."""
        low, high = self.amplitude
        angles = np.linspace(*self.phase, ARC_POINTS)
        arc = np.stack([np.cos(angles), np.sin(angles)], -1)
        outline = np.concatenate([high * arc, low * arc[::-1], high * arc[:1]])
        amplitudes = high * np.arange(1, FAN_RINGS + 1) / FAN_RINGS
        fan = grid_of(amplitudes, np.linspace(*self.phase, FAN_SPOKES))
        labels, mesh = ("A·cos φ", "A·sin φ"), (FAN_RINGS, FAN_SPOKES)
        return TaskPlane(labels, _plane_basis, _on_plane, self._task_at, outline, fan, mesh)

    def _task_at(self, u: float, v: float) -> tuple[float, float]:
        """Of the angles that are one phase, that within a turn from the lowest of the range."""
        turn = 2 * math.pi
        return math.hypot(u, v), self.phase.low + (math.atan2(v, u) - self.phase.low) % turn

    @property
    def height(self) -> float:
        """Room for the largest sine."""
        return 1.25 * self.amplitude.high
