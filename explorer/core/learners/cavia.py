"""CAVIA, context adaptation (Zintgraf et al. 2019, arXiv 1810.03642, equations (4) and (5)).

The network has C more inputs, the context φ, which are 0 before adaptation and the only thing
that adapts: φₛ₊₁ = φₛ − α_φ ∇_φ L_support(θ, φₛ). The outer loop trains θ through these steps. As θ
here ends in the context (`explorer.core.network.derivatives`), this is an inner loop whose step
size is 0 for every weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.maml import BEFORE_AND_AFTER
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.learners.unrolling import through_inner_loop
from explorer.core.network.mlp import Network, make_network

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class CaviaOptions(Options):
    """What CAVIA adapts, and how."""

    context: int = setting(
        5, "CAVIA", "CAVIA's context", "integer", 1, 100, "values",
        "Context parameters, the only ones that CAVIA adapts.",
    )  # fmt: skip
    context_alpha: float = setting(
        1.0, "CAVIA", "Context step size", "number", 1e-5, 100.0, "",
        "Size of CAVIA's inner gradient step on its context parameters.", 0.1,
    )  # fmt: skip


def _with_context(theta: Tensor, network: Network) -> tuple[Tensor, Tensor]:
    """θ followed by the context before adaptation, and 1 for each context value, else 0."""
    context = theta.narrow(-1, 0, network.sizes[0] - 1)
    return (
        torch.cat([theta, torch.zeros_like(context)]),
        torch.cat([torch.zeros_like(theta), torch.ones_like(context)]),
    )


def meta_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The exact meta-gradient of θ; losses before and after the inner loop."""
    options: CaviaOptions = inner.options
    theta, adapts = _with_context(meta, network)
    rates = Scale(adapts * options.context_alpha)
    return through_inner_loop(theta, [rates] * inner.steps, batch, network, weights)


def network_of(settings: CommonSettings) -> Network:
    """A network whose inputs are x and the context."""
    return make_network(
        settings.hidden, settings.activation, 1 + settings.options_of(CaviaOptions).context
    )


def told_by_inputs(inputs: int) -> dict[str, int]:
    """All inputs but x are context."""
    return {"context": inputs - 1}


def start(meta: Tensor, network: Network, settings: CommonSettings) -> StartingPoint:
    """Adaptation moves the context alone."""
    theta, adapts = _with_context(meta, network)
    alpha = settings.options_of(CaviaOptions).context_alpha
    return StartingPoint(network, theta, (Scale(adapts * (alpha / settings.effective_alpha)),))


CAVIA = Learner(
    "cavia", "CAVIA", "Zintgraf et al. 2019, arXiv 1810.03642, equations (4) and (5)",
    BEFORE_AND_AFTER, meta_gradient, network_of, start=start, options=CaviaOptions,
    look=Look("#3d7a1f", "#93cf6b", (8, 2, 4, 2)),
    hessians=True, told_by_inputs=told_by_inputs,
)  # fmt: skip
