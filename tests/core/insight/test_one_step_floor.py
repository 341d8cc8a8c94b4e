"""The floor of one step, against drawing points and against every other step of its kind."""

import pytest
import torch

from explorer.core.families import default_family
from explorer.core.families.sine import Sine
from explorer.core.insight.one_step_floor import (
    after_ideal_step,
    basis_at,
    error_in_plane,
    ideal_step,
)
from explorer.core.insight.plane import plane_of

FAMILY = Sine()
PLANE = plane_of(FAMILY)
assert PLANE is not None
GRID = torch.linspace(-5, 5, 201, dtype=torch.float64)
BEFORE = torch.tensor([0.0, 1.6234], dtype=torch.float64)  # the best single function


@pytest.mark.parametrize(("points", "error"), [(5, 0.468), (10, 0.260), (20, 0.138)])
def test_the_floor_is_known(points: int, error: float) -> None:
    """The best linear step's error for the paper's tasks, and c = 1.80 at ten points."""
    ideal = ideal_step(FAMILY, points)
    assert ideal is not None
    assert ideal.floor == pytest.approx(error, rel=0.02)
    if points == 10:
        assert ideal.factor == pytest.approx(1.80, rel=0.02)


def errors_of(points: int, factor: float | None = None) -> float:
    """The mean error after steps on random points, by drawing tasks and points."""
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(4000, 2, generator=generator, dtype=torch.float64)
    tasks = FAMILY.task(u)
    targets = torch.stack([tasks[:, 0] * tasks[:, 1].cos(), tasks[:, 0] * tasks[:, 1].sin()], -1)
    places = torch.randint(201, (4000, points), generator=generator)
    away = BEFORE - targets
    at = PLANE.basis.T[places]
    ideal = ideal_step(FAMILY, points)
    assert ideal is not None
    c = ideal.factor if factor is None else factor
    moved = (at.mT @ at @ away.unsqueeze(-1)).squeeze(-1) * (c / max(points, 1))
    return float(error_in_plane(PLANE, targets + away - moved, targets).mean())


@pytest.mark.parametrize("points", [1, 5, 10])
def test_the_closed_form_is_the_mean_over_draws(points: int) -> None:
    """On random points; and any other factor is worse."""
    ideal = ideal_step(FAMILY, points)
    assert ideal is not None
    assert errors_of(points) == pytest.approx(ideal.floor, rel=0.05)
    for other in (0.9, 1.1):
        assert errors_of(points, other * ideal.factor) > errors_of(points)


def residuals(x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Of the best single function on a task."""
    return basis_at(FAMILY, PLANE, x) @ (target - BEFORE)


def test_many_even_points_leave_next_to_nothing() -> None:
    """The plane's own directions differ a little, and nothing else is left."""
    target = torch.tensor([-3.0, 2.0], dtype=torch.float64)
    x = torch.linspace(-5, 5, 1001, dtype=torch.float64)
    place = after_ideal_step(FAMILY, PLANE, x, BEFORE, residuals(x, target))
    assert float(error_in_plane(PLANE, place, target)) < 0.02


def test_without_points_nothing_moves() -> None:
    """K = 0, where the floor is what not adapting costs."""
    none = torch.empty(0)
    assert torch.equal(after_ideal_step(FAMILY, PLANE, none, BEFORE, none), BEFORE)
    ideal = ideal_step(FAMILY, 0)
    assert ideal is not None
    assert ideal.factor == 0
    assert ideal.floor == pytest.approx(3.006, rel=0.02)


def test_one_point_moves_along_its_own_direction() -> None:
    """Only what the point can tell is mended."""
    x = torch.tensor([0.0])  # where all sines with the same cosine part agree
    for target in torch.tensor([[1.0, 1.0], [2.0, 1.2]], dtype=torch.float64):
        place = after_ideal_step(FAMILY, PLANE, x, BEFORE, residuals(x, target))
        assert torch.allclose(place[0], BEFORE[0])
        assert (place[1] - target[1]).abs() < (BEFORE[1] - target[1]).abs()


def test_error_is_that_of_the_curves() -> None:
    """In the plane as on the grid."""
    place = torch.tensor([1.0, -2.0], dtype=torch.float64)
    target = torch.tensor([0.3, 1.0], dtype=torch.float64)
    expected = ((place - target) @ PLANE.basis).square().mean()
    assert float(error_in_plane(PLANE, place, target)) == pytest.approx(float(expected))


@pytest.mark.parametrize("name", ["sine", "line", "quadratic"])
def test_basis_between_the_points_of_the_grid(name: str) -> None:
    """On the grid it is the plane's; elsewhere as near as the grid is fine."""
    family = default_family(name)
    plane = plane_of(family)
    assert plane is not None
    grid = torch.linspace(*family.x, 201, dtype=torch.float64)
    assert torch.allclose(basis_at(family, plane, grid).mT, plane.basis, atol=1e-6)
    between = (grid[1:] + grid[:-1]) / 2
    middle = (plane.basis[:, 1:] + plane.basis[:, :-1]) / 2
    assert torch.allclose(basis_at(family, plane, between).mT, middle, atol=1e-2)


def test_families_without_a_plane_have_no_floor() -> None:
    """Nothing is claimed of them."""
    assert ideal_step(default_family("multistep"), 10) is None
