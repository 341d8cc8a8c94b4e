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
from explorer.core.families.numerics import Array

if TYPE_CHECKING:
    from torch import Tensor

_SINGULAR = 1e-12  # share of the largest eigenvalue below which the points tell nothing


@dataclass(frozen=True, eq=False)
class LinearEstimator:
    """Estimates the coefficients c of Φ(x)·c, of which there are C.

    Attributes:
        features: Φ, from ``(…, K, 1)`` to ``(…, K, C)``, in float64.
        mean: m, of c before any point is seen, ``(C,)``.
        spread: L in the covariance LLᵀ of c, ``(C, R)``; or its diagonal, ``(C,)``.
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

        m + Lz with z = G(y − Φm) and G the gain.
        """
        mean, spread = torch.from_numpy(self.mean), torch.from_numpy(self.spread)
        waves = self.features(x.double())
        rest = y.double() - (waves @ mean).unsqueeze(-1)
        z = (self._gain(self._spread(waves)) @ rest).squeeze(-1)
        found: Tensor = mean + (spread * z if spread.dim() == 1 else z @ spread.T)
        return found

    def deviation(self, support_x: Tensor, inputs: Tensor) -> Tensor:
        """Standard deviation of f(x) once points ``(T, K, 1)`` are seen, whatever their targets.

        With Ψ = ΦL of the points and ψ = φL of an input it is the root of ψ(I − GΨ)ψᵀ; about the
        prediction ± twice that, 95 % of the functions lie where c is normally distributed.

        Returns:
            ``(T, G)`` at inputs ``(T, G, 1)``, in their type; noise on targets is not included.
        """
        seen = self._spread(self.features(support_x.double()))
        asked = self._spread(self._features_at(inputs))
        told = (asked @ self._gain(seen)) * (asked @ seen.transpose(-1, -2))
        variance = asked.square().sum(-1) - told.sum(-1)
        return variance.clamp(min=0).sqrt().to(inputs.dtype)

    def _spread(self, waves: Tensor) -> Tensor:
        """Ψ = ΦL."""
        spread = torch.from_numpy(self.spread)
        return waves * spread if spread.dim() == 1 else waves @ spread

    def _gain(self, seen: Tensor) -> Tensor:
        """G ``(T, R, K)`` = (ΨᵀΨ + σ²I)⁺Ψᵀ = Ψᵀ(ΨΨᵀ + σ²I)⁺, whichever inverse is smaller.

        Args:
            seen: Ψ, ``(T, K, R)``.
        """
        turned = seen.transpose(-1, -2)
        points, unknowns = seen.shape[-2:]
        if points < unknowns:
            return turned @ self._inverse(seen @ turned)
        return self._inverse(turned @ seen) @ turned

    def _inverse(self, square: Tensor) -> Tensor:
        noisy = square + self.noise**2 * torch.eye(square.shape[-1], dtype=square.dtype)
        inverse: Tensor = torch.linalg.pinv(noisy, rtol=_SINGULAR, hermitian=True)
        return inverse

    def before(self, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` before any point is seen."""
        if not self.mean.any():
            return torch.zeros(inputs.shape[:-1], dtype=inputs.dtype)
        return self.at(inputs, torch.from_numpy(self.mean).expand(len(inputs), -1))

    def after(self, support_x: Tensor, support_y: Tensor, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` from points ``(T, K, 1)``."""
        return self.at(inputs, self.estimate(support_x, support_y))

    def at(self, inputs: Tensor, coefficients: Tensor) -> Tensor:
        """Values ``(T, G)`` at inputs ``(T, G, 1)`` of functions with coefficients ``(T, C)``."""
        values = self._features_at(inputs) @ coefficients.unsqueeze(-1)
        return values.squeeze(-1).to(inputs.dtype)

    def _features_at(self, inputs: Tensor) -> Tensor:
        """Φ of inputs, of one task only where all tasks have the same."""
        shared = inputs.shape[0] > 1 and inputs.stride(0) == 0
        return self.features((inputs[:1] if shared else inputs).double())
