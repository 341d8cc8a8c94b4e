"""Parabolas y = ±α(x − c)² + b, one of the modes of multimodal MAML (Vuorio et al. 2019)."""

from __future__ import annotations

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
    library,
    one_half,
    uniformly,
)

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Quadratic(LinearFamily):
    """±α(x − c)² + b, which opens upwards for one half of the tasks."""

    name: ClassVar[str] = "quadratic"
    label: ClassVar[str] = "Quadratic"
    formula: ClassVar[str] = "±α(x − c)² + b"
    source: ClassVar[str] = "Vuorio et al. 2019 (MMAML), simple_functions.py of their code"
    size: ClassVar[int] = 4

    curvature: Range = task_range(Range(0.02, 0.15), "Curvature α", 0.0, 100.0, step=0.01)
    vertex: Range = task_range(Range(-3.0, 3.0), "Vertex c", -100.0, 100.0)
    offset: Range = task_range(Range(-3.0, 3.0), "Offset b", -100.0, 100.0)
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Which way it opens, α, c and b."""
        sign = Parameter("Opens", Range(0.0, 1.0), 0, ("upwards", "downwards"))
        others = ranged(self, "curvature", "vertex", "offset")
        return sign, *(each._replace(column=each.column + 1) for each in others)

    def task(self, u: Values) -> Values:
        """0 for + or 1 for −, equally often, then α, c and b, each uniform."""
        downwards = one_half(u[..., :1])
        others = uniformly(u[..., 1:], self.curvature, self.vertex, self.offset)
        return library(u).concatenate([downwards, others], -1)

    def function(self, x: Values, task: Values) -> Values:
        """±α(x − c)² + b."""
        downwards, curvature, vertex, offset = columns(task)
        return (1 - 2 * downwards) * curvature * (x - vertex) ** 2 + offset

    def features(self, x: Values) -> Values:
        """The inputs' squares, the inputs and 1."""
        return library(x).concatenate([x * x, x, library(x).ones_like(x)], -1)

    def coefficients(self, task: Values) -> Values:
        """Of q·x² + l·x + k: q = ±α, l = −2qc and k = qc² + b."""
        downwards, curvature, vertex, offset = columns(task)
        q = (1 - 2 * downwards) * curvature
        return library(task).concatenate([q, -2 * q * vertex, q * vertex**2 + offset], -1)

    def density(self, coefficients: Tensor) -> Tensor:
        """That of ±α, c and b, divided by |∂(q, l, k)/∂(±α, c, b)| = 2α."""
        q, linear, constant = coefficients.unbind(-1)
        q = torch.where(q == 0, torch.finfo(q.dtype).tiny, q)
        vertex = -linear / (2 * q)
        offset = constant - q * vertex.square()
        whole = density_within(vertex, self.vertex) * density_within(offset, self.offset)
        return whole * density_within(q.abs(), self.curvature) / (4 * q.abs())

    def mean_coefficients(self) -> tuple[float, float, float]:
        """E[q] = E[l] = 0 as both signs are as frequent, and E[k] = E[b]."""
        return 0.0, 0.0, self.offset.mean

    def covariance(self) -> Array:
        """Of q, l and k, by the moments of c: E[q²]·E[uuᵀ] with u = (1, −2c, c²), and b's."""
        moments = [1.0, *(self.vertex.mean_power(power) for power in (1, 2, 3, 4))]
        scale = (1.0, -2.0, 1.0)
        outer = np.array(
            [[scale[i] * scale[j] * moments[i + j] for j in range(3)] for i in range(3)]
        )
        covariance: Array = self.curvature.mean_square * outer
        covariance[2, 2] += self.offset.variance
        return covariance
