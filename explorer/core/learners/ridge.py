"""A ridge head: the last layer is fitted to each task exactly (R2-D2 and ALPaCA).

R2-D2 (Bertinetto et al. 2019, arXiv 1805.08136, section 3) adapts the last layer by ridge
regression on the features of the body, in one exact solve; ALPaCA (Harrison et al. 2018,
arXiv 1807.08912) does the same around a learned prior, and reads it as Bayesian linear regression.
Here the prior mean is the network's own last layer w₀ (`explorer.core.adaptation.ridge_head`). The
outer loop trains body, w₀ and λ by the query loss of the fitted head, through the solve, and fits
the noise σ, which no prediction depends on, to the likelihood of the query targets. The
meta-parameters are θ, log λ and log σ².

With P = (ΦᵀΦ + λI)⁻¹ the head is w = w₀ + PΦᵀ(y − Φw₀). Let w̄ = Ψᵀē be the derivative of the query
loss by w, Ψ being the features of the query points and ē = 2(Ψw − y)/Q. With a = (y − Φw)/λ and
b = ΦPw̄, the derivative by w₀ is w̄₀ = λPw̄, the adjoint of the solve is aw̄₀ᵀ − bwᵀ by Φ and −aᵀb by
λ; by Ψ the derivative is ēwᵀ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.adaptation.ridge_head import RidgeHead
from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import Cost, InnerLoop, Learner, points_drawn
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.derivatives import forward, summed_body_gradient
from explorer.core.network.mlp import Network, parameter_count

if TYPE_CHECKING:
    from torch import Tensor


LEAST_PENALTY = 1e-3  # of λ, below which float32 cannot solve


@dataclass(frozen=True)
class RidgeOptions(Options):
    """The prior of the ridge head before training."""

    ridge_penalty: float = setting(
        0.1, "Ridge head", "Penalty λ at first", "number", 1e-4, 100.0, "",
        "Weight of ‖w − w₀‖² in the fit of the last layer before training, which learns it.", 0.1,
    )  # fmt: skip


def exponential(z: Tensor) -> Tensor:
    """e^z, by calls that the engine knows: ((1 + t)/(1 − t))⁸ with t = tanh(z/16)."""
    t = torch.tanh(z / 16)
    root = (t + 1.0) / (t * -1.0 + 1.0)
    fourth = root * root * root * root
    return fourth * fourth


def fit(features: Tensor, targets: Tensor, head: Tensor, penalty: Tensor) -> tuple[Tensor, Tensor]:
    """The head that a task's points lead to, and what they leave open.

    It takes in one point after the other by Potter's update of a root (Bierman 1977, chapter V),
    whose rounding grows as the root of the condition number. Float32 needs that: with the inverse
    itself, training loses its way once the features have become large against λ.

    Args:
        features: Φ ``(T, K, n)``.
        targets: y ``(T, K, 1)``.
        head: w₀ ``(n, 1)``.
        penalty: λ ``(1,)``.

    Returns:
        w ``(T, n, 1)``, and S with SSᵀ = (ΦᵀΦ + λI)⁻¹, ``(T, n, n)``.
    """
    fitted, root = head, _unit(features) / torch.sqrt(penalty)
    for point in range(features.size(-2)):
        feature = features.narrow(-2, point, 1)
        u = torch.matmul(feature, root)
        gain = torch.matmul(root, u.transpose(-1, -2))
        share = torch.ones_like(u.narrow(-1, 0, 1)) / ((u * u).sum(-1, keepdim=True) + 1.0)
        rest = targets.narrow(-2, point, 1) - torch.matmul(feature, fitted)
        fitted = gain * (rest * share) + fitted
        root = root - torch.matmul(gain, u * (share / (torch.sqrt(share) + 1.0)))
    return fitted, root


def _unit(features: Tensor) -> Tensor:
    """The unit matrix ``(n, n)``: its rows, one after the other, are 1, n zeros, 1, n zeros, …."""
    size = features.size(-1)
    row = features.narrow(0, 0, 1).narrow(1, 0, 1).flatten()
    pattern = torch.cat([torch.ones_like(row.narrow(0, 0, 1)), torch.zeros_like(row)])
    several = pattern.unsqueeze(0).expand(size, size + 1).flatten()
    unit: Tensor = several.narrow(0, 0, size * size).unflatten(0, [size, size])  # type: ignore[no-untyped-call]
    return unit


def _parts(meta: Tensor, network: Network) -> tuple[Tensor, Tensor, Tensor]:
    """θ ``(P,)``, λ ``(1,)`` and log σ² ``(1,)``."""
    parameters = parameter_count(network)
    penalty = exponential(meta.narrow(-1, parameters, 1)) + LEAST_PENALTY
    return meta.narrow(-1, 0, parameters), penalty, meta.narrow(-1, parameters + 1, 1)


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ and log λ, and that of log σ²; losses before and after the fit.

    α, the inner steps and the weights of their losses are none of its business.
    """
    theta, penalty, log_variance = _parts(meta, network)
    shots, asked_points = batch.support_x.size(-2), batch.query_x.size(-2)
    layers, inputs, _ = forward(theta, torch.cat([batch.support_x, batch.query_x], -2), network)
    seen = inputs[-1].narrow(-2, 0, shots)
    asked = inputs[-1].narrow(-2, shots, asked_points)
    head = layers[-1]
    rest = batch.support_y - torch.matmul(seen, head)
    fitted, root = fit(seen, batch.support_y, head, penalty)
    error = torch.matmul(asked, fitted) - batch.query_y

    by_error = error * (2.0 / asked_points)
    by_fitted = torch.matmul(asked.transpose(-1, -2), by_error)
    bent = torch.matmul(root, torch.matmul(root.transpose(-1, -2), by_fitted))
    by_head = bent * penalty
    a = (batch.support_y - torch.matmul(seen, fitted)) / penalty
    b = torch.matmul(seen, bent)
    fitted_turned = fitted.transpose(-1, -2)
    by_seen = torch.matmul(a, by_head.transpose(-1, -2)) - torch.matmul(b, fitted_turned)
    by_features = torch.cat([by_seen, torch.matmul(by_error, fitted_turned)], -2)
    by_log_penalty = (a * b).sum().unsqueeze(0) * (penalty - LEAST_PENALTY) * -1.0
    summed = [
        summed_body_gradient(by_features, layers, inputs, network),
        by_head.sum(0).flatten(),
        by_log_penalty,
    ]
    by_log_variance = _by_log_variance(log_variance, error, torch.matmul(asked, root))
    both = torch.cat([torch.cat(summed) / batch.support_x.size(0), by_log_variance])
    return both, torch.stack([(rest * rest).mean(), (error * error).mean()])


def _by_log_variance(log_variance: Tensor, error: Tensor, asked: Tensor) -> Tensor:
    """The derivative by log σ² of −log N(y; Ψw, σ²(1 + s)), the mean over query points.

    It is (1 − e²/(σ²(1 + s)))/2, with s = ψᵀPψ = ‖Sᵀψ‖² from the rows ψᵀS.
    """
    spread = (asked * asked).sum(-1)
    unexplained = ((error * error).sum(-1) / (spread + 1.0)).mean().unsqueeze(0)
    return unexplained * exponential(log_variance * -1.0) * -0.5 + 0.5


def begin(theta: Tensor, settings: CommonSettings) -> Tensor:
    """θ, log λ as set, and σ = 1."""
    first = math.log(settings.options_of(RidgeOptions).ridge_penalty)
    return torch.cat([theta, theta.new_tensor([first, 0.0])])


def start(meta: Tensor, network: Network, _settings: CommonSettings) -> RidgeHead:
    """The last layer is fitted to the points of a task at once."""
    theta, penalty, log_variance = _parts(meta, network)
    return RidgeHead(network, theta, float(penalty), math.exp(float(log_variance) / 2))


def cost(settings: CommonSettings) -> Cost:
    """A gradient of all its points; the solve takes about as long again."""
    return Cost(1, settings.shots + settings.query, 0, points_drawn(settings))


RIDGE = Learner(
    "ridge", "Ridge head", "Bertinetto et al. 2019, arXiv 1805.08136, section 3", BEFORE_AND_AFTER,
    meta_gradient, begin=begin, start=start, options=RidgeOptions, cost=cost,
    look=Look("#3d4a00", "#e2ff5c", (10, 2)),
    instead="The ridge head fits its last layer exactly: its meta-gradient goes through that "
    "solution and through no gradient steps.",
)  # fmt: skip
