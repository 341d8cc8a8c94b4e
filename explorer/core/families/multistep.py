"""Functions that jump between −1 and 1, an experiment of ALPaCA (arXiv 1807.08912)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np
from explorer.core.families.base import Family, Parameter
from explorer.core.families.fields import input_range, target_noise, task_range
from explorer.core.families.numerics import Array, Values, columns, library, uniformly


@dataclass(frozen=True)
class Multistep(Family):
    """−1 left of three flips and 1 right of them, with the sign changing at each."""

    name: ClassVar[str] = "multistep"
    label: ClassVar[str] = "Multistep"
    formula: ClassVar[str] = "sign(x − s₁)·sign(x − s₂)·sign(x − s₃)"
    source: ClassVar[str] = "Harrison et al. 2018 (ALPaCA), arXiv 1807.08912, and their code"
    size: ClassVar[int] = 3

    flips: Range = task_range(Range(-2.5, 2.5), "Flips s", -100.0, 100.0)
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(math.sqrt(0.05))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The three flips, in no order."""
        return tuple(Parameter(f"Flip s{'₁₂₃'[i]}", self.flips, i) for i in range(self.size))

    def task(self, u: Values) -> Values:
        """Three flips, each uniform."""
        return uniformly(u, *[self.flips] * self.size)

    def function(self, x: Values, task: Values) -> Values:
        """−1 or 1, which changes wherever a flip is passed."""
        result = library(x).ones_like(x)
        for flip in columns(task):
            result = library(x).where(x > flip, result, -result)
        return result

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f] = (2p − 1)³, where a flip lies left of x with probability p; f² is always 1."""
        low, high = self.flips
        p = np.clip((x - low) / (high - low), 0.0, 1.0)
        return (2 * p - 1) ** self.size, np.ones_like(x)

    @property
    def height(self) -> float:
        """Room for both levels and their noise."""
        return 1.0 + max(0.5, 3 * self.noise)
