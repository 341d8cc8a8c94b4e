"""Straight lines y = a·x + b, one of the modes of multimodal MAML (Vuorio et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np
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


@dataclass(frozen=True)
class Line(LinearFamily):
    """a·x + b."""

    name: ClassVar[str] = "line"
    label: ClassVar[str] = "Line"
    formula: ClassVar[str] = "a·x + b"
    source: ClassVar[str] = "Vuorio et al. 2019 (MMAML), simple_functions.py of their code"
    size: ClassVar[int] = 2

    slope: Range = task_range(Range(-3.0, 3.0), "Slope a", -100.0, 100.0)
    intercept: Range = task_range(Range(-3.0, 3.0), "Intercept b", -100.0, 100.0)
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The slope a and the intercept b."""
        return ranged(self, "slope", "intercept")

    def task(self, u: Values) -> Values:
        """Slope and intercept, each uniform."""
        return uniformly(u, self.slope, self.intercept)

    def function(self, x: Values, task: Values) -> Values:
        """a·x + b."""
        slope, intercept = columns(task)
        return slope * x + intercept

    def features(self, x: Values) -> Values:
        """The inputs x and 1."""
        return library(x).concatenate([x, library(x).ones_like(x)], -1)

    def coefficients(self, task: Values) -> Values:
        """The parameters themselves."""
        return task

    def density(self, coefficients: Tensor) -> Tensor:
        """The same everywhere within the ranges."""
        slope, intercept = coefficients.unbind(-1)
        return density_within(slope, self.slope) * density_within(intercept, self.intercept)

    def mean_coefficients(self) -> tuple[float, float]:
        """E[a] and E[b]."""
        return self.slope.mean, self.intercept.mean

    def covariance(self) -> Array:
        """Slope and intercept are independent."""
        return np.diag([self.slope.variance, self.intercept.variance])

    def plane(self) -> TaskPlane:
        """The slope along one axis, the intercept along the other."""
        a, b = self.slope, self.intercept
        corners = [(a.low, b.low), (a.high, b.low), (a.high, b.high), (a.low, b.high)]
        outline = np.array([*corners, corners[0]])
        fan = grid_of(np.linspace(*a, 7), np.linspace(*b, 7))
        labels, features = ("a", "b"), self.features
        return TaskPlane(labels, features, _itself, lambda u, v: (u, v), outline, fan, (7, 7))


def _itself(task: Values) -> Values:
    return task
