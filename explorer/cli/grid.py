"""``maml-explorer grid``: one network at every K, after every step, with every step size."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from explorer.cli.competitors import competitors_of
from explorer.cli.family_arguments import described
from explorer.cli.jobs import command_of, run_job, tasks_asked_for, write
from explorer.cli.opening import open_files
from explorer.cli.output import emit, emit_json, numbers, table
from explorer.cli.values import check_folder
from explorer.core.base.errors import UserError
from explorer.core.figures.figure import Figure, HeatMap
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.step_grid import evaluate_grid
from explorer.core.jobs.step_grid_figure import best_alpha, figure_of
from explorer.core.jobs.step_grid_request import Grid, StepGrid

HURTS = "!"
WIDTH = 100  # characters of a line


def run(arguments: Namespace) -> int:
    """Test the file's network and print its grid."""
    check_folder("--export", arguments.export)
    names = [] if arguments.learner is None else [arguments.learner]
    chosen, *others = competitors_of(open_files([arguments.file], arguments, names), ())
    if arguments.learner is not None:
        named = {each.competitor.role: each for each in (chosen, *others)}
        if arguments.learner not in named:
            raise UserError(
                f"--learner: {arguments.file} does not hold {arguments.learner}: choose "
                f"{' or '.join(named)}."
            )
        chosen = named[arguments.learner]
    request = StepGrid(
        tuple(arguments.shots),
        arguments.steps,
        None if arguments.alphas is None else tuple(arguments.alphas),
        arguments.tasks,
        arguments.seed,
        tasks_asked_for(arguments, chosen.trained_on),
    )
    cells = run_job(evaluate_grid(request, chosen.competitor))
    figure = figure_of(request, chosen.competitor, cells, command_of(arguments))
    files = write(figure, arguments.export)
    if arguments.json:
        result = _json(request, chosen.competitor, cells, figure)
        result = {"file": str(arguments.file), **result}
        emit_json({**result, "files": files} if files else result)
    else:
        emit(_text(figure))
    return 0


def _json(request: StepGrid, competitor: Competitor, cells: Grid, figure: Figure) -> dict[str, Any]:
    alphas = request.alphas_for(competitor.own_alpha)
    best = {
        (k, step): best_alpha(cells, alphas, k, step)
        for k in request.shots
        for step in range(request.steps + 1)
    }
    return {
        "name": competitor.label,
        "own_alpha": competitor.own_alpha,
        "tasks": request.tasks,
        "seed": request.seed,
        "distribution": described(request.family_for(competitor)),
        "grid": [
            {
                "shots": shots,
                "alpha": alpha,
                **numbers(cell.evaluation),
                "hurts": cell.hurts.tolist(),
            }
            for (shots, alpha), cell in cells.items()
        ],
        "best": [
            {
                "shots": shots,
                "steps": step,
                "alpha": alpha,
                "full": cells[shots, alpha].evaluation.full[step],
            }
            for (shots, step), alpha in best.items()
        ],
        "notes": figure.notes,
    }


def _text(figure: Figure) -> str:
    parts = [figure.title]
    for panel in figure.panels:
        if panel.heat_map is not None:
            parts.append("\n".join([panel.title, *_tables(panel.heat_map)]))
    parts.append("\n".join(figure.notes))
    parts.append("\n".join([*figure.protocol, f"Here {HURTS} stands for hatched."]))
    return "\n\n".join(part for part in parts if part)


def _tables(heat_map: HeatMap) -> list[str]:
    """The cells, in as many tables side by side as fit a line."""
    rows = [
        [mark + (HURTS if hatched else " ") for mark, hatched in zip(marks, hurts, strict=True)]
        for marks, hurts in zip(heat_map.marks, heat_map.hatched, strict=True)
    ]
    widest = max(len(cell) for row in rows for cell in row)
    at_once = max(1, (WIDTH - 6) // (widest + 2))
    return [
        _table(heat_map, rows, slice(first, first + at_once))
        for first in range(0, len(heat_map.x), at_once)
    ]


def _table(heat_map: HeatMap, rows: Sequence[Sequence[str]], part: slice) -> str:
    header = ["K", *(f"{step} " for step in heat_map.x[part])]
    lines = [[k, *row[part]] for k, row in zip(heat_map.y, rows, strict=True)]
    return table(header, lines)
