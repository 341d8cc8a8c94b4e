"""``maml-explorer evaluate``: loss against gradient steps over many fresh tasks."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.cli.output import emit, emit_json, number, table
from explorer.core.checkpoint import Checkpoint, load
from explorer.core.evaluation import Evaluation, evaluate
from explorer.core.lazy_torch import torch
from explorer.core.learners import LEARNERS

COLUMNS = 3  # numbers of shots side by side in a table of 100 characters


@dataclass(frozen=True)
class Evaluated:
    """One network's evaluations.

    Attributes:
        file: the checkpoint it came from.
        name: what to call it.
        results: one for each number of support points.
    """

    file: Path
    name: str
    results: Sequence[Evaluation]


def run(arguments: Namespace) -> int:
    """Evaluate every network of every file and print the results."""
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    checkpoints = [load(file) for file in arguments.files]
    evaluated = [e for c in checkpoints for e in _evaluate(c, arguments)]
    if arguments.json:
        emit_json({"learners": [_result(e) for e in evaluated]})
    else:
        emit("\n\n".join(_text(e, arguments) for e in evaluated))
    return 0


def _evaluate(checkpoint: Checkpoint, arguments: Namespace) -> list[Evaluated]:
    return [
        Evaluated(
            checkpoint.path,
            LEARNERS[name].label if name else checkpoint.label,
            [
                evaluate(
                    start,
                    checkpoint.settings,
                    shots=shots,
                    steps=arguments.steps,
                    tasks=arguments.tasks,
                    alpha=arguments.alpha,
                    seed=arguments.seed,
                )
                for shots in arguments.shots
            ],
        )
        for name, start in checkpoint.starting_points().items()
    ]


def _result(evaluated: Evaluated) -> dict[str, Any]:
    return {
        "file": str(evaluated.file),
        "name": evaluated.name,
        "results": [
            {
                "shots": result.shots,
                "tasks": result.tasks,
                "mse": result.mse,
                "median": result.median,
                "ci95": result.ci95,
                "diverged": result.diverged,
            }
            for result in evaluated.results
        ],
    }


def _text(evaluated: Evaluated, arguments: Namespace) -> str:
    title = (
        f"{evaluated.name}, {evaluated.file}\n"
        f"{arguments.tasks} tasks, α = {arguments.alpha:g}, seed {arguments.seed}; "
        "MSE as mean ± 95 % interval, median, tasks diverged"
    )
    results = evaluated.results
    tables = [_table(results[i : i + COLUMNS]) for i in range(0, len(results), COLUMNS)]
    return "\n".join([title, *tables, *_warnings(results)])


def _table(results: Sequence[Evaluation]) -> str:
    header = ["step"]
    for result in results:
        header += [f"K = {result.shots}", "median", "div."]
    steps = range(len(results[0].mse))
    return table(header, [[str(step), *_cells(results, step)] for step in steps])


def _cells(results: Sequence[Evaluation], step: int) -> list[str]:
    cells = []
    for result in results:
        mean = f"{number(result.mse[step])} ± {number(result.ci95[step])}"
        cells += [mean, number(result.median[step]), str(result.diverged[step])]
    return cells


def _warnings(results: Sequence[Evaluation]) -> list[str]:
    return [
        f"K = {result.shots}: {result.diverged[-1]} of {result.tasks} tasks diverged by step "
        f"{len(result.mse) - 1}; left out of the mean, infinite in the median."
        for result in results
        if result.diverged[-1]
    ]
