"""``maml-explorer query-points``: MAML trained with few and many query points."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from explorer.cli.interruption import INTERRUPTED, interruptible
from explorer.cli.jobs import command_of, run_job, write
from explorer.cli.output import emit, emit_json, numbers, say, table
from explorer.cli.values import check_folder
from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.texts import plain_loss_text
from explorer.core.figures.figure import Figure
from explorer.core.jobs.query_points import query_points
from explorer.core.jobs.query_points_figure import figure_of, spread_of
from explorer.core.jobs.query_points_request import (
    JUDGED,
    SHOWN_STEPS,
    STEPS,
    Found,
    QueryPoints,
)

NAME = "query-points"


def run(arguments: Namespace) -> int:
    """Train, measure and print; what has been trained is kept in any case."""
    check_folder("--export", arguments.export)
    request = QueryPoints(arguments.quick, arguments.seeds, arguments.seed, arguments.tasks)
    with interruptible() as interruption, cancelled_when(lambda: interruption.asked):
        try:
            found = run_job(query_points(request), NAME)
        except CancelledWorkError:
            say(
                f"interrupted; what has been trained is kept in {request.store}, and the same "
                "command goes on from there."
            )
            return INTERRUPTED
    figure = figure_of(request, found, command_of(arguments))
    files = write(figure, arguments.export)
    if arguments.json:
        result = _json(request, found, figure)
        emit_json({**result, "files": files} if files else result)
    else:
        emit(_text(request, found, figure))
    return 0


def _json(request: QueryPoints, found: Found, figure: Figure) -> dict[str, Any]:
    return {
        "quick": request.quick,
        "iterations": request.settings.iterations,
        "shots": request.settings.shots,
        "seeds": list(request.all_seeds),
        "tasks": request.tasks,
        "seed": request.seed,
        "trainings": [
            {
                "query": judged.points,
                "seed": seed,
                **numbers(one),
            }
            for (judged, seed), one in found.items()
        ],
        "summary": [
            {
                "query": judged.points,
                "steps": step,
                "mean": spread.mean,
                "sd": spread.sd,
                "low": min(spread.values),
                "high": max(spread.values),
                "ci95": spread.ci95,
                "diverged": spread.diverged,
                "astray": spread.astray,
            }
            for judged in JUDGED
            for step in range(STEPS + 1)
            if (spread := spread_of(request, found, judged, step)) is not None
        ],
        "notes": figure.notes,
        "protocol": figure.protocol,
        "provenance": figure.provenance,
    }


def _text(request: QueryPoints, found: Found, figure: Figure) -> str:
    """A line for each number of query points, then in words, then how it was measured."""
    header = ["trained with"]
    for step in SHOWN_STEPS:
        header += [f"MSE after {step}", "sd", "lowest", "highest", "lost"]
    lines = []
    for judged in JUDGED:
        line = [judged.label.ljust(max(len(each.label) for each in JUDGED))]
        for step in SHOWN_STEPS:
            spread = spread_of(request, found, judged, step)
            assert spread is not None
            shown = spread.mean, spread.sd, min(spread.values), max(spread.values)
            line += [*map(plain_loss_text, shown), str(spread.diverged + spread.astray)]
        lines.append(line)
    sentences = [f"- {sentence}" for sentence in (*figure.notes, *figure.protocol)]
    return "\n".join([figure.title, table(header, lines), *sentences, figure.provenance])
