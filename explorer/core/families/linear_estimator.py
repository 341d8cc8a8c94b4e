"""Estimates of functions that are linear in unknown coefficients, from points on them.

f(x) = Φ(x)·c with known features Φ, and coefficients c of known mean m and covariance LLᵀ. From K
points with noise σ follows the best linear estimate of c, which is the Bayes-optimal one where c
is normally distributed (Rasmussen and Williams 2006, section 2.1) and, without noise, wherever the
points determine c.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import Array

if TYPE_CHECKING:
    from torch import Tensor

_SINGULAR = 1e-12  # share of the largest eigenvalue below which the points tell nothing


@dataclass(frozen=True, eq=False)
class LinearEstimator:
    """Estimates the coefficients c of Φ(x)·c, of which there are C.

    Attributes:
        features: Φ, from ``(…, K, 1)`` to ``(…, K, C)``, in float64.
        mean: m, of c before any point is seen, ``(C,)``.
        spread: L in the covariance LLᵀ of c, ``(C, R)``.
        noise: standard deviation σ of the points' targets.
    """

    features: Callable[[Tensor], Tensor]
    mean: Array
    spread: Array
    noise: float

    @classmethod
    def of(
        cls,
        features: Callable[[Tensor], Tensor],
        mean: Sequence[float],
        covariance: Array,
        noise: float,
    ) -> LinearEstimator:
        """From the covariance ``(C, C)``, which may be singular."""
        values, vectors = np.linalg.eigh(covariance)
        root = np.sqrt(np.maximum(values, 0.0))
        return cls(features, np.asarray(mean, np.float64), vectors * root, noise)

    @classmethod
    def known(
        cls, features: Callable[[Tensor], Tensor], coefficients: Sequence[float]
    ) -> LinearEstimator:
        """One that knows c and learns nothing."""
        c = np.asarray(coefficients, np.float64)
        return cls(features, c, np.zeros((len(c), 1)), 0.0)

    def estimate(self, x: Tensor, y: Tensor) -> Tensor:
        """C of each task ``(T, C)`` in float64, from points x and y ``(T, K, 1)``.

        m + Lz with z = (ΨᵀΨ + σ²I)⁺Ψᵀ(y − Φm) and Ψ = ΦL.
        """
        mean, spread = torch.from_numpy(self.mean), torch.from_numpy(self.spread)
        waves = self.features(x.double())
        seen = waves @ spread
        unit = torch.eye(spread.shape[1], dtype=torch.float64)
        square = seen.transpose(-1, -2) @ seen + self.noise**2 * unit
        rest = y.double() - (waves @ mean).unsqueeze(-1)
        inverse = torch.linalg.pinv(square, rtol=_SINGULAR, hermitian=True)
        z = inverse @ (seen.transpose(-1, -2) @ rest)
        found: Tensor = mean + (spread @ z).squeeze(-1)
        return found

    def before(self, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` before any point is seen."""
        return self.at(inputs, torch.from_numpy(self.mean).expand(len(inputs), -1))

    def after(self, support_x: Tensor, support_y: Tensor, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` from points ``(T, K, 1)``."""
        return self.at(inputs, self.estimate(support_x, support_y))

    def at(self, inputs: Tensor, coefficients: Tensor) -> Tensor:
        """Values ``(T, G)`` at inputs ``(T, G, 1)`` of functions with coefficients ``(T, C)``."""
        values = self.features(inputs.double()) @ coefficients.unsqueeze(-1)
        return values.squeeze(-1).to(inputs.dtype)
