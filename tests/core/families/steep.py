"""A family that the program does not know, to try what has to work with any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from explorer.core.base.fields import Range, setting
from explorer.core.families.base import Family, Parameter, ranged
from explorer.core.families.fields import input_range, target_noise, task_range
from explorer.core.families.numerics import Array, between


@dataclass(frozen=True)
class Steep(Family):
    """Lines a·x through 0; one parameter, and a setting that makes all of them steeper."""

    name: ClassVar[str] = "steep"
    label: ClassVar[str] = "Steep"
    formula: ClassVar[str] = "s·a·x"
    source: ClassVar[str] = "made up"
    size: ClassVar[int] = 1

    slope: Range = task_range(Range(-3.0, 3.0), "Slope a", -10.0, 10.0)
    steepness: float = setting(2.0, "Tasks", "Steepness s", "number", 1.0, 9.0, help="A factor.")
    x: Range = input_range(-1.0, 2.0)
    noise: float = target_noise(0.1)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The slope."""
        return ranged(self, "slope")

    def task(self, u: Any) -> Any:
        """The slope, uniform."""
        return between(u, self.slope)

    def function(self, x: Any, task: Any) -> Any:
        """s·a·x."""
        return self.steepness * task * x

    def expected(self, x: Array) -> tuple[Array, Array]:
        """From the moments of a uniform slope."""
        steep = self.steepness * np.asarray(x)
        return steep * self.slope.mean, steep**2 * self.slope.mean_square
