"""Where the ends of bands and whiskers lie in an exported figure."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection

from explorer.core.figures.drawing import draw
from explorer.core.figures.export import export
from explorer.core.figures.figure import Curve, Figure, Panel
from explorer.palette import look

X = np.arange(4.0)
Y = np.array([3.0, 0.6, 0.3, 0.2])
LOW, HIGH = 0.8 * Y, 1.3 * Y


def figure(log_y: bool, markers: bool, low: np.ndarray = LOW) -> Figure:
    """One curve with a band, or with whiskers."""
    curve = Curve("maml", "MAML", X, Y, low, HIGH, markers=markers)
    return Figure("one", "One", (Panel("K = 5", "steps", "MSE", (curve,), log_y=log_y),))


def ends(vertices: np.ndarray) -> Sequence[tuple[float, float]]:
    """The lowest and the highest y at each x, from left to right."""
    return [
        (vertices[vertices[:, 0] == x, 1].min(), vertices[vertices[:, 0] == x, 1].max())
        for x in np.unique(vertices[:, 0])
    ]


@pytest.mark.parametrize("log_y", [False, True])
@pytest.mark.parametrize(("markers", "kind"), [(False, PolyCollection), (True, LineCollection)])
def test_a_band_ends_where_the_interval_ends(log_y: bool, markers: bool, kind: type) -> None:
    """The area around a line, or the whiskers of a point, on either kind of axis."""
    (axes,) = draw(figure(log_y, markers), look).axes
    (band,) = (each for each in axes.collections if isinstance(each, kind))
    drawn = np.concatenate([path.vertices for path in band.get_paths()])
    np.testing.assert_allclose(ends(drawn), np.stack([LOW, HIGH], 1))


def test_a_band_to_nought_stays_on_a_logarithmic_axis() -> None:
    """Where the lower end has no logarithm the band ends at half the value."""
    (axes,) = draw(figure(True, False, np.array([2.0, 0.0, -1.0, 0.1])), look).axes
    (band,) = axes.collections
    drawn = np.concatenate([path.vertices for path in band.get_paths()])
    np.testing.assert_allclose([low for low, _ in ends(drawn)], [2.0, 0.3, 0.15, 0.1])


def test_a_file_of_curves_has_both_ends(tmp_path: Path) -> None:
    """Every digit of the band beside each point."""
    export(figure(True, False), tmp_path, look, ("csv",))
    lines = (tmp_path / "one-curves.csv").read_text(encoding="utf-8").splitlines()
    points = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    for name, values in (("y", Y), ("low", LOW), ("high", HIGH)):
        assert [float(point[name]) for point in points] == values.tolist()
