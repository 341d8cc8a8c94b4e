"""Train once, test everything: one network at every K, after every step, with every step size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.paired_differences import mean_difference
from explorer.core.figures.figure import Figure
from explorer.core.jobs.competitor import Competitor, start_of
from explorer.core.jobs.metered_evaluation import LearnerResult, evaluate_metered, work_of
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.step_grid_figure import figure_of
from explorer.core.jobs.step_grid_request import Cells, Grid, StepGrid


def step_grid(request: StepGrid, competitor: Competitor, command: str = "") -> Job[Grid]:
    """Test one network at every K, after every step, with every step size.

    Args:
        request: what to test it on.
        competitor: the network; one in closed form takes no steps and is refused.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: there is nothing to adapt.
    """
    draw = partial(figure_of, request, competitor, command=command)
    return (yield from evaluate_grid(request, competitor, draw))


def evaluate_grid(
    request: StepGrid,
    competitor: Competitor,
    draw: Callable[[Grid], Figure | None] = lambda _: None,
) -> Job[Grid]:
    """Evaluate one network at every K with every step size.

    Args:
        request: what to test it on.
        competitor: the network.
        draw: makes the figure that goes along, of the cells so far.

    Returns:
        Cells by K and α.

    Raises:
        UserError: there is nothing to adapt.
        CancelledWorkError: it is no longer wanted.
    """
    family = request.family_for(competitor)
    start = start_of(competitor, family)
    if not isinstance(start, StartingPoint):
        raise UserError(f"{competitor.label} takes no gradient steps: choose a network.")
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    alphas, steps = request.alphas_for(competitor.own_alpha), request.steps + 1
    work = {k: work_of(start, shots=k, steps=steps, tasks=request.tasks) for k in request.shots}
    cells: Grid = {}
    meter = Meter(sum(work.values()) * len(alphas), draw(cells))
    yield meter.at(0.0)
    for shots in request.shots:
        for alpha in alphas:
            meter.begin(work[shots], f"K = {shots}, α = {alpha:.3g}")
            found = yield from evaluate_metered(
                *(meter, start, family),
                shots=shots,
                steps=steps,
                tasks=request.tasks,
                alpha=alpha,
                seed=request.seed,
            )
            cells = {**cells, (shots, alpha): cells_of(found)}
            meter.figure = draw(cells)
            yield meter.at(1.0)
    yield meter.end()
    return cells


def cells_of(found: LearnerResult) -> Cells:
    """What one K and α gave, of an evaluation with a step more than the grid shows."""
    changes = [mean_difference(after, before) for before, after in pairwise(found.errors.counted)]
    hurts = np.array([change.mean > change.ci95 for change in changes], np.bool_)
    every = found.evaluation
    return Cells(every.up_to(len(every.full) - 2), np.array(every.full), hurts)
