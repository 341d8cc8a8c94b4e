"""Sawtooth waves, f·(±x − o) modulo 1, a family of the neural processes' library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np
from explorer.core.families.base import Family, Parameter, ranged
from explorer.core.families.fields import input_range, target_noise, task_range
from explorer.core.families.numerics import Array, Values, columns, library, one_half, uniformly


@dataclass(frozen=True)
class Sawtooth(Family):
    """f·(±x − o) modulo 1, which rises for one half of the tasks and falls for the other.

    Offsets o are uniform over a period 1/f; a task keeps f·o, the offset in periods.
    """

    name: ClassVar[str] = "sawtooth"
    label: ClassVar[str] = "Sawtooth"
    formula: ClassVar[str] = "f·(±x − o) mod 1"
    source: ClassVar[str] = "neuralprocesses, sawtooth.py"
    size: ClassVar[int] = 3

    frequency: Range = task_range(Range(2.0, 4.0), "Frequency f", 0.0, 100.0)
    x: Range = input_range(-2.0, 2.0)
    noise: float = target_noise(0.0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Whether it rises, f, and the offset in periods."""
        (frequency,) = ranged(self, "frequency")
        return (
            Parameter("Direction", Range(0.0, 1.0), 0, ("rising", "falling")),
            frequency._replace(column=1),
            Parameter("Offset f·o", Range(0.0, 1.0), 2),
        )

    def task(self, u: Values) -> Values:
        """0 for rising or 1 for falling, equally often, then f and f·o, each uniform."""
        falling = one_half(u[..., :1])
        others = uniformly(u[..., 1:], self.frequency, Range(0.0, 1.0))
        return library(u).concatenate([falling, others], -1)

    def function(self, x: Values, task: Values) -> Values:
        """f·(±x − o) modulo 1."""
        falling, frequency, offset = columns(task)
        return library(x).remainder((1 - 2 * falling) * frequency * x - offset, 1.0)

    def expected(self, x: Array) -> tuple[Array, Array]:
        """Values are uniform between 0 and 1 everywhere, as offsets are: E[f] = ½, E[f²] = ⅓."""
        return np.full_like(x, 1 / 2), np.full_like(x, 1 / 3)
