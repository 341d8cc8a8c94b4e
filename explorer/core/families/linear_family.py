"""Families whose functions are linear in coefficients c: f(x) = Φ(x)·c with known features Φ.

Mean and covariance of c over all tasks give what is expected of the functions, and the density of
c gives the Bayes-optimal learner.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import np
from explorer.core.families.base import Estimator, Family
from explorer.core.families.bayes_estimator import BayesEstimator, Prior
from explorer.core.families.linear_estimator import LinearEstimator
from explorer.core.families.numerics import Array, Values

if TYPE_CHECKING:
    from torch import Tensor


class LinearFamily(Family):
    """A family whose functions are Φ(x)·c, with C coefficients c."""

    @abstractmethod
    def features(self, x: Values) -> Values:
        """Φ ``(…, K, C)`` at inputs ``(…, K, 1)``."""

    @abstractmethod
    def coefficients(self, task: Tensor) -> Tensor:
        """The coefficients c ``(…, C)`` of tasks ``(…, P)``."""

    @abstractmethod
    def density(self, coefficients: Tensor) -> Tensor:
        """The density ``(…)`` of coefficients ``(…, C)`` over all tasks."""

    @abstractmethod
    def mean_coefficients(self) -> Sequence[float]:
        """E[c], the coefficients of the best single function, C numbers."""

    @abstractmethod
    def covariance(self) -> Array:
        """The covariance ``(C, C)`` of c over all tasks."""

    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f] = Φ·E[c], and E[f²] = Φ·Cov(c)·Φᵀ + E[f]²."""
        waves = self.features(x[..., None])
        mean = waves @ np.array(self.mean_coefficients())
        variance = np.einsum("...i,ij,...j->...", waves, self.covariance(), waves)
        return mean, variance + mean * mean

    def ideal(self) -> Estimator:
        """The mean of the functions given the points, by `BayesEstimator`.

        Without noise as many points as coefficients determine the function, and the best linear
        estimate finds it; from fewer it is the best linear estimate, not the Bayes-optimal one.
        """
        linear = LinearEstimator.of(
            self.features, self.mean_coefficients(), self.covariance(), self.noise
        )
        if self.noise == 0:
            return linear
        return BayesEstimator(linear, Prior(self.uniforms, self._drawn, self.density))

    def _drawn(self, u: Tensor) -> Tensor:
        return self.coefficients(self.task(u))
