"""``maml-explorer adapt``: one network adapting to points of one sine, step by step."""

from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.cli.output import emit, emit_json, number, table
from explorer.core import adaptation
from explorer.core.adaptation import AdaptStep, adapt, divergence_sentence
from explorer.core.checkpoint import Checkpoint, load
from explorer.core.errors import UserError
from explorer.core.evaluation import GRID_POINTS
from explorer.core.tasks import grid, sine


@dataclass(frozen=True)
class Divergence:
    """Adaptation that went wrong.

    Attributes:
        step: gradient step by which it had.
        curvature: the largest curvature of the support loss before adaptation.
    """

    step: int
    curvature: float


@dataclass(frozen=True)
class Adapted:
    """A network's way through adaptation to one sine.

    Attributes:
        x: inputs ``(G,)``.
        truth: the sine there.
        trail: the network before adaptation and after each gradient step.
        mse: mean squared error against the sine, per step.
        divergence: what went wrong, if anything did.
    """

    x: Tensor
    truth: Tensor
    trail: list[AdaptStep]
    mse: list[float]
    divergence: Divergence | None


def run(arguments: Namespace) -> int:
    """Adapt the file's network to the points and print its errors."""
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    checkpoint = load(arguments.file)
    adapted = _adapt(checkpoint, *_support(arguments), arguments)
    if arguments.json:
        emit_json(_result(adapted))
    else:
        emit(_text(checkpoint.label, arguments.alpha, adapted))
    return 0


def _sine(x: Tensor, arguments: Namespace) -> Tensor:
    return sine(x, torch.tensor(arguments.amplitude), torch.tensor(arguments.phase))


def _support(arguments: Namespace) -> tuple[Tensor, Tensor]:
    """The points, ``(1, K, 1)`` each."""
    x = torch.tensor(arguments.x).view(1, -1, 1)
    if arguments.y is None:
        return x, _sine(x, arguments)
    if len(arguments.y) != len(arguments.x):
        raise UserError(
            f"--y: {len(arguments.y)} targets for {len(arguments.x)} inputs; give one for each."
        )
    return x, torch.tensor(arguments.y).view(1, -1, 1)


def _adapt(checkpoint: Checkpoint, x: Tensor, y: Tensor, arguments: Namespace) -> Adapted:
    inputs = grid(checkpoint.settings.x, GRID_POINTS)
    truth = _sine(inputs, arguments)
    alpha, steps = arguments.alpha, arguments.steps
    trail = list(
        adapt(checkpoint.theta, checkpoint.network, x, y, inputs, alpha=alpha, steps=steps)
    )
    mse = [float((step.prediction - truth).square().mean()) for step in trail]
    return Adapted(inputs, truth, trail, mse, _divergence(checkpoint, x, y, trail))


def _divergence(
    checkpoint: Checkpoint, x: Tensor, y: Tensor, trail: list[AdaptStep]
) -> Divergence | None:
    flags = adaptation.diverged(torch.stack([step.support_loss for step in trail]), y)
    if not flags.any():
        return None
    curvature = adaptation.curvature(checkpoint.theta, checkpoint.network, x, y)
    return Divergence(int(flags.int().argmax()), curvature)


def _result(adapted: Adapted) -> dict[str, Any]:
    divergence = adapted.divergence
    return {
        "x": adapted.x.tolist(),
        "truth": adapted.truth.tolist(),
        "steps": [
            {
                "step": step.step,
                "support_mse": float(step.support_loss),
                "mse": mse,
                "y": step.prediction[0].tolist(),
            }
            for step, mse in zip(adapted.trail, adapted.mse, strict=True)
        ],
        "diverged": divergence and {"step": divergence.step, "curvature": divergence.curvature},
    }


def _text(label: str, alpha: float, adapted: Adapted) -> str:
    rows = [
        [str(step.step), number(float(step.support_loss)), number(mse)]
        for step, mse in zip(adapted.trail, adapted.mse, strict=True)
    ]
    lines = [f"{label}, α = {alpha:g}", table(["step", "support MSE", "MSE"], rows)]
    if adapted.divergence is not None:
        at, curvature = adapted.divergence.step, adapted.divergence.curvature
        lines.append(divergence_sentence(label, at, alpha, curvature))
    return "\n".join(lines)
