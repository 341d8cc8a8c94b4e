"""Train once, test everything: one network at every K, after every step, with every step size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.evaluation.paired_differences import mean_difference
from explorer.core.families import DEFAULT_FAMILY, Family
from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.comparison import Competitor
from explorer.core.jobs.measuring import Measured, Meter, measured, work_of
from explorer.core.jobs.requests import (
    check_alpha,
    check_numbers,
    step_sizes_around,
)
from explorer.core.jobs.step_grid_figure import figure_of

HALVINGS = 3  # from an eighth of its own step size to eight times that


@dataclass(frozen=True)
class StepGrid:
    """What to test one network on.

    Attributes:
        shots: numbers of support points K, the rows of the grid.
        steps: gradient steps S; the columns are 0 to S.
        alphas: step sizes α to try beside its own; None for its own times ⅛, ¼, ½, 2, 4 and 8.
        tasks: fresh tasks for each K.
        seed: draws the tasks and their points.
        family: the task distribution; None for that of its training.

    Raises:
        UserError: a value is out of bounds.
    """

    shots: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 40)
    steps: int = 20
    alphas: tuple[float, ...] | None = None
    tasks: int = 600
    seed: int = 0
    family: Family | None = None

    def __post_init__(self) -> None:
        check_numbers(self.shots, self.steps, self.tasks, self.seed, self.steps + 2)
        for alpha in self.alphas or ():
            check_alpha(alpha)
        if self.alphas is not None and len(set(self.alphas)) < len(self.alphas):
            raise UserError("Step sizes α: give each number once.")

    def alphas_for(self, own: float) -> tuple[float, ...]:
        """All step sizes in order, its own among them."""
        given = step_sizes_around(own, HALVINGS) if self.alphas is None else self.alphas
        return tuple(sorted({own, *given}))

    def family_for(self, competitor: Competitor) -> Family:
        """The task distribution for one network."""
        if self.family is not None:
            return self.family
        return DEFAULT_FAMILY if competitor.settings is None else competitor.settings.family


@dataclass(frozen=True, eq=False)
class Cells:
    """One K and α, after every step.

    Attributes:
        evaluation: as `evaluation.evaluate` finds it.
        score: mean error after 0 … S + 1 steps, ``(S + 2,)``, a diverged task counting with its
            error before adaptation.
        hurts: whether one more step raises that mean by more than its 95 % interval over the same
            tasks, ``(S + 1,)``.
    """

    evaluation: Evaluation
    score: NDArray[np.float64]
    hurts: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tested:
    """How far the tests have come.

    Attributes:
        done: share of the work, 0 to 1.
        doing: what is being done.
        cells: by K and α.
    """

    done: float
    doing: str
    cells: Mapping[tuple[int, float], Cells]


def cells_of(found: Measured) -> Cells:
    """What one K and α gave, of an evaluation with a step more than the grid shows."""
    errors = found.errors.with_penalty()
    nobody = np.zeros(errors.shape[1], np.bool_)
    changes = [mean_difference(after, before, nobody) for before, after in pairwise(errors)]
    it = found.evaluation
    shown = replace(
        it,
        mse=it.mse[:-1],
        median=it.median[:-1],
        ci95=it.ci95[:-1],
        diverged=it.diverged[:-1],
    )
    hurts = np.array([change.mean > change.ci95 for change in changes], np.bool_)
    return Cells(shown, errors.mean(1), hurts)


def measure_grid(request: StepGrid, competitor: Competitor) -> Iterator[Tested]:
    """Evaluate one network at every K with every step size; the last item has it all.

    Raises:
        UserError: there is nothing to adapt.
    """
    start = competitor.start
    if not isinstance(start, StartingPoint):
        raise UserError(f"{competitor.label} takes no gradient steps: choose a network.")
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    family = request.family_for(competitor)
    alphas, steps = request.alphas_for(competitor.own_alpha), request.steps + 1
    work = {k: work_of(start, shots=k, steps=steps, tasks=request.tasks) for k in request.shots}
    meter = Meter(sum(work.values()) * len(alphas))
    cells: Mapping[tuple[int, float], Cells] = {}
    yield Tested(0.0, "starting", cells)
    for shots in request.shots:
        for alpha in alphas:
            doing = f"K = {shots}, α = {alpha:.3g}"
            evaluation = measured(
                start,
                family,
                shots=shots,
                steps=steps,
                tasks=request.tasks,
                alpha=alpha,
                seed=request.seed,
            )
            for part in meter.with_result(work[shots], evaluation):
                if isinstance(part, Measured):
                    cells = {**cells, (shots, alpha): cells_of(part)}
                yield Tested(meter.share, doing, cells)
    yield Tested(1.0, "done", cells)


def step_grid(
    request: StepGrid, competitor: Competitor, command: str = ""
) -> Iterator[JobProgress]:
    """Test one network at every K, after every step, with every step size.

    Args:
        request: what to test it on.
        competitor: the network; one in closed form takes no steps and is refused.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: there is nothing to adapt.
    """
    drawn = figure = None
    for tested in measure_grid(request, competitor):
        if drawn is not tested.cells:
            drawn = tested.cells
            figure = figure_of(request, competitor, drawn, command)
        yield JobProgress(tested.done, tested.doing, figure)
