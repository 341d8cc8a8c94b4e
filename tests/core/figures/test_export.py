"""Figures as files: what is in them, and that none is half written."""

import csv
import math
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from explorer.core.base.errors import UserError
from explorer.core.base.look import Look
from explorer.core.figures import export as module
from explorer.core.figures.figure import Curve, Figure, HeatMap, Panel, Row
from explorer.palette import look

STEPS = np.arange(3.0)
export = partial(module.export, look=look)
FIGURE = Figure(
    "fig3",
    "Error against steps",
    (
        Panel(
            "K = 5",
            "gradient steps",
            "mean squared error",
            (
                Curve("maml", "MAML", STEPS, np.array([3.0, 0.6, 0.3]), STEPS + 0.1, STEPS + 0.2),
                Curve("pretrained", "", STEPS, np.array([3.0, math.nan, 0.0])),
                Curve("maml", "Paper", STEPS[:1], STEPS[:1] + 1, markers=True, hollow=True),
                Curve("someone new", "New", STEPS, STEPS, STEPS - 1, STEPS + 1, markers=True),
            ),
            log_y=True,
        ),
    ),
    rows=(
        Row("fig3", "maml", "MAML", 5, 1, 0.67, 0.6123456789, 0.05, 0, "better"),
        Row("fig3", "oracle", "Oracle", 5, 1, None, math.nan, math.inf, 600, ""),
    ),
    protocol=("600 tasks, α = 0.01.",),
    notes=("Ours is better.",),
    provenance="MAML Explorer 9 · maml-explorer reproduce fig3 --seed 0",
    complete=True,
)
GRID = Figure(
    "grid",
    "K × steps",
    (
        Panel(
            "",
            "steps",
            "K",
            heat_map=HeatMap(
                ("1", "2"),
                ("5",),
                np.array([[0.5, math.nan]]),
                (("0.01", "–"),),
                np.array([[True, False]]),
            ),
        ),
    ),
)


def texts(svg: Path) -> str:
    """All text that an SVG shows or describes itself with."""
    return " ".join(" ".join(ElementTree.parse(svg).getroot().itertext()).split())


def table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The comments and the lines of a CSV file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(lines[len(comments) :]))


def test_files_of_a_figure(tmp_path: Path) -> None:
    """Two pictures, the numbers and the curves, in a folder made for them."""
    paths = export(FIGURE, tmp_path / "new" / "folder")
    names = ["fig3.svg", "fig3.png", "fig3.csv", "fig3-curves.csv"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(names)


def test_what_is_asked_for_alone(tmp_path: Path) -> None:
    """One format, another name."""
    assert export(FIGURE, tmp_path, formats=("svg",), stem="mine") == [tmp_path / "mine.svg"]


def test_numbers_are_those_of_the_figure(tmp_path: Path) -> None:
    """Every digit; what is not finite or not in the paper stays empty."""
    export(FIGURE, tmp_path, formats=("csv",))
    comments, (first, second) = table(tmp_path / "fig3.csv")
    for text in (FIGURE.title, FIGURE.provenance, *FIGURE.protocol, *FIGURE.notes):
        assert f"# {text}" in comments
    assert float(first["ours"]) == FIGURE.rows[0].ours
    assert (first["learner"], first["paper"], first["verdict"]) == ("maml", "0.67", "better")
    assert (second["paper"], second["ours"], second["ci95"]) == ("", "", "")
    assert second["diverged"] == "600"


def test_curves_can_be_drawn_again(tmp_path: Path) -> None:
    """Point by point, with the ends of their bands."""
    export(FIGURE, tmp_path, formats=("csv",))
    comments, points = table(tmp_path / "fig3-curves.csv")
    assert f"# {FIGURE.provenance}" in comments
    assert len(points) == 3 + 3 + 1 + 3
    band = [point for point in points if point["curve"] == "MAML"]
    assert [float(point["y"]) for point in band] == [3.0, 0.6, 0.3]
    assert [float(point["low"]) for point in band] == (STEPS + 0.1).tolist()
    assert points[4]["y"] == ""


def test_pictures_say_where_they_come_from(tmp_path: Path) -> None:
    """Title, legend, notes, protocol and provenance can be read; files describe themselves."""
    export(FIGURE, tmp_path)
    shown = texts(tmp_path / "fig3.svg")
    for text in (FIGURE.title, "K = 5", "MAML", "Paper", *FIGURE.notes, *FIGURE.protocol):
        assert text in shown
    assert shown.count(FIGURE.provenance) == 2  # on the picture and in its description
    png = (tmp_path / "fig3.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert FIGURE.title.encode() in png
    assert FIGURE.provenance.encode("latin-1") in png


def test_one_figure_gives_one_picture(tmp_path: Path) -> None:
    """The same bytes each time, so that a repository notices real changes only."""
    (first,), (second,) = (
        export(FIGURE, tmp_path, formats=("svg",), stem=name) for name in ("a", "b")
    )
    assert first.read_bytes() == second.read_bytes()


def test_heat_maps_and_figures_without_panels(tmp_path: Path) -> None:
    """What has no curve has no file of curves; an empty figure is no failure."""
    assert [path.suffix for path in export(GRID, tmp_path)] == [".svg", ".png", ".csv"]
    assert "0.01" in texts(tmp_path / "grid.svg")
    assert export(Figure("empty", "Nothing yet", ()), tmp_path)


def test_a_logarithmic_axis_has_plain_numbers(tmp_path: Path) -> None:
    """1 and 0.5, not powers of ten that are cut off at the edge."""
    y = np.array([3.0, 0.7, 0.3])
    panel = Panel("", "x", "y", (Curve("maml", "", STEPS, y),), log_y=True)
    export(Figure("log", "", (panel,)), tmp_path, formats=("svg",))
    shown = texts(tmp_path / "log.svg").split()
    assert {"0.5", "1", "2"} <= set(shown)
    assert "times" not in " ".join(shown)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """One sentence that names it and says what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Choose another folder") as refusal:
        export(FIGURE, tmp_path / "file")
    assert str(tmp_path / "file") in str(refusal.value)


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before stays as it was."""
    export(FIGURE, tmp_path, formats=("svg",))
    before = (tmp_path / "fig3.svg").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        export(FIGURE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fig3.svg"]
    assert (tmp_path / "fig3.svg").read_bytes() == before


def test_competitors_are_drawn_as_they_are_told(tmp_path: Path) -> None:
    """Figures know no competitor: whoever exports them says how each is drawn."""

    def odd(role: str) -> Look:
        return Look({"maml": "#123456"}.get(role, "#654321"), "#ffffff", (3, 1))

    (path,) = module.export(FIGURE, tmp_path, odd, ("svg",))
    drawn = path.read_text(encoding="utf-8")
    assert "#123456" in drawn
    assert "#654321" in drawn
    assert look("maml").light not in drawn
    assert "stroke-dasharray" in drawn


def test_matplotlib_waits_until_it_is_needed() -> None:
    """Neither a window nor numbers as CSV need it."""
    import subprocess
    import sys

    code = f"import sys, {module.__name__}; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
