"""The answer to a pull is the finite step, and the error along α is that of real steps."""

import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.insight.response import poke, ray
from explorer.core.insight.tangent import kernel
from tests.core.insight.starts import ALPHA, KINDS, adapted, case_of, curve, to

GRID = torch.linspace(-3, 3, 9, dtype=torch.float64)
PLACES = torch.tensor([-1.0, 0.5], dtype=torch.float64)
PULLS = torch.tensor([2.0, -0.7], dtype=torch.float64)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", KINDS)
def test_a_poke_is_the_finite_step(name: str, activation: str) -> None:
    """With one point, ε above the curve at x′, `adapt` moves the curve by just that."""
    case = case_of(name, activation)
    start, task = case.start, case.batch.task[:1]
    found = poke(start, PLACES, PULLS, GRID, alpha=ALPHA, points=1, task=task)
    assert found.shape == (2, len(GRID))
    for answer, place, pull in zip(found, PLACES, PULLS, strict=True):
        x = place.view(1, 1, 1)
        y = curve(start, start.theta, x[0], task[0]).view(1, 1, 1) + pull
        before, after = adapt(start, x, y, GRID, alpha=ALPHA, steps=1, task=task)
        expected = (after.prediction - before.prediction)[0]
        assert torch.allclose(answer, expected, rtol=0, atol=1e-10)


def test_one_of_several_points_has_its_share_of_the_step() -> None:
    """The others lie on the curve: the same as with α/K and one point."""
    start = case_of("maml").start
    many = poke(start, PLACES, PULLS, GRID, alpha=ALPHA, points=5)
    assert torch.allclose(many, poke(start, PLACES, PULLS, GRID, alpha=ALPHA / 5, points=1))
    single = poke(
        *(to(start, torch.float32), PLACES.float(), PULLS.float(), GRID.float()),
        alpha=ALPHA,
        points=5,
    )
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), many, atol=1e-4)


@pytest.mark.parametrize("name", KINDS)
def test_a_small_poke_is_the_kernel_s_column(name: str) -> None:
    """To first order Δf(x) is (2α/K)·ε·k(x, x′), at any θ and step."""
    case = case_of(name)
    task, step = case.batch.task[:1], 2
    theta = adapted(case)[step, 0]
    pulls = torch.full((2,), 1e-5, dtype=torch.float64)
    found = poke(
        *(case.start, PLACES, pulls, GRID),
        alpha=ALPHA,
        points=4,
        task=task,
        theta=theta,
        step=step,
    )
    columns = kernel(
        *(case.start, GRID.view(1, -1, 1), PLACES.view(1, -1, 1)),
        task=task,
        theta=theta,
        step=step,
    )[0]
    assert torch.allclose(found / 1e-5, columns.T * (2 * ALPHA / 4), rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", KINDS)
def test_the_ray_is_made_of_real_steps(name: str) -> None:
    """The errors after one step of each size, and with α = 0 that before adaptation."""
    case = case_of(name)
    batch = case.batch
    truth = torch.stack([GRID, GRID.square(), -GRID])
    alphas = (0.0, 0.01, 0.3, 2.0)
    found = ray(
        *(case.start, batch.support_x, batch.support_y, GRID, truth, alphas), task=batch.task
    )
    assert found.shape == (4, 3)
    for alpha, errors in zip(alphas, found, strict=True):
        *_, after = adapt(
            *(case.start, batch.support_x, batch.support_y, GRID),
            alpha=alpha,
            steps=1,
            task=batch.task,
        )
        assert torch.allclose(errors, (after.prediction - truth).square().mean(-1))


def test_a_long_ray_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many α are tried at once makes no difference."""
    case = case_of("maml")
    batch = case.batch
    truth = torch.zeros(3, len(GRID), dtype=torch.float64)
    points = batch.support_x, batch.support_y, GRID, truth, [i / 10 for i in range(11)]
    whole = ray(case.start, *points)
    monkeypatch.setattr("explorer.core.insight.response.PARAMETERS_AT_ONCE", 1)
    assert torch.allclose(ray(case.start, *points), whole)


def test_without_points_no_alpha_changes_anything() -> None:
    """K = 0."""
    case = case_of("maml")
    none = torch.zeros(1, 0, 1, dtype=torch.float64)
    truth = torch.zeros(1, len(GRID), dtype=torch.float64)
    found = ray(case.start, none, none, GRID, truth, (0.0, 1.0))
    assert torch.equal(found[0], found[1])
