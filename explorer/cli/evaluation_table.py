"""Evaluations as tables: one number of support points beside the other while there is room."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.cli.output import table
from explorer.core.base.texts import plain_loss_text as text
from explorer.core.evaluation.evaluation import Evaluation

WIDTH = 100  # characters of a line


def evaluation_tables(results: Sequence[Evaluation]) -> list[str]:
    """As few tables as fit the width, each with a line for every step."""
    tables: list[str] = []
    together: list[list[list[str]]] = []
    for result in results:
        if together and len(_drawn([*together, _columns(result)]).partition("\n")[0]) > WIDTH:
            tables.append(_drawn(together))
            together = []
        together.append(_columns(result))
    return [*tables, _drawn(together)] if together else tables


def _drawn(together: Sequence[Sequence[Sequence[str]]]) -> str:
    columns = [column for part in together for column in part]
    steps = ["step", *(str(step) for step in range(len(columns[0]) - 1))]
    header, *lines = zip(steps, *columns, strict=True)
    return table(header, lines)


def _columns(result: Evaluation) -> list[list[str]]:
    """Header and cells; what lost tasks change is shown where there are some."""
    means = zip(result.full, result.full_ci95, strict=True)
    columns = [
        [f"K = {result.shots}", *(f"{text(mean)} ± {text(ci95)}" for mean, ci95 in means)],
        ["median", *map(text, result.median)],
    ]
    if not result.lost[-1]:
        return columns
    return [
        *columns,
        ["kept", *map(text, result.mse)],
        ["div.", *map(str, result.diverged)],
        ["astray", *map(str, result.astray)],
    ]
