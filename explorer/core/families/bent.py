"""Bent functions y = s·g(x − c) + b, two of the five modes of multimodal MAML."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np
from explorer.core.families.base import Family, Parameter, ranged
from explorer.core.families.fields import input_range, target_noise, task_range
from explorer.core.families.numerics import Array, Values, columns, library, uniformly


@dataclass(frozen=True)
class Bent(Family):
    """s·g(x − c) + b with a fixed shape g."""

    source: ClassVar[str] = "Vuorio et al. 2019 (MMAML), simple_functions.py of their code"
    size: ClassVar[int] = 3

    slope: Range = task_range(Range(-3.0, 3.0), "Slope s", -100.0, 100.0)
    centre: Range = task_range(Range(-3.0, 3.0), "Centre c", -100.0, 100.0)
    offset: Range = task_range(Range(-3.0, 3.0), "Offset b", -100.0, 100.0)
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The slope s, the centre c and the offset b."""
        return ranged(self, "slope", "centre", "offset")

    def task(self, u: Values) -> Values:
        """Slope, centre and offset, each uniform."""
        return uniformly(u, self.slope, self.centre, self.offset)

    def function(self, x: Values, task: Values) -> Values:
        """s·g(x − c) + b."""
        slope, centre, offset = columns(task)
        return slope * self.shape(x - centre) + offset

    @abstractmethod
    def shape(self, x: Values) -> Values:
        """The function g."""

    @abstractmethod
    def shape_integrals(self, x: Array) -> tuple[Array, Array]:
        """Antiderivatives of g and of g²."""

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f] = E[s]·m + E[b] and E[f²] = E[s²]·q + 2E[s]E[b]·m + E[b²].

        Here m = E[g(x − c)] and q = E[g²(x − c)] are differences of the integrals of g and g².
        """
        low, high = self.centre
        ends = zip(self.shape_integrals(x - low), self.shape_integrals(x - high), strict=True)
        m, q = ((first - last) / (high - low) for first, last in ends)
        mean = self.slope.mean * m + self.offset.mean
        both = 2 * self.slope.mean * self.offset.mean * m
        return mean, self.slope.mean_square * q + both + self.offset.mean_square


@dataclass(frozen=True)
class Tanh(Bent):
    """s·tanh(x − c) + b."""

    name: ClassVar[str] = "tanh"
    label: ClassVar[str] = "Hyperbolic tangent"
    formula: ClassVar[str] = "s·tanh(x − c) + b"

    def shape(self, x: Values) -> Values:
        """Tanh."""
        return library(x).tanh(x)

    def shape_integrals(self, x: Array) -> tuple[Array, Array]:
        """Log cosh x and x − tanh x."""
        return np.logaddexp(x, -x), x - np.tanh(x)


@dataclass(frozen=True)
class AbsoluteValue(Bent):
    """s·|x − c| + b."""

    name: ClassVar[str] = "abs"
    label: ClassVar[str] = "Absolute value"
    formula: ClassVar[str] = "s·|x − c| + b"

    def shape(self, x: Values) -> Values:
        """The absolute value."""
        return library(x).abs(x)

    def shape_integrals(self, x: Array) -> tuple[Array, Array]:
        """Of |x| and x²: x|x|/2 and x³/3."""
        return x * np.abs(x) / 2, x**3 / 3
