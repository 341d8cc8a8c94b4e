"""The K × steps × α grid of one network as a figure: two heat maps and what they say in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from explorer.core.base.texts import short_loss_text
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.figures.figure import Figure, HeatMap, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.rows import lost_text, row_of
from explorer.core.jobs.step_grid_request import Grid, StepGrid

AlphaOf = Callable[[int, int], float]  # the step size that a cell of K and steps shows
ALL_SHOWN = 10  # steps up to which each has a column; beyond, 1, 2, 3, 5, 7, 10, 15, 20, 30, …
SPARSE = (1, 2, 3, 5, 7, 10, 15)


def shown_steps(steps: int) -> tuple[int, ...]:
    """The steps that have a column in the heat maps, 0 and the last among them."""
    if steps <= ALL_SHOWN:
        return tuple(range(steps + 1))
    tens = (10**power * each for power in range(4) for each in SPARSE)
    return tuple(sorted({0, steps, *(step for step in tens if step < steps)}))


def best_alpha(cells: Grid, alphas: Sequence[float], shots: int, step: int) -> float:
    """The step size with the lowest score after a step; for step 0, after the first."""
    scores = {alpha: cells[shots, alpha].score[max(step, 1)] for alpha in alphas}
    return min(scores, key=scores.__getitem__)


def figure_of(request: StepGrid, competitor: Competitor, cells: Grid, command: str = "") -> Figure:
    """What is known so far of a grid, drawn.

    Args:
        request: what was asked for.
        competitor: the network.
        cells: those found so far, by K and α.
        command: the command that asks for the same; may be empty.
    """
    own = competitor.own_alpha
    alphas = request.alphas_for(own)
    done = [k for k in request.shots if all((k, alpha) in cells for alpha in alphas)]

    def best(shots: int, step: int) -> float:
        return best_alpha(cells, alphas, shots, step)

    def always_own(_shots: int, _step: int) -> float:
        return own

    return Figure(
        "grid",
        f"{competitor.label}: every K, step and step size",
        (
            Panel(
                "MSE at the best α of each cell",
                "gradient steps",
                "support points K",
                heat_map=_heat_map(request, cells, done, best, name_alpha=True),
            ),
            Panel(
                f"MSE at its own α = {own:.3g}",
                "gradient steps",
                "support points K",
                heat_map=_heat_map(request, cells, done, always_own, name_alpha=False),
            ),
        ),
        1,
        (
            *_rows("grid best α", request, competitor, cells, done, best),
            *_rows("grid own α", request, competitor, cells, done, always_own),
        ),
        tuple(_protocol(request, competitor, alphas)),
        tuple(_sentences(request, cells, done, alphas, own)),
        provenance(request.seed, command),
        len(done) == len(request.shots),
    )


def _heat_map(
    request: StepGrid, cells: Grid, done: Sequence[int], alpha_of: AlphaOf, *, name_alpha: bool
) -> HeatMap:
    steps = shown_steps(request.steps)
    values = np.full((len(request.shots), len(steps)), np.nan)
    hatched = np.zeros(values.shape, np.bool_)
    marks = [[""] * len(steps) for _ in request.shots]
    for row, shots in enumerate(request.shots):
        for column, step in enumerate(steps):
            if shots not in done:
                continue
            alpha = alpha_of(shots, step)
            cell = cells[shots, alpha]
            values[row, column] = cell.evaluation.full[step]
            hatched[row, column] = cell.hurts[step]
            at = f" @{alpha:.3g}" if name_alpha and step else ""
            marks[row][column] = short_loss_text(cell.evaluation.full[step]) + at
    return HeatMap(
        tuple(map(str, steps)),
        tuple(map(str, request.shots)),
        values,
        tuple(map(tuple, marks)),
        hatched,
    )


def _rows(
    item: str,
    request: StepGrid,
    competitor: Competitor,
    cells: Grid,
    done: Sequence[int],
    alpha_of: AlphaOf,
) -> Iterator[Row]:
    for shots in done:
        for step in range(request.steps + 1):
            alpha = alpha_of(shots, step)
            it = cells[shots, alpha].evaluation
            label = f"{competitor.label}, α = {alpha:.3g}"
            yield row_of(item, competitor.role, label, it, step)


def _protocol(request: StepGrid, competitor: Competitor, alphas: Sequence[float]) -> Iterator[str]:
    family = request.family_for(competitor)
    yield (
        f"{request.tasks:,} fresh tasks for each K, the same for every step size, seed "
        f"{request.seed}: {family.text()}."
    )
    yield (
        f"Error: mean squared difference to the true function on {GRID_POINTS} evenly spaced x, "
        "after gradient steps on the K support points; mean over all tasks, a lost one counting "
        "with what predicting zero costs on it."
    )
    yield f"Step sizes α: {', '.join(f'{alpha:.3g}' for alpha in alphas)}."
    yield (
        "The best α of a cell has the lowest mean; it is chosen on the tasks it is measured on, "
        "which flatters it a little. Before the first step it is the best after it."
    )
    yield (
        "Hatched: one more step with the cell's α raises that mean, by more than the 95 % interval "
        "of the change on the same tasks."
    )
    if competitor.settings is not None:
        other = competitor.settings.family.difference(family)
        if other:
            yield f"{competitor.label} was trained on other tasks than these: {other}."


def _sentences(
    request: StepGrid,
    cells: Grid,
    done: Sequence[int],
    alphas: Sequence[float],
    own: float,
) -> Iterator[str]:
    last = request.steps
    for shots in done:
        cell = cells[shots, own]
        mine, parts = cell.evaluation.full[last], []
        if last:
            alpha = best_alpha(cells, alphas, shots, last)
            least = short_loss_text(cells[shots, alpha].evaluation.full[last])
            after = f"after {last} {'step' if last == 1 else 'steps'}"
            if alpha == own:
                parts.append(f"{after} its own α = {own:.3g} is the best with {least}")
            else:
                parts.append(f"{after} α = {alpha:.3g} is the best with {least}")
                parts.append(f"its own {own:.3g} gives {short_loss_text(mine)}")
            if alpha in {alphas[0], alphas[-1]} and len(alphas) > 1:
                parts.append("a better one may lie beyond those tried")
        hurting = [step + 1 for step in range(last + 1) if cell.hurts[step]]
        if hurting:
            verb = "hurts" if len(hurting) == 1 else "hurt"
            parts.append(f"with its own {_spans(hurting)} {verb}")
        if lost := lost_text(cell.evaluation, last):
            parts.append(f"with its own it has lost {lost} of {request.tasks:,} tasks")
        if parts:
            yield f"K = {shots}: {'; '.join(parts)}."


def _spans(steps: Sequence[int]) -> str:
    """Step 3, or steps 3 to 5 and 9."""
    breaks = [i for i, (one, other) in enumerate(pairwise(steps), 1) if other > one + 1]
    runs = [steps[i:j] for i, j in zip([0, *breaks], [*breaks, len(steps)], strict=True)]
    texts = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    listed = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    return f"{'step' if len(steps) == 1 else 'steps'} {listed}"
