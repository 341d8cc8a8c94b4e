"""The gradient steps of one network in numbers, and as the formula that they follow.

θₛ₊₁ = θₛ − α(Mₛ∇L(θₛ) + λ(θₛ − θ₀)) with L the mean squared error on the support points (Finn et
al. 2017, arXiv 1703.03400, section 2.2 and Algorithm 1, where M = 1 and λ = 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation.inner_loop import adapt_in_blocks
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import loss_text, subscript
from explorer.core.network.derivatives import gradient, losses_and_pass

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class StepValues:
    """What the steps of a network are made of, for s = 0 … S.

    Attributes:
        alpha: step size α.
        loss: L(θₛ), and that after one step more, ``(S + 2,)``; NaN without points.
        gradient: ‖∇L(θₛ)‖ ``(S + 1,)``.
        move: ‖θₛ₊₁ − θₛ‖ ``(S + 1,)``.
        preconditioned: whether there is an M.
        pull: λ.
    """

    alpha: float
    loss: NDArray[np.float64]
    gradient: NDArray[np.float64]
    move: NDArray[np.float64]
    preconditioned: bool
    pull: float


def step_values(
    start: StartingPoint,
    support_x: Tensor,
    support_y: Tensor,
    *,
    alpha: float,
    steps: int,
    task: Tensor | None = None,
) -> StepValues:
    """Take the steps of `adapt`, and one more, and measure each.

    Args:
        start: where they start, its θ ``(P + C,)``.
        support_x: ``(1, K, 1)``.
        support_y: ``(1, K, 1)``.
        alpha: step size α.
        steps: S.
        task: parameters of the task, ``(1, 1, P)``, for a network that is told them.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    blocks = list(
        adapt_in_blocks(
            *(start, support_x, support_y, support_x.new_zeros(1)),  # predictions do not matter
            alpha=alpha,
            steps=steps + 1,
            task=task,
        )
    )
    thetas = torch.cat([block.theta for block in blocks if block.theta is not None])[:-1, 0]
    loss = torch.cat([block.support_loss for block in blocks])[:, 0]
    inputs = support_x if task is None else start.inputs(support_x, task)
    each = inputs.expand(steps + 1, -1, -1), support_y.expand(steps + 1, -1, -1)
    gradients = gradient(losses_and_pass(thetas, *each, start.network)[1])
    moves = _preconditioned(gradients, start) + start.pull * (thetas - start.theta)
    return StepValues(
        alpha,
        loss.double().numpy(),
        gradients.double().norm(dim=-1).numpy(),
        (alpha * moves.double()).norm(dim=-1).numpy(),
        bool(start.preconditioners),
        start.pull,
    )


def _preconditioned(gradients: Tensor, start: StartingPoint) -> Tensor:
    """Mₛ∇L(θₛ) of each step, from the gradients ``(S + 1, P + C)``."""
    if not start.preconditioners:
        return gradients
    found = []
    for step, each in enumerate(gradients.unsqueeze(1)):
        preconditioner = start.preconditioner(step)
        assert preconditioner is not None
        found.append(preconditioner.apply(each, start.network))
    return torch.cat(found)


def formula_text(values: StepValues, step: int) -> str:
    """How θ comes from the step before, with its symbols: "θ₂ = θ₁ − α∇L(θ₁)"."""
    at, after = f"θ{subscript(step)}", f"θ{subscript(step + 1)}"
    descent = f"{'M' if values.preconditioned else ''}∇L({at})"
    if values.pull:
        descent = f"({descent} + λ({at} − θ{subscript(0)}))"
    return f"{after} = {at} − α{descent}"


def values_text(values: StepValues, step: int) -> str:
    """The numbers behind the symbols of `formula_text`."""
    at, after = f"θ{subscript(step)}", f"θ{subscript(step + 1)}"
    length = f"‖α{'M' if values.preconditioned else ''}∇L‖"
    if values.pull:
        length = f"‖{after} − {at}‖"
    parts = {
        "α": f"{values.alpha:g}",
        f"L({at})": loss_text(values.loss[step]),
        f"‖∇L({at})‖": loss_text(values.gradient[step]),
        length: loss_text(values.move[step]),
        f"L({after})": loss_text(values.loss[step + 1]),
    }
    return ",  ".join(f"{name} = {text}" for name, text in parts.items())
