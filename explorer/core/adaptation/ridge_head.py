"""A network whose last layer is fitted to a task exactly, by ridge regression on its features.

The features Φ of a body are the last layer's inputs, with a column of ones. From K points the head
is w = argmin ‖Φw − y‖² + λ‖w − w₀‖² = w₀ + Φᵀ(ΦΦᵀ + λI)⁻¹(y − Φw₀) (Bertinetto et al. 2019,
arXiv 1805.08136, equation (4), around the last layer w₀ of the network). It is also the mean of
Bayesian linear regression with the prior N(w₀, σ²/λ I) and noise σ, whose predictive variance at
features ψ is σ²(1 + ψᵀ(ΦᵀΦ + λI)⁻¹ψ) (Harrison et al. 2018, arXiv 1807.08912, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.network.derivatives import forward
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class RidgeHead:
    """The network before adaptation, and what the fit of its last layer takes.

    Attributes:
        network: its shape.
        theta: its parameters ``(P,)``; the last layer is w₀.
        penalty: λ.
        noise: σ.
        held: whether the last layer stays as it is, whatever the points.
    """

    network: Network
    theta: Tensor
    penalty: float
    noise: float
    held: bool = False

    def before(self, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)`` of the network as it is."""
        features, head = self._features(inputs)
        return (features @ head).squeeze(-1).to(inputs.dtype)

    def after(self, support_x: Tensor, support_y: Tensor, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)`` with the head fitted to the points."""
        if self.held:
            return self.before(inputs)
        seen, head = self._features(support_x)
        rest = support_y.double() - seen @ head
        fitted = head + seen.mT @ torch.cholesky_solve(rest, self._root(seen))
        return (self._features(inputs)[0] @ fitted).squeeze(-1).to(inputs.dtype)

    def deviation(self, support_x: Tensor, inputs: Tensor) -> Tensor:
        """Standard deviation ``(T, G)`` of targets at inputs ``(T, G, 1)``, given points there.

        With K = 0 points it is that before adaptation, and so it stays if the head is held.
        """
        if self.held:
            support_x = support_x[:, :0]
        seen, at = self._features(support_x)[0], self._features(inputs)[0]
        shared = seen @ at.mT
        told = (shared * torch.cholesky_solve(shared, self._root(seen))).sum(-2)
        spread = ((at * at).sum(-1) - told).clamp(min=0) / self.penalty
        return (self.noise * torch.sqrt(1 + spread)).to(inputs.dtype)

    def _features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The last layer's inputs ``(T, K, n + 1)`` and w₀ ``(n + 1, 1)``, in float64."""
        layers, inputs, _ = forward(self.theta.double(), x.double(), self.network)
        return inputs[-1], layers[-1]

    def _root(self, seen: Tensor) -> Tensor:
        """The lower Cholesky factor of ΦΦᵀ + λI ``(T, K, K)``."""
        unit = torch.eye(seen.shape[-2], dtype=seen.dtype)
        root: Tensor = torch.linalg.cholesky(seen @ seen.mT + self.penalty * unit)
        return root
