"""Figures as files."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from explorer.core.errors import UserError
from explorer.core.export import export
from explorer.core.figure import Curve, Figure, HeatMap, Panel, Row

X = np.arange(4.0)
CURVES = Panel(
    "K = 5", "gradient steps", "MSE",
    (
        Curve("maml", "MAML", X, X + 0.5, X + 0.1, X + 1),
        Curve("truth", "ground truth", X, np.sin(X)),
        Curve("points", "used for grad", X, np.cos(X), markers=True),
        Curve("cavia", "", X[:1], X[:1], X[:1], X[:1] + 1, markers=True, hollow=True),
    ),
    log_y=True,
)  # fmt: skip
GRID = Panel(
    "grid", "steps", "K",
    heat_map=HeatMap(
        ("0", "1"), ("5", "10"), np.array([[3.0, 0.6], [np.nan, 0.3]]),
        (("3.0", "0.6"), ("", "0.3")), np.array([[False, True], [False, False]]),
    ),
)  # fmt: skip
ROWS = (
    Row("table2", "maml", "MAML", 5, 1, 0.67, 0.6, 0.05, 2, "better"),
    Row("table2", "cavia", "CAVIA", 5, 1, None, float("nan"), float("nan"), 0, ""),
)
FIGURE = Figure(
    "table2", "Table 2", (CURVES, GRID), 2, ROWS, ("600 tasks",), ("Ours is better.",),
    "MAML Explorer, seed 3", True,
)  # fmt: skip


def test_all_formats(tmp_path: Path) -> None:
    """SVG and PNG with the texts in them, CSV with the rows below a header."""
    folder = tmp_path / "new" / "folder"
    svg, png, table = export(FIGURE, folder)
    text = svg.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    for words in ("Table 2", "MAML", "600 tasks", "Ours is better.", "MAML Explorer, seed 3"):
        assert words in text
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"MAML Explorer, seed 3" in png.read_bytes()
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["# Table 2", "# MAML Explorer, seed 3"]
    rows = list(csv.DictReader(io.StringIO("\n".join(x for x in lines if x[0] != "#"))))
    assert [row["learner"] for row in rows] == ["maml", "cavia"]
    assert (rows[0]["paper"], rows[0]["ours"], rows[0]["verdict"]) == ("0.67", "0.6", "better")
    assert (rows[1]["paper"], rows[1]["ours"]) == ("", "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "table2.csv", "table2.png", "table2.svg",
    ]  # fmt: skip


def test_the_same_figure_gives_the_same_files(tmp_path: Path) -> None:
    """So that a figure under version control changes only with its numbers."""
    one, other = export(FIGURE, tmp_path / "a"), export(FIGURE, tmp_path / "b")
    for first, second in zip(one, other, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """One sentence, and no file."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="Could not write into"):
        export(FIGURE, tmp_path / "file")
