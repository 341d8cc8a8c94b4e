"""The Bayes-optimal estimate of functions that are linear in unknown coefficients.

f(x) = Φ(x)·c, where c has a known density p, and the points have Gaussian noise σ. The mean of c
given the points is an integral over all c, taken by importance sampling: half of the samples are
drawn from p, half from the Gaussian g that the posterior would be if c were normally distributed
with p's mean and a broader covariance. Each sample counts by the density of the posterior over
that of both halves together (the balance heuristic, Veach and Guibas 1995), so that no weight
can be large: where the points say much, g lies where the posterior does; where they say little,
p does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch
from explorer.core.families.linear_estimator import LinearEstimator

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES = 1024  # of each half: the mean is off by a hundredth of the posterior's spread or so
BROADER = 3.0  # times p's covariance: g must not be thin at the corners of the ranges
TASKS_AT_ONCE = 32  # some 10 MB of samples
_SEED = 1


class Prior(NamedTuple):
    """How C coefficients are distributed before any point is seen.

    Attributes:
        uniforms: how many uniform numbers U it takes to draw them.
        draw: from uniform numbers ``(S, U)`` to coefficients ``(S, C)``.
        density: of coefficients ``(…, C)``, not its logarithm.
    """

    uniforms: int
    draw: Callable[[Tensor], Tensor]
    density: Callable[[Tensor], Tensor]


class _Gaussian(NamedTuple):
    """Gaussians of T tasks: means and precisions ``(T, C)`` along axes ``(T, C, C)``."""

    centre: Tensor
    precision: Tensor
    axes: Tensor


@lru_cache(maxsize=8)
def even_points(dimensions: int) -> Tensor:
    """`SAMPLES` points spread evenly over a unit cube, ``(S, D)`` in float64, always the same."""
    engine = torch.quasirandom.SobolEngine(dimensions, scramble=True, seed=_SEED)  # type: ignore[no-untyped-call]
    # Scrambled points lie on a grid of 2⁻³⁰; its lower end would be an infinite normal number.
    points: Tensor = engine.draw(SAMPLES, dtype=torch.float64).clamp(2.0**-31, 1 - 2.0**-31)
    return points


@dataclass(frozen=True, eq=False)
class BayesEstimator:
    """Predicts the mean of all functions of a family given the points: no estimate is better.

    Attributes:
        linear: features, mean and covariance of the coefficients, and the noise, which is not 0.
        prior: how the coefficients are distributed.
    """

    linear: LinearEstimator
    prior: Prior

    def before(self, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)`` before any point is seen."""
        return self.linear.before(inputs)

    def after(self, support_x: Tensor, support_y: Tensor, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)`` from points ``(T, K, 1)``."""
        if not support_x.shape[-2]:
            return self.before(inputs)  # exactly, where samples come close alone
        return self.linear.at(inputs, self.estimate(support_x, support_y))

    def estimate(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean of c given the points x and y ``(T, K, 1)`` of each task, ``(T, C)``."""
        blocks = (slice(first, first + TASKS_AT_ONCE) for first in range(0, len(x), TASKS_AT_ONCE))
        return torch.cat([self._mean(x[block].double(), y[block].double()) for block in blocks])

    def _mean(self, x: Tensor, y: Tensor) -> Tensor:
        """`estimate` for some tasks.

        As g is the likelihood times exp(−|w|²/2), the likelihood is g·exp(|w|²/2) up to a factor.
        """
        mean, root = torch.from_numpy(self.linear.mean), self._root()
        g = self._gaussian(x, y)
        z = torch.special.ndtri(even_points(len(mean)))
        of_prior = self.prior.draw(even_points(self.prior.uniforms))
        of_prior = torch.linalg.solve(root, (of_prior - mean).T).T
        of_g = (g.centre.unsqueeze(1) + z / g.precision.sqrt().unsqueeze(1)) @ g.axes.mT
        w = torch.cat([of_prior.expand(len(x), -1, -1), of_g], 1)
        off = of_prior @ g.axes - g.centre.unsqueeze(1)
        squares = (off.square() * g.precision.unsqueeze(1)).sum(-1)
        squares = torch.cat([squares, z.square().sum(-1).expand(len(x), -1)], 1)
        log_g = (g.precision.log().sum(-1, keepdim=True) - squares) / 2
        log_g = log_g - len(mean) / 2 * math.log(2 * math.pi)
        c = mean + w @ root.T
        log_p = self.prior.density(c).log() + torch.linalg.slogdet(root).logabsdet
        log_weight = log_p + log_g + w.square().sum(-1) / 2 - torch.logaddexp(log_p, log_g)
        found: Tensor = (torch.softmax(log_weight, -1).unsqueeze(-1) * c).sum(1)
        return found

    def _root(self) -> Tensor:
        """L ``(C, C)``, in which LLᵀ is the broader covariance: c = m + Lw."""
        return torch.from_numpy(self.linear.spread) * math.sqrt(BROADER)

    def _gaussian(self, x: Tensor, y: Tensor) -> _Gaussian:
        """The posterior of a w that is normal: its precision is ΨᵀΨ/σ² + I with Ψ = ΦL."""
        variance = self.linear.noise**2
        waves = self.linear.features(x)
        seen = waves @ self._root()
        rest = y - (waves @ torch.from_numpy(self.linear.mean)).unsqueeze(-1)
        values, axes = torch.linalg.eigh(seen.mT @ seen)
        precision = values.clamp(min=0) / variance + 1
        centre = (axes.mT @ (seen.mT @ rest)).squeeze(-1) / variance / precision
        return _Gaussian(centre, precision, axes)
