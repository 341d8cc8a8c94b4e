"""A `Figure` as files: SVG and PNG for papers and slides, CSV for its numbers and curves."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.base.atomic_files import write_atomically
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import LazyModule
from explorer.core.base.look import LookOf
from explorer.core.figures.figure import Array, Curve, Figure, Row

if TYPE_CHECKING:
    from explorer.core.figures import drawing
else:
    drawing = LazyModule("explorer.core.figures.drawing", "Matplotlib")

FORMATS = ("svg", "png", "csv")


def export(
    figure: Figure, folder: Path, look: LookOf, formats: Iterable[str] = FORMATS, stem: str = ""
) -> list[Path]:
    """Write a figure into a folder, which is made if it is missing.

    Args:
        figure: what to write.
        folder: where.
        look: how each competitor is drawn.
        formats: of `FORMATS`.
        stem: name of the files without suffix; the figure's item by default.

    Returns:
        The files.

    Raises:
        UserError: the folder cannot be made or a file cannot be written; no file is half written.
    """
    name, written = stem or figure.item, []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in _files(figure, name, formats, look):
            write_atomically(folder / file, content)
            written.append(folder / file)
    except OSError as error:
        raise UserError(
            f"Could not write into {folder}: {error.strerror or error}. Choose another folder or "
            "make room, and export again."
        ) from error
    return written


def _files(
    figure: Figure, name: str, formats: Iterable[str], look: LookOf
) -> Iterator[tuple[str, bytes]]:
    for form in formats:
        if form != "csv":
            yield f"{name}.{form}", drawing.picture(figure, form, look)
            continue
        yield f"{name}.csv", _table(figure)
        if any(panel.curves for panel in figure.panels):
            yield f"{name}-curves.csv", _curves(figure)


def _table(figure: Figure) -> bytes:
    """The rows as CSV, below a header of comments."""
    names = [field.name for field in fields(Row)]
    return _csv(figure, names, ([getattr(row, name) for name in names] for row in figure.rows))


def _curves(figure: Figure) -> bytes:
    """Every point of every curve as CSV, to draw the figure again."""
    names = ["panel", "learner", "curve", "x", "y", "low", "high"]
    rows = (
        [panel.title, curve.role, curve.label, *point]
        for panel in figure.panels
        for curve in panel.curves
        for point in zip(
            curve.x.tolist(), curve.y.tolist(), _ends(curve, curve.low), _ends(curve, curve.high),
            strict=True,
        )
    )  # fmt: skip
    return _csv(figure, names, rows)


def _ends(curve: Curve, ends: Array | None) -> list[float]:
    return [math.nan] * len(curve.x) if ends is None else list(ends.tolist())


def _csv(figure: Figure, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    for line in (figure.title, figure.provenance, *figure.protocol, *figure.notes):
        out.write(f"# {line}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return value
