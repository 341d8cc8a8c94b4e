"""The meta-gradient through an inner loop with any step sizes, which most learners share.

With θₛ₊₁ = θₛ − r ⊙ ∇L_support(θₛ) and the query losses Q = Σₛ wₛ L_query(θₛ), s = 1 … S, the
derivative vₛ = ∂Q/∂θₛ obeys v_S = w_S ∇L_query(θ_S) and, walking backwards,
vₛ = vₛ₊₁ − Hₛ(r ⊙ vₛ₊₁) + wₛ ∇L_query(θₛ) with Hₛ = ∇²L_support(θₛ): a chain of Hessian-vector
products. The derivative by the step sizes is ∂Q/∂r = −Σₛ vₛ₊₁ ⊙ ∇L_support(θₛ).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch
from explorer.core.families.sampling import Batch
from explorer.core.network.derivatives import (
    Pass,
    gradient,
    hessian_vector,
    losses_and_pass,
    summed_hessian_vector,
)
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor

    Rates = float | Tensor


class Unrolled(NamedTuple):
    """An inner loop and the query losses along it.

    Attributes:
        support: the pass on the support points before each step.
        gradients: ∇L_support there, ``(T, P)`` each.
        query: the pass on the query points after each step that is judged, None after others.
        losses: means over tasks of the support loss before and the query loss after, ``(2,)``.
    """

    support: list[Pass]
    gradients: list[Tensor]
    query: list[Pass | None]
    losses: Tensor


def unroll(
    theta: Tensor,
    rates: Rates,
    batch: Batch,
    network: Network,
    steps: int,
    every_step: bool,
) -> Unrolled:
    """Run the inner loop from θ ``(P,)`` or ``(T, P)`` with step sizes r, one or ``(P,)``."""
    adapted, losses = theta, []
    support, gradients, query = [], [], list[Pass | None]()
    for step in range(steps):
        loss, passed = losses_and_pass(adapted, batch.support_x, batch.support_y, network)
        losses.append(loss)
        support.append(passed)
        gradients.append(gradient(passed))
        adapted = adapted - gradients[-1] * rates
        if every_step or step == steps - 1:
            loss, judged = losses_and_pass(adapted, batch.query_x, batch.query_y, network)
            query.append(judged)
        else:
            query.append(None)
    means = torch.stack([losses[0].mean(), loss.mean()])
    return Unrolled(support, gradients, query, means)


def weighted(passed: Pass, weights: Tensor | None, step: int) -> Tensor:
    """wₛ∇L_query of each task, ``(T, P)``, after inner step ``step + 1``."""
    return gradient(passed) if weights is None else gradient(passed) * weights.narrow(0, step, 1)


class Derivative(NamedTuple):
    """Of the query losses.

    Attributes:
        by_theta: by the weights θ₀, summed over tasks, ``(P,)``.
        along: vₛ₊₁, by θₛ₊₁, of each task, ``(T, P)`` each; for the last step first.
    """

    by_theta: Tensor
    along: list[Tensor]


def backwards(
    unrolled: Unrolled, rates: Rates, network: Network, weights: Tensor | None
) -> Derivative:
    """Walk an inner loop backwards, from the query losses to where it started.

    Args:
        unrolled: an inner loop that started from one θ for all tasks.
        rates: its step sizes.
        network: the shape of the network.
        weights: of the query loss after each step, ``(S,)``; None for the last alone.
    """
    last = len(unrolled.support) - 1
    judged = unrolled.query[last]
    assert judged is not None
    vector = weighted(judged, weights, last)
    along = [vector]
    for step in range(last, 0, -1):
        vector = vector - _bent(unrolled.support[step], vector, rates, network)
        judged = unrolled.query[step - 1]
        if judged is not None:
            vector = vector + weighted(judged, weights, step - 1)
        along.append(vector)
    bent = _bent_sum(unrolled.support[0], vector, rates, network)
    return Derivative(vector.narrow(-1, 0, bent.size(0)).sum(0) - bent, along)


def by_rates(unrolled: Unrolled, derivative: Derivative) -> Tensor:
    """The derivative of the query losses by the step sizes, summed over tasks, ``(P,)``."""
    last, *earlier = (
        (vector * descent).sum(0)
        for vector, descent in zip(derivative.along, reversed(unrolled.gradients), strict=True)
    )
    total = last
    for part in earlier:
        total = total + part
    return total * -1.0


def through_inner_loop(
    theta: Tensor,
    rates: Rates,
    batch: Batch,
    network: Network,
    steps: int,
    weights: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The meta-gradient by the weights, averaged over tasks ``(P,)``, and the losses ``(2,)``.

    What learners with given step sizes share; see `unroll` and `backwards`.
    """
    unrolled = unroll(theta, rates, batch, network, steps, weights is not None)
    derivative = backwards(unrolled, rates, network, weights)
    return derivative.by_theta / batch.support_x.size(0), unrolled.losses


# One step size for all is a factor of the whole product, which is fewer multiplications.


def _bent(passed: Pass, vector: Tensor, rates: Rates, network: Network) -> Tensor:
    """∇²L·(r ⊙ V) of each task, ``(T, P)``."""
    if isinstance(rates, float):
        return hessian_vector(passed, vector, network) * rates
    return hessian_vector(passed, vector * rates, network)


def _bent_sum(passed: Pass, vector: Tensor, rates: Rates, network: Network) -> Tensor:
    """Σ over tasks of ∇²L·(r ⊙ V) by the weights, ``(P,)``."""
    if isinstance(rates, float):
        return summed_hessian_vector(passed, vector, network) * rates
    return summed_hessian_vector(passed, vector * rates, network)
