"""Sums of two sines, y = a₁·sin(ωx + b₁) + a₂·sin(2ωx + b₂), as torchmeta's harmonic.py has them.

Inputs of a task lie around a centre of its own: x ∼ N(μ, σₓ²).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from explorer.core.base.fields import Range, setting
from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import Family, Moments, Parameter, ranged
from explorer.core.families.fields import TASKS, target_noise, task_range
from explorer.core.families.numerics import (
    Array,
    Values,
    columns,
    even_inputs,
    library,
    mean_wave,
    normal,
    uniformly,
)

if TYPE_CHECKING:
    from torch import Tensor

USUAL = 3.0  # standard deviations within which nearly all of a normal distribution lies
ALL = 6.0  # and within which it lies but for 2·10⁻⁹


@dataclass(frozen=True)
class Harmonic(Family):
    """a₁·sin(ωx + b₁) + a₂·sin(2ωx + b₂)."""

    name: ClassVar[str] = "harmonic"
    label: ClassVar[str] = "Harmonic"
    formula: ClassVar[str] = "a₁·sin(ωx + b₁) + a₂·sin(2ωx + b₂)"
    source: ClassVar[str] = "torchmeta, toy/harmonic.py"
    size: ClassVar[int] = 6

    frequency: Range = task_range(Range(5.0, 7.0), "Frequency ω", 0.0, 100.0)
    phase: Range = task_range(
        Range(0.0, 2 * math.pi), "Phases b", -2 * math.pi, 2 * math.pi, unit="rad"
    )
    amplitude: float = setting(
        1.0, TASKS, "Amplitude spread σₐ", "number", 0.01, 100.0, "",
        "Standard deviation of both amplitudes, which are normally distributed around 0.", 0.1,
    )  # fmt: skip
    centre: Range = task_range(Range(-4.0, 4.0), "Centre μ", -100.0, 100.0)
    spread: float = setting(
        1.0, TASKS, "Input spread σₓ", "number", 0.01, 100.0, "",
        "Standard deviation of a task's inputs, which are normally distributed around μ.", 0.1,
    )  # fmt: skip
    noise: float = target_noise(0.0)

    @property
    def x(self) -> Range:  # type: ignore[override]  # follows from two settings here
        """Where nearly all inputs lie."""
        far = USUAL * self.spread
        return Range(self.centre.low - far, self.centre.high + far)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Both amplitudes within three standard deviations, both phases, ω and μ."""
        amplitudes = Range(-USUAL * self.amplitude, USUAL * self.amplitude)
        others = ranged(self, "frequency", "centre")
        return (
            Parameter("Amplitude a₁", amplitudes, 0),
            Parameter("Amplitude a₂", amplitudes, 1),
            Parameter("Phase b₁", self.phase, 2),
            Parameter("Phase b₂", self.phase, 3),
            *(each._replace(column=each.column + 4) for each in others),
        )

    def task(self, u: Values) -> Values:
        """a₁ and a₂, normally distributed, and b₁, b₂, ω and μ, uniform."""
        amplitudes = self.amplitude * normal(u[..., :2])
        ranges = self.phase, self.phase, self.frequency, self.centre
        return library(u).concatenate([amplitudes, uniformly(u[..., 2:], *ranges)], -1)

    def function(self, x: Values, task: Values) -> Values:
        """a₁·sin(ωx + b₁) + a₂·sin(2ωx + b₂)."""
        first, second, b1, b2, frequency, _ = columns(task)
        angle = frequency * x
        sin = library(x).sin
        return first * sin(angle + b1) + second * sin(2 * angle + b2)

    def inputs(self, u: Tensor, task: Tensor) -> Tensor:
        """Normally distributed around each task's centre."""
        inputs: Tensor = task.narrow(-1, 5, 1) + self.spread * normal(u)
        return inputs

    def grid(self, points: int, task: Tensor | None = None) -> Tensor:
        """The quantiles of each task's inputs ``(T, G)``, or the even range of all of them."""
        if task is None:
            return super().grid(points)
        quantiles = normal((torch.arange(points, dtype=task.dtype) + 0.5) / points)
        inputs: Tensor = task.narrow(-1, 5, 1).squeeze(-1) + self.spread * quantiles
        return inputs

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f] = 0, and E[f²] = σₐ²·(2 − Re w(2x) − Re w(4x))/2 with w(t) = E[e^(iωt)]·E[e^(2ib)].

        For phases over all of a turn the waves cancel, and E[f²] = σₐ².
        """
        turned = mean_wave(self.phase, 2.0)
        once, twice = ((mean_wave(self.frequency, n * x) * turned).real for n in (2, 4))
        return np.zeros_like(x), self.amplitude**2 * (2 - once - twice) / 2

    def moments(self) -> Moments:
        """Over inputs as they are drawn: normal around centres that are uniform."""
        low, high = self.centre
        far = ALL * self.spread
        x, even = even_inputs(Range(low - far, high + far))
        below, above = (
            torch.special.ndtr(torch.from_numpy((x - end) / self.spread)).numpy()
            for end in (low, high)
        )
        weight = even * (below - above)
        return Moments(x, weight / weight.sum(), *self.expected(x))
