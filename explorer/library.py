"""The core for researchers, without the window: ``import explorer`` gives everything here.

Networks are `Network`s: what training, a file or a comparison hands over, with the learner and
the settings that they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from explorer.core.adaptation.starting_point import Start
from explorer.core.adaptation.trajectory import Trajectory, trajectory_of
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.evaluation.evaluation import evaluate as evaluate_start
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.families import FAMILIES, Family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.figures.figure import Figure
from explorer.core.files import checkpoint
from explorer.core.files.weights_alone import Declaration
from explorer.core.jobs.comparison import compare as compare_job
from explorer.core.jobs.comparison_request import Comparison
from explorer.core.jobs.competitor import Competitor, start_of
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.loop import Progress, Run
from explorer.core.training.loop import start as begin
from explorer.core.training.loop import train as training

__all__ = [  # the same as `explorer.OFFERED`
    "CLOSED_FORMS",
    "FAMILIES",
    "LEARNERS",
    "PRESETS",
    "Evaluation",
    "Family",
    "Figure",
    "Network",
    "Run",
    "Settings",
    "Trajectory",
    "adapt",
    "compare",
    "evaluate",
    "load",
    "save",
    "train",
]


@dataclass(frozen=True, eq=False)
class Network:
    """A network before adaptation.

    Attributes:
        learner: who found it; empty if unknown.
        label: what people read.
        start: where its adaptation starts.
        settings: of its training.
        run: the training run it belongs to; None for weights alone.
    """

    learner: str
    label: str
    start: Start
    settings: Settings
    run: Run | None = None


def train(
    settings: Settings | None = None, learners: Sequence[str] = ("maml",), threads: int = 1
) -> dict[str, Network]:
    """Train learners side by side, on the same points of the same tasks.

    Args:
        settings: the experiment; the paper's by default.
        learners: names in `LEARNERS`.
        threads: how many share the work.

    Returns:
        The networks by learner.

    Raises:
        UserError: there is no such learner.
        TrainingDivergedError: training left the finite numbers.
    """
    for name in learners:
        if name not in LEARNERS:
            raise UserError(f"There is no learner {name!r}: choose {', '.join(LEARNERS)}.")
    settings = settings or Settings()
    run = begin(settings, tuple(learners))
    for event in training(run, threads=threads):
        if isinstance(event, Progress):
            run = event.run
    return {
        name: Network(name, LEARNERS[name].label, run.starting_point(name), settings, run)
        for name in run.learners
    }


def adapt(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    task: Sequence[float],
    *,
    steps: int = 10,
    alpha: float | None = None,
) -> Trajectory:
    """Adapt a network to K points of one task.

    Args:
        network: as trained or loaded.
        x: inputs, K numbers.
        y: targets, as many.
        task: the parameters of the true function, against which errors are taken.
        steps: gradient steps.
        alpha: step size α; that of its training by default.

    Returns:
        Predictions on the even grid of the family's inputs, and errors after every step.

    Raises:
        UserError: there are not as many targets as inputs.
    """
    inputs, targets = (np.asarray(values, np.float32).reshape(1, -1, 1) for values in (x, y))
    if inputs.shape != targets.shape:
        raise UserError(f"{targets.size} targets for {inputs.size} inputs: give one for each.")
    family, truth = network.settings.family, torch.tensor([[task]], dtype=torch.float32)
    grid = family.grid(GRID_POINTS, truth).view(-1)
    return trajectory_of(
        network.start,
        torch.from_numpy(inputs),
        torch.from_numpy(targets),
        grid,
        family.function(grid.view(1, -1, 1), truth).view(-1),
        alpha=network.settings.effective_alpha if alpha is None else alpha,
        steps=steps,
        task=truth,
    )


def evaluate(
    network: Network,
    shots: int = 10,
    *,
    steps: int = 10,
    tasks: int = 600,
    alpha: float | None = None,
    seed: int = 0,
    family: Family | None = None,
) -> Evaluation:
    """Errors on fresh tasks after 0, 1, … gradient steps; `Evaluation.full` is their mean.

    Args:
        network: as trained or loaded.
        shots: support points K.
        steps: gradient steps.
        tasks: how many.
        alpha: step size α; that of its training by default.
        seed: draws the tasks.
        family: the task distribution; that of its training by default.

    Raises:
        UserError: the network is told its task, and was trained on those of another family.
    """
    family = family or network.settings.family
    return evaluate_start(
        start_of(_competitor(network), family),
        family,
        shots=shots,
        steps=steps,
        tasks=tasks,
        alpha=network.settings.effective_alpha if alpha is None else alpha,
        seed=seed,
    )


def compare(
    networks: Sequence[Network],
    *,
    against: str | None = None,
    shots: Sequence[int] = (5, 10, 20),
    steps: int = 10,
    tasks: int = 600,
    seed: int = 0,
) -> Figure:
    """Networks on the same tasks, those of the first one's training.

    Args:
        networks: at least one, with different labels.
        against: label of the one that the others are measured against, task by task.
        shots: numbers of support points K.
        steps: gradient steps.
        tasks: fresh tasks for each K.
        seed: draws the tasks.

    Returns:
        Curves, rows of numbers, and what they say in words; means are over all tasks (see
        `Evaluation`).

    Raises:
        UserError: two share a label, or there is none.
    """
    if not networks:
        raise UserError("Give at least one network to compare.")
    request = Comparison(
        tuple(shots), steps, tasks, seed, "own", networks[0].settings.family, against
    )
    *_, last = compare_job(request, [_competitor(each) for each in networks])
    assert last.figure is not None
    return last.figure


def _competitor(network: Network) -> Competitor:
    return Competitor(network.label, network.learner or MAML.name, network.start, network.settings)


def load(path: Path | str, learner: str = "", **settings: Any) -> dict[str, Network]:
    """The networks of a checkpoint by learner, the one that the file is about first.

    Args:
        path: the file.
        learner: whose weights they are, if the file holds weights alone and does not say it.
        settings: of their training, named as the flags, if so.

    Raises:
        UserError: the file cannot be read, there is no such learner, or the file says itself what
            is said of it, or holds no such network.
    """
    if learner and learner not in LEARNERS:
        raise UserError(f"There is no learner {learner!r}: choose {', '.join(LEARNERS)}.")
    declared = Declaration((learner,) if learner else (), settings)
    found = checkpoint.load(Path(path), declared)
    if not found.is_bare and declared != Declaration():
        raise UserError(f"{path} says itself whose networks it holds: give its name alone.")
    return {
        name: Network(
            name,
            LEARNERS[name].label if name else found.label,
            start,
            found.settings,
            found.run,
        )
        for name, start in found.starting_points().items()
    }


def save(network: Network, path: Path | str) -> None:
    """Write a network and the whole run it belongs to.

    Raises:
        UserError: it belongs to no run.
        CheckpointError: the file cannot be written.
    """
    if network.run is None:
        raise UserError(f"{network.label} belongs to no training run: it cannot be saved again.")
    checkpoint.save(Path(path), network.run, network.learner)
