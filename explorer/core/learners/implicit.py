"""Implicit MAML (Rajeswaran et al. 2019, arXiv 1909.04630, equations (3) and (6), Algorithm 2).

The inner problem is φ = argmin L_support(φ) + λ/2‖φ − θ‖², which S gradient steps on this very sum
approach: θₛ₊₁ = θₛ − α(∇L_support(θₛ) + λ(θₛ − θ)). Where they end, implicit differentiation gives
the meta-gradient (I + H/λ)⁻¹∇L_query(φ) with H = ∇²L_support(φ), whatever way led there: no step
has to be kept. A fixed number of conjugate-gradient steps solves for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import Cost, InnerLoop, Learner, points_drawn
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.derivatives import gradient, hessian_vector, losses_and_pass
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor

# Keeps 0/0 out once a residual is 0; below what float32 tells apart from any other residual.
TINY = 1e-30
LONGEST = 100.0  # of the gradients of one task; those of a training that goes well are below 50
LEAST = 0.5  # of a direction's square: less, and the loss bends down half as much as the pull holds
KEPT_RESIDUALS = 2  # with the first alone 10 times as much rounding is left, with all no less


@dataclass(frozen=True)
class ImplicitOptions(Options):
    """The inner problem of iMAML, and how it is solved."""

    implicit_pull: float = setting(
        2.0, "iMAML", "Pull λ", "number", 0.01, 1000.0, "",
        "Strength with which iMAML's inner problem holds the weights to where they start.", 0.5,
    )  # fmt: skip
    implicit_alpha: float = setting(
        0.001, "iMAML", "iMAML's step size", "number", 1e-5, 1.0, "",
        "Size of the gradient steps on iMAML's inner problem. Nothing in its meta-gradient keeps "
        "them stable, as MAML's does, so they are short.", 0.001,
    )  # fmt: skip
    implicit_steps: int = setting(
        30, "iMAML", "iMAML's steps", "integer", 1, 100, "",
        "Gradient steps that iMAML spends on its inner problem.",
    )  # fmt: skip
    implicit_products: int = setting(
        5, "iMAML", "CG steps", "integer", 1, 100, "",
        "Conjugate-gradient steps, one Hessian-vector product each, for iMAML's meta-gradient.",
    )  # fmt: skip


def solved(matrix: Callable[[Tensor], Tensor], target: Tensor, steps: int) -> Tensor:
    """Conjugate-gradient steps from b towards x with Ax = b (Hestenes and Stiefel 1952).

    A is 1 + H/λ, positive definite where the inner problem is convex, and b the first-order
    solution. As a network's inner problem need not be convex everywhere, a task stays where it is
    once it is to go along a direction that A does not leave `LEAST` of (Steihaug 1983).

    All residuals are orthogonal to one another, but rounding brings back what the first ones held
    of the steepest directions, and A makes that larger with every step: in float32 whole
    meta-gradients would be wrong by a tenth. So it is taken out again.

    Args:
        matrix: from vectors to their images by a symmetric A, ``(T, P)``, each task with its own.
        target: b of each task, ``(T, P)``.
        steps: how many.
    """
    found = target
    rest = along = target - matrix(target)
    square = _product(rest, rest)
    first: list[tuple[Tensor, Tensor]] = []
    for _ in range(steps):
        if len(first) < KEPT_RESIDUALS:
            first.append((rest, square))
        image = matrix(along)
        bent = _product(along, image)
        enough = bent - _product(along, along) * LEAST
        length = _where_positive(square, enough) / (bent + TINY)
        found = found + along * length
        rest = rest - image * length
        for residual, its_square in first:
            rest = rest - residual * (_product(residual, rest) / (its_square + TINY))
        before, square = square, _product(rest, rest)
        further = rest + along * (square / (before + TINY))
        along = _where_positive(further, enough.expand(further.shape))
    return found


def limited(vectors: Tensor) -> Tensor:
    """The vectors ``(T, P)``, those that are longer than `LONGEST` cut to it.

    Nothing in the implicit meta-gradient keeps the inner steps stable, and where they are not, one
    task would throw a whole training off.
    """
    length = torch.sqrt(_product(vectors, vectors) + TINY)
    share = torch.ones_like(length) * LONGEST / length
    return vectors * (torch.relu(share * -1.0 + 1.0) * -1.0 + 1.0)


def _product(one: Tensor, other: Tensor) -> Tensor:
    """The scalar product of each task's vectors, ``(T, 1)``."""
    return (one * other).sum(-1, keepdim=True)


def _where_positive(value: Tensor, sign: Tensor) -> Tensor:
    """The value where the sign is positive, and 0 elsewhere."""
    return torch.ops.aten.threshold_backward(value, sign, 0)  # type: ignore[no-any-return]


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The implicit meta-gradient where the steps end; losses before and after them."""
    options: ImplicitOptions = inner.options
    pull, adapted = options.implicit_pull, meta
    loss, passed = losses_and_pass(adapted, batch.support_x, batch.support_y, network)
    before = loss.mean()
    for _ in range(options.implicit_steps):
        descent = gradient(passed) + (adapted - meta) * pull
        adapted = adapted - limited(descent) * options.implicit_alpha
        _, passed = losses_and_pass(adapted, batch.support_x, batch.support_y, network)
    after, judged = losses_and_pass(adapted, batch.query_x, batch.query_y, network)

    def matrix(vector: Tensor) -> Tensor:
        return vector + hessian_vector(passed, vector, network) * (1 / pull)

    found = solved(matrix, gradient(judged), options.implicit_products)
    found = limited(found)
    return found.sum(0) / batch.support_x.size(0), torch.stack([before, after.mean()])


def start(meta: Tensor, network: Network, settings: CommonSettings) -> StartingPoint:
    """Every step is pulled back to the start."""
    options = settings.options_of(ImplicitOptions)
    share = options.implicit_alpha / settings.effective_alpha
    scale = Scale(torch.full_like(meta, share))
    return StartingPoint(network, meta, (scale,), options.implicit_pull * share)


def cost(settings: CommonSettings) -> Cost:
    """A gradient for each step, that of the query loss, and the conjugate gradients' products."""
    options = settings.options_of(ImplicitOptions)
    steps = options.implicit_steps
    points = (steps + 1) * settings.shots + settings.query
    return Cost(steps + 2, points, options.implicit_products + 1, points_drawn(settings))


IMPLICIT = Learner(
    "imaml", "iMAML", "Rajeswaran et al. 2019, arXiv 1909.04630, Algorithm 2", BEFORE_AND_AFTER,
    meta_gradient, start=start, options=ImplicitOptions, cost=cost,
    remedy="iMAML's steps and CG steps",
    look=Look("#1f4fff", "#7ab0ff", (2, 1)),
    instead="iMAML looks only at where its inner loop ends: it solves a linear system there and "
    "does not walk back through the steps.",
)  # fmt: skip
