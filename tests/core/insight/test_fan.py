"""The fan: what its area is, and that its places are those of adaptation."""

import math

import pytest
import torch

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.families import default_family
from explorer.core.families.sine import Sine
from explorer.core.files.checkpoint import load
from explorer.core.insight.fan import area, fan_of
from explorer.core.insight.plane import plane_of
from explorer.core.network.derivatives import predict
from explorer.resources import checkpoint_name, resource

EVEN = torch.arange(-4.5, 5)
FAMILY = Sine()
PLANE = plane_of(FAMILY)
assert PLANE is not None
POINTS = torch.randn(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], 1.0),
        ([[0.5, 0.0], [0.0, 0.5]], 0.25),
        ([[0.0, 1.0], [1.0, 0.0]], -1.0),
        ([[0.7, 0.2], [0.1, 0.3]], 0.19),
        ([[1.0, 1.0], [1.0, 1.0]], 0.0),
    ],
)
def test_area_is_the_determinant(matrix: list[list[float]], expected: float) -> None:
    """Of the linear part, wherever the fan has gone as a whole."""
    map_of = torch.tensor(matrix, dtype=torch.float64)
    for away in (0.0, 3.0, -100.0):
        found = area(POINTS @ map_of.T + away, POINTS)
        assert float(found) == pytest.approx(expected, abs=1e-9)


def test_noise_around_the_map_is_averaged() -> None:
    """Least squares, as NumPy's solver has them with a column of ones."""
    places = POINTS @ torch.tensor([[0.7, 0.2], [0.1, 0.3]], dtype=torch.float64) + POINTS.square()
    rows = torch.cat([POINTS, torch.ones(20, 1, dtype=torch.float64)], 1)
    fitted = torch.linalg.lstsq(rows, places).solution[:2]
    assert float(area(places, POINTS)) == pytest.approx(float(torch.linalg.det(fitted)))


def test_what_diverged_does_not_count() -> None:
    """Left out, and without three tasks there is no area."""
    places = POINTS * 0.5
    places[3] = torch.inf
    places[4] = 1e12
    kept = torch.arange(20) != 4
    assert float(area(places, POINTS, kept)) == pytest.approx(0.25)
    assert area(places, POINTS, torch.arange(20) < 2).isnan()
    assert area(torch.full_like(places, torch.nan), POINTS).isnan()


@pytest.mark.parametrize("name", ["maml", "oracle", "cavia", "ridge"])
def test_places_are_those_of_adaptation(name: str) -> None:
    """The curves that `adapt` predicts, in the plane, at the steps that are asked for."""
    start = load(resource(checkpoint_name(name))).start
    found = fan_of(start, FAMILY, PLANE, EVEN, alpha=0.01, steps=(0, 3))
    tasks = PLANE.fan.float().unsqueeze(1)
    x = EVEN.view(1, -1, 1).expand(len(tasks), -1, 1)
    grid = torch.linspace(-5, 5, 201)
    course = list(adapt(start, x, FAMILY.function(x, tasks), grid, alpha=0.01, steps=3, task=tasks))
    assert found.places.shape == (2, len(tasks), 2)
    for places, step in zip(found.places, (0, 3), strict=True):
        expected = PLANE.coordinates(course[step].prediction)
        assert torch.allclose(places, expected, rtol=0.02, atol=0.012)
    losses = torch.stack([step.support_loss for step in course])
    assert torch.equal(found.diverged, diverged(losses, FAMILY.function(x, tasks))[[0, 3]])


def test_before_adaptation_there_is_no_fan() -> None:
    """All tasks are the network's own curve, and their targets are A·(cos φ, sin φ)."""
    start = load(resource(checkpoint_name("maml"))).start
    tasks = torch.tensor([[2.0, 0.0], [3.0, math.pi / 2], [1.0, 1.0]], dtype=torch.float64)
    found = fan_of(start, FAMILY, PLANE, EVEN, alpha=0.01, steps=(0,), tasks=tasks)
    grid = torch.linspace(-5, 5, 201).view(1, -1, 1)
    curve = predict(start.theta, grid, start.network).view(-1)
    expected = PLANE.coordinates(curve).expand(3, 2)
    assert torch.allclose(found.places[0], expected, atol=0.012)
    ends = [[2.0, 0.0], [0.0, 3.0], [math.cos(1), math.sin(1)]]
    assert torch.allclose(found.targets, torch.tensor(ends, dtype=torch.float64), atol=1e-6)
    assert abs(float(found.areas[0])) < 1e-9


def test_divergence_is_told() -> None:
    """With α far too large every task is flagged, and the area is none."""
    start = load(resource(checkpoint_name("maml"))).start
    found = fan_of(start, FAMILY, PLANE, EVEN, alpha=1.0, steps=(0, 30))
    assert not found.diverged[0].any()
    assert found.diverged[1].all()
    assert found.areas[1].isnan()


def test_families_with_two_leading_directions() -> None:
    """Their own directions serve as well."""
    family = default_family("quadratic")
    plane = plane_of(family)
    assert plane is not None
    start = load(resource(checkpoint_name("maml"))).start
    found = fan_of(start, family, plane, EVEN, alpha=0.001, steps=(1,))
    assert found.places.shape == (1, len(plane.fan), 2)
    assert torch.isfinite(found.areas).all()


def test_functions_of_the_plane_keep_their_places() -> None:
    """The ideal learner's adapted curves are the tasks themselves, and theirs is the whole area."""
    ideal = FAMILY.ideal()
    assert ideal is not None
    found = fan_of(ideal, FAMILY, PLANE, EVEN, alpha=0.01, steps=(1,))
    assert torch.allclose(found.places[0], PLANE.targets, atol=1e-3)
    assert float(found.areas[0]) == pytest.approx(1, abs=1e-3)
