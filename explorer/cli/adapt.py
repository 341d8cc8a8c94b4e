"""``maml-explorer adapt``: one network adapting to points of one task, step by step."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from explorer.cli.opening import open_files
from explorer.cli.output import emit, emit_json, table
from explorer.cli.task_arguments import task_from
from explorer.core.adaptation.divergence import divergence_sentence, takes_own_steps
from explorer.core.adaptation.trajectory import Trajectory, trajectory_of
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import plain_loss_text
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.families import Family
from explorer.core.files.checkpoint import Checkpoint

if TYPE_CHECKING:
    from torch import Tensor


def run(arguments: Namespace) -> int:
    """Adapt the file's network to the points and print its errors."""
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    (checkpoint,) = open_files([arguments.file], arguments)
    family = checkpoint.settings.family
    task = torch.tensor([[task_from(arguments, family)]])
    inputs = family.grid(GRID_POINTS, task).view(-1)
    truth = family.function(inputs.view(1, -1, 1), task).view(-1)
    trajectory = trajectory_of(
        *(checkpoint.start, *_support(arguments, family, task), inputs, truth),
        alpha=arguments.alpha,
        steps=arguments.steps,
        task=task,
    )
    if arguments.json:
        emit_json(_result(inputs, truth, trajectory))
    else:
        emit(_text(checkpoint, arguments.alpha, trajectory))
    return 0


def _support(arguments: Namespace, family: Family, task: Tensor) -> tuple[Tensor, Tensor]:
    """The points, ``(1, K, 1)`` each."""
    x = torch.tensor(arguments.x).view(1, -1, 1)
    if arguments.y is None:
        return x, family.function(x, task)
    if len(arguments.y) != len(arguments.x):
        raise UserError(
            f"--y: {len(arguments.y)} targets for {len(arguments.x)} inputs; give one for each."
        )
    return x, torch.tensor(arguments.y).view(1, -1, 1)


def _result(inputs: Tensor, truth: Tensor, trajectory: Trajectory) -> dict[str, Any]:
    measured = zip(
        *(trajectory.support_mse.tolist(), trajectory.mse.tolist(), trajectory.prediction.tolist()),
        strict=True,
    )
    at = trajectory.divergence
    return {
        "x": inputs.tolist(),
        "truth": truth.tolist(),
        "steps": [
            {"step": step, "support_mse": support_mse, "mse": mse, "y": y}
            for step, (support_mse, mse, y) in enumerate(measured)
        ],
        "diverged": at and {"step": at.step, "curvature": at.curvature},
    }


def _text(checkpoint: Checkpoint, alpha: float, trajectory: Trajectory) -> str:
    label, own_steps = checkpoint.label, takes_own_steps(checkpoint.start)
    errors = zip(trajectory.support_mse.tolist(), trajectory.mse.tolist(), strict=True)
    rows = [
        [str(step), plain_loss_text(on), plain_loss_text(off)]
        for step, (on, off) in enumerate(errors)
    ]
    lines = [f"{label}, α = {alpha:g}", table(["step", "support MSE", "MSE"], rows)]
    if trajectory.divergence is not None:
        at, curvature = trajectory.divergence.step, trajectory.divergence.curvature
        lines.append(divergence_sentence(label, at, alpha, curvature, own_steps))
    return "\n".join(lines)
