"""The meta-gradient through an inner loop with any linear steps, which most learners share.

With θₛ₊₁ = θₛ − Rₛ∇L_support(θₛ) and the query losses Q = Σₛ wₛ L_query(θₛ), s = 1 … S, the
derivative vₛ = ∂Q/∂θₛ obeys v_S = w_S ∇L_query(θ_S) and, walking backwards,
vₛ = vₛ₊₁ − HₛRₛᵀvₛ₊₁ + wₛ ∇L_query(θₛ) with Hₛ = ∇²L_support(θₛ): a chain of Hessian-vector
products. Rₛ is α, or a linear map with the step sizes in it (`Preconditioner`); where it multiplies
by step sizes r, the derivative by these is ∂Q/∂r = −vₛ₊₁ ⊙ ∇L_support(θₛ).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

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


class LinearMap(Protocol):
    """A linear map of gradients, such as a `Preconditioner`."""

    def apply(self, gradient: Tensor, network: Network) -> Tensor:
        """The map's image of gradients ``(T, P + C)``."""

    def transposed(self, vector: Tensor, network: Network) -> Tensor:
        """The transposed map's image of vectors ``(T, P + C)``."""


Rates = float | LinearMap  # Rₛ


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
    rates: Sequence[Rates],
    batch: Batch,
    network: Network,
    every_step: bool,
) -> Unrolled:
    """Run the inner loop from θ ``(P,)`` or ``(T, P)``; it has a step for each of the rates Rₛ."""
    adapted, losses = theta, []
    support, gradients, query = [], [], list[Pass | None]()
    for step, rate in enumerate(rates):
        loss, passed = losses_and_pass(adapted, batch.support_x, batch.support_y, network)
        losses.append(loss)
        support.append(passed)
        gradients.append(gradient(passed))
        adapted = adapted - _moved(rate, gradients[-1], network)
        if every_step or step == len(rates) - 1:
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
    unrolled: Unrolled, rates: Sequence[Rates], network: Network, weights: Tensor | None
) -> Derivative:
    """Walk an inner loop backwards, from the query losses to where it started.

    Args:
        unrolled: an inner loop that started from one θ for all tasks.
        rates: its Rₛ.
        network: the shape of the network.
        weights: of the query loss after each step, ``(S,)``; None for the last alone.
    """
    last = len(unrolled.support) - 1
    judged = unrolled.query[last]
    assert judged is not None
    vector = weighted(judged, weights, last)
    along = [vector]
    for step in range(last, 0, -1):
        vector = vector - _hvp(unrolled.support[step], vector, rates[step], network)
        judged = unrolled.query[step - 1]
        if judged is not None:
            vector = vector + weighted(judged, weights, step - 1)
        along.append(vector)
    product = _summed_hvp(unrolled.support[0], vector, rates[0], network)
    return Derivative(vector.narrow(-1, 0, product.size(0)).sum(0) - product, along)


def through_hessians(
    unrolled: Unrolled, derivative: Derivative, rates: Sequence[Rates], network: Network
) -> Tensor:
    """What the Hessians of the inner steps add to each task's derivative by θ₀, ``(T, P + C)``.

    It is −Σₛ HₛRₛᵀvₛ₊₁; the rest of the derivative, Σₛ wₛ∇L_query(θₛ), is first-order MAML's.
    """
    backwards_steps = range(len(rates) - 1, -1, -1)
    products = [
        _hvp(unrolled.support[step], vector, rates[step], network)
        for step, vector in zip(backwards_steps, derivative.along, strict=True)
    ]
    return summed(products) * -1.0


def by_rates(unrolled: Unrolled, derivative: Derivative) -> list[Tensor]:
    """The derivative of the query losses by each step's sizes, summed over tasks, ``(P,)`` each.

    For the last step first.
    """
    return [
        (vector * descent).sum(0) * -1.0
        for vector, descent in zip(derivative.along, reversed(unrolled.gradients), strict=True)
    ]


def summed(parts: Sequence[Tensor]) -> Tensor:
    """The sum of tensors, of which there is one at least."""
    total, *others = parts
    for part in others:
        total = total + part
    return total


def through_inner_loop(
    theta: Tensor,
    rates: Sequence[Rates],
    batch: Batch,
    network: Network,
    weights: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The meta-gradient by the weights, averaged over tasks ``(P,)``, and the losses ``(2,)``.

    What learners with given steps share; see `unroll` and `backwards`.
    """
    unrolled = unroll(theta, rates, batch, network, weights is not None)
    derivative = backwards(unrolled, rates, network, weights)
    return derivative.by_theta / batch.support_x.size(0), unrolled.losses


def _moved(rate: Rates, descent: Tensor, network: Network) -> Tensor:
    """R∇L of each task, ``(T, P)``."""
    return descent * rate if isinstance(rate, float) else rate.apply(descent, network)


# One step size for all is a factor of the whole product, which is fewer multiplications.


def _hvp(passed: Pass, vector: Tensor, rate: Rates, network: Network) -> Tensor:
    """∇²L·RᵀV of each task, ``(T, P)``."""
    if isinstance(rate, float):
        return hessian_vector(passed, vector, network) * rate
    return hessian_vector(passed, rate.transposed(vector, network), network)


def _summed_hvp(passed: Pass, vector: Tensor, rate: Rates, network: Network) -> Tensor:
    """Σ over tasks of ∇²L·RᵀV by the weights, ``(P,)``."""
    if isinstance(rate, float):
        return summed_hessian_vector(passed, vector, network) * rate
    return summed_hessian_vector(passed, rate.transposed(vector, network), network)
