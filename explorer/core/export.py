"""A `Figure` as files: SVG and PNG for papers and slides, CSV for its numbers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.errors import UserError
from explorer.core.figure import Figure, Row
from explorer.core.files import write_atomically
from explorer.core.lazy_torch import LazyModule

if TYPE_CHECKING:
    from explorer.core import drawing
else:
    drawing = LazyModule("explorer.core.drawing", "Matplotlib")

FORMATS = ("svg", "png", "csv")


def export(
    figure: Figure, folder: Path, formats: Iterable[str] = FORMATS, stem: str = ""
) -> list[Path]:
    """Write a figure into a folder, which is made if it is missing.

    Args:
        figure: what to write.
        folder: where.
        formats: of `FORMATS`.
        stem: name of the files without suffix; the figure's item by default.

    Returns:
        The files.

    Raises:
        UserError: the folder cannot be made or a file cannot be written; no file is half written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for form in formats:
            path = folder / f"{stem or figure.item}.{form}"
            content = _table(figure) if form == "csv" else drawing.picture(figure, form)
            write_atomically(path, content)
            written.append(path)
    except OSError as error:
        raise UserError(
            f"Could not write into {folder}: {error.strerror or error}. Choose another folder or "
            "make room, and export again."
        ) from error
    return written


def _table(figure: Figure) -> bytes:
    """The rows as CSV, below a header of comments."""
    out = io.StringIO()
    for line in (figure.title, figure.provenance, *figure.protocol, *figure.notes):
        out.write(f"# {line}\n")
    writer = csv.writer(out, lineterminator="\n")
    names = [field.name for field in fields(Row)]
    writer.writerow(names)
    for row in figure.rows:
        values = asdict(row)
        writer.writerow([_cell(values[name]) for name in names])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return value
