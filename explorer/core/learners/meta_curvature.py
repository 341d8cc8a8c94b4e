"""Meta-Curvature (Park and Oliva 2019, arXiv 1902.03356, section 3 and Algorithm 1).

MAML whose gradients go through learned matrices: the gradient G of a layer, a matrix of inputs and
outputs in which the biases are one more input, becomes M_in·G·M_out, and
θₛ₊₁ = θₛ − α·M(∇L_support(θₛ)). This lies between a step size for each parameter and a full matrix.
The meta-parameters are θ and the matrices of every layer, which begin as the identity.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings
from explorer.core.learners.unrolling import backwards, summed, unroll
from explorer.core.network.mlp import Network, parameter_count, unpack

if TYPE_CHECKING:
    from torch import Tensor

    Matrices = list[tuple[Tensor, Tensor]]  # M_in (…, n + 1, n + 1) and M_out (…, m, m) of layers


def _sides(network: Network) -> list[int]:
    """The sides of the square matrices: M_in and M_out of one layer after the other."""
    return [side for n, m in pairwise(network.sizes) for side in (n + 1, m)]


def _unpacked(matrices: Tensor, network: Network) -> Matrices:
    """The matrices of each layer, from all of them one after the other."""
    found: list[Tensor] = []
    start = 0
    for side in _sides(network):
        part = matrices.narrow(-1, start, side * side)
        found.append(part.unflatten(-1, [side, side]))  # type: ignore[no-untyped-call]
        start += side * side
    return list(zip(found[::2], found[1::2], strict=True))


class Curvature(NamedTuple):
    """M, by which each layer's gradient is multiplied from both sides.

    Attributes:
        matrices: all M_in and M_out one after the other, with a leading axis T if each task has
            its own.
    """

    matrices: Tensor

    def apply(self, gradient: Tensor, network: Network) -> Tensor:
        """M_in·G·M_out of each layer."""
        layers = zip(
            unpack(gradient, network.sizes), _unpacked(self.matrices, network), strict=True
        )
        return torch.cat([(m_in @ g @ m_out).flatten(-2) for g, (m_in, m_out) in layers], -1)

    def transposed(self, vector: Tensor, network: Network) -> Tensor:
        """M_inᵀ·V·M_outᵀ of each layer."""
        layers = zip(unpack(vector, network.sizes), _unpacked(self.matrices, network), strict=True)
        return torch.cat([(m_in.mT @ v @ m_out.mT).flatten(-2) for v, (m_in, m_out) in layers], -1)

    @property
    def own_steps(self) -> bool:
        """Always: how far a parameter moves depends on the gradient of others too."""
        return True


def _parts(meta: Tensor, network: Network) -> tuple[Tensor, Tensor]:
    """θ ``(P,)`` and all matrices one after the other."""
    parameters = parameter_count(network)
    return meta.narrow(-1, 0, parameters), meta.narrow(-1, parameters, meta.size(-1) - parameters)


def _times(matrices: Tensor, alpha: float, network: Network) -> Tensor:
    """The matrices of α·M: every M_in times α."""
    layers = _unpacked(matrices, network)
    return torch.cat([part.flatten() for m_in, m_out in layers for part in (m_in * alpha, m_out)])


def _by_matrices(
    vector: Tensor, descent: Tensor, alpha: float, matrices: Tensor, network: Network
) -> Tensor:
    """The derivative by the matrices through one step, which made V of α·M(G), summed over tasks.

    −α·V(G·M_out)ᵀ by M_in and −α·(M_in·G)ᵀV by M_out.
    """
    layers = zip(
        unpack(vector, network.sizes),
        unpack(descent, network.sizes),
        _unpacked(matrices, network),
        strict=True,
    )
    parts = []
    for v, g, (m_in, m_out) in layers:
        parts += [v @ (g @ m_out).mT, (m_in @ g).mT @ v]
    return torch.cat([part.sum(0).flatten() for part in parts]) * -alpha


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ and the matrices; losses before and after the inner loop."""
    theta, matrices = _parts(meta, network)
    steps = [Curvature(_times(matrices, inner.alpha, network))] * inner.steps
    unrolled = unroll(theta, steps, batch, network, weights is not None)
    derivative = backwards(unrolled, steps, network, weights)
    by_step = [
        _by_matrices(vector, descent, inner.alpha, matrices, network)
        for vector, descent in zip(derivative.along, reversed(unrolled.gradients), strict=True)
    ]
    both = torch.cat([derivative.by_theta, summed(by_step)])
    return both / batch.support_x.size(0), unrolled.losses


def begin(theta: Tensor, settings: CommonSettings) -> Tensor:
    """θ and identities."""
    sides = _sides(META_CURVATURE.network(settings))
    return torch.cat([theta, *(torch.eye(side).to(theta).flatten() for side in sides)])


def start(meta: Tensor, network: Network, _settings: CommonSettings) -> StartingPoint:
    """Every step goes through the matrices."""
    theta, matrices = _parts(meta, network)
    return StartingPoint(network, theta, (Curvature(matrices),))


META_CURVATURE = Learner(
    "meta-curvature", "Meta-Curvature", "Park and Oliva 2019, arXiv 1902.03356, section 3",
    BEFORE_AND_AFTER, meta_gradient, begin=begin, start=start,
    look=Look("#9a3412", "#ffb38a", (6, 2)),
    hessians=True,
)  # fmt: skip
