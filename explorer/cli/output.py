"""What the command line says: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.core.evaluation.evaluation import Evaluation

PROGRAM = "maml-explorer"


def say(message: str) -> None:
    """Write a message for the person at the terminal."""
    sys.stderr.write(f"{PROGRAM}: {message}\n")
    sys.stderr.flush()


def emit(text: str) -> None:
    """Write data."""
    sys.stdout.write(f"{text}\n")


def emit_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object; NaN and infinity, which JSON does not know, become null."""
    emit(json.dumps(_strict(value), allow_nan=False))


def _strict(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _strict(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(part) for part in value]
    return value


def numbers(found: Evaluation) -> dict[str, Sequence[float]]:
    """What an evaluation found, as lists over the steps."""
    return {
        "full": found.full,
        "full_ci95": found.full_ci95,
        "median": found.median,
        "mse": found.mse,
        "ci95": found.ci95,
        "diverged": found.diverged,
        "astray": found.astray,
    }


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the right, two spaces apart."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
