"""Sines y = A·sin(ωx + b) whose frequency varies too, the experiment of the Meta-SGD paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from explorer.core.base.fields import Range
from explorer.core.families.base import Family, Parameter, ranged
from explorer.core.families.fields import input_range, target_noise, task_range
from explorer.core.families.numerics import Array, Values, columns, library, mean_wave, uniformly


@dataclass(frozen=True)
class SineFrequency(Family):
    """A·sin(ωx + b)."""

    name: ClassVar[str] = "sine-frequency"
    label: ClassVar[str] = "Sine with frequency"
    formula: ClassVar[str] = "A·sin(ωx + b)"
    source: ClassVar[str] = "Li et al. 2017 (Meta-SGD), arXiv 1707.09835"
    size: ClassVar[int] = 3

    amplitude: Range = task_range(Range(0.1, 5.0), "Amplitude A", 0.0, 100.0)
    frequency: Range = task_range(Range(0.8, 1.2), "Frequency ω", 0.0, 100.0)
    phase: Range = task_range(Range(0.0, math.pi), "Phase b", -2 * math.pi, 2 * math.pi, unit="rad")
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """A, ω and b."""
        return ranged(self, "amplitude", "frequency", "phase")

    def task(self, u: Values) -> Values:
        """A, ω and b, each uniform."""
        return uniformly(u, self.amplitude, self.frequency, self.phase)

    def function(self, x: Values, task: Values) -> Values:
        """A·sin(ωx + b)."""
        amplitude, frequency, phase = columns(task)
        return amplitude * library(x).sin(frequency * x + phase)

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f] = E[A]·Im w(1), E[f²] = E[A²]·(1 − Re w(2))/2; w(n) = E[e^(inωx)]·E[e^(inb)]."""
        once = mean_wave(self.frequency, x) * mean_wave(self.phase, 1.0)
        twice = mean_wave(self.frequency, 2 * x) * mean_wave(self.phase, 2.0)
        square: Array = self.amplitude.mean_square * (1 - twice.real) / 2
        return self.amplitude.mean * once.imag, square

    @property
    def height(self) -> float:
        """Room for the largest sine."""
        return 1.25 * self.amplitude.high
