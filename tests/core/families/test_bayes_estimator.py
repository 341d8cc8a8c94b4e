"""The Bayes-optimal learners, against brute-force quadrature and what is known of them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.families.bayes_estimator import BayesEstimator
from explorer.core.families.line import Line
from explorer.core.families.linear_estimator import LinearEstimator
from explorer.core.families.linear_family import LinearFamily
from explorer.core.families.quadratic import Quadratic
from explorer.core.families.sampling import Batch, sample
from explorer.core.families.sine import Sine
from tests.core.families.cases import LINE, QUADRATIC, SINE

Array = NDArray[np.float64]

FAMILIES = {
    "sine": Sine(),
    "odd sine": Sine(**SINE, x=Range(-1.0, 4.0)),
    "line": Line(),
    "odd line": Line(**LINE, x=Range(-1.0, 4.0)),
    "quadratic": Quadratic(),
    "odd quadratic": Quadratic(**QUADRATIC, x=Range(-1.0, 4.0)),
}
EACH = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


def points(family: LinearFamily, tasks: int, shots: int, seed: int = 1) -> tuple[Batch, Tensor]:
    """Support points of some tasks, and the coefficients of their functions."""
    drawn = sample(family, tasks, shots, stream(seed, "tasks"), stream(seed, "noise"))
    batch = Batch(*(part[0] for part in drawn.split(shots)))
    return batch, family.coefficients(batch.task.squeeze(-2).double())


def ideal(family: LinearFamily) -> BayesEstimator:
    """The ideal learner of a family with noise."""
    found = family.ideal()
    assert isinstance(found, BayesEstimator)
    return found


def middles(bounds: Range, count: int) -> Array:
    """Points spread evenly over a range, for the midpoint rule."""
    return bounds.low + (bounds.high - bounds.low) * (np.arange(count) + 0.5) / count


def sines(family: Sine) -> tuple[Callable[[Array], Array], Array]:
    """All sines, as a function of x to ``(…, 1)``, with their (a, b) ``(N, 2)``."""
    amplitude, phase = np.meshgrid(middles(family.amplitude, 250), middles(family.phase, 250))
    a, p = amplitude.ravel(), phase.ravel()
    return lambda x: a * np.sin(x - p), np.stack([a * np.cos(p), -a * np.sin(p)], 1)


def lines(family: Line) -> tuple[Callable[[Array], Array], Array]:
    """All lines, with slope and intercept."""
    slope, intercept = np.meshgrid(middles(family.slope, 300), middles(family.intercept, 300))
    a, b = slope.ravel(), intercept.ravel()
    return lambda x: a * x + b, np.stack([a, b], 1)


def parabolas(family: Quadratic) -> tuple[Callable[[Array], Array], Array]:
    """All parabolas, with the factors of x², x and 1."""
    grids = np.meshgrid(
        [-1.0, 1.0],
        middles(family.curvature, 15),
        middles(family.vertex, 60),
        middles(family.offset, 60),
    )
    sign, size, c, b = (grid.ravel() for grid in grids)
    q = sign * size
    return lambda x: q * (x - c) ** 2 + b, np.stack([q, -2 * q * c, q * c**2 + b], 1)


def posterior(family: LinearFamily, x: Array, y: Array) -> tuple[Array, Array]:
    """Mean and covariance of the coefficients given the points of one task, by brute force."""
    if isinstance(family, Sine):
        function, c = sines(family)
    elif isinstance(family, Line):
        function, c = lines(family)
    else:
        assert isinstance(family, Quadratic)
        function, c = parabolas(family)
    squares = sum((function(at) - value) ** 2 for at, value in zip(x, y, strict=True))
    weight = np.exp(-(squares - squares.min()) / (2 * family.noise**2))
    weight /= weight.sum()
    mean = weight @ c
    return mean, (c - mean).T @ ((c - mean) * weight[:, None])


@EACH
@pytest.mark.parametrize(("shots", "noise"), [(1, 0.3), (3, 0.3), (5, 0.3), (10, 1.0)])
def test_it_is_the_posterior_mean(family: LinearFamily, shots: int, noise: float) -> None:
    """Errors against brute force add less than 1 % to the squared error that nobody can avoid."""
    noisy = family.changed(noise=noise)
    batch, _ = points(noisy, 6, shots)
    found = ideal(noisy).estimate(batch.support_x, batch.support_y).numpy()
    excess, unavoidable = 0.0, 0.0
    for task in range(6):
        x, y = batch.support_x[task, :, 0].double(), batch.support_y[task, :, 0].double()
        mean, covariance = posterior(noisy, x.numpy(), y.numpy())
        grid = noisy.features(noisy.grid(50).double().unsqueeze(-1)).numpy()
        excess += float(np.square(grid @ (found[task] - mean)).mean())
        unavoidable += float(np.einsum("gi,ij,gj->g", grid, covariance, grid).mean())
    assert excess < 0.01 * unavoidable


@EACH
def test_density_is_that_of_the_tasks(family: LinearFamily) -> None:
    """Its integral over boxes of coefficients is the share of the tasks that lies in them."""
    generator = torch.Generator().manual_seed(1)
    c = family.coefficients(family.task(torch.rand(200_000, family.uniforms, generator=generator)))
    c = c.double()
    for first, last in ((0.1, 0.6), (0.4, 0.95)):
        low, high = c[:100_000].quantile(first, 0), c[:100_000].quantile(last, 0)
        inside = float(((c > low) & (c < high)).all(-1).double().mean())
        sobol = torch.quasirandom.SobolEngine(c.shape[1], scramble=True, seed=3)
        at = low + (high - low) * sobol.draw(2**16, dtype=torch.float64)
        integral = float(family.density(at).mean() * (high - low).prod())
        assert inside > 0.02
        assert integral == pytest.approx(inside, rel=0.01, abs=4 * (inside / len(c)) ** 0.5)


@pytest.mark.parametrize("phase", [Range(-6.0, 6.0), Range(0.0, 6.28), Range(3.0, 5.0)])
def test_density_of_sines_knows_turns(phase: Range) -> None:
    """Phases a turn apart give the same sine, and each counts: densities add up to 1."""
    family = Sine(phase=phase)
    a, b = np.meshgrid(middles(Range(-5.1, 5.1), 800), middles(Range(-5.1, 5.1), 800))
    density = family.density(torch.from_numpy(np.stack([a, b], -1)))
    assert float(density.mean()) * 10.2**2 == pytest.approx(1, abs=0.01)


@EACH
@pytest.mark.parametrize("noise", [0.01, 1.0])
def test_no_linear_estimate_is_better(family: LinearFamily, noise: float) -> None:
    """Over many tasks it has the smaller squared error, beyond the error of the comparison."""
    noisy = family.changed(noise=noise)
    for shots in (1, 5):
        batch, truth = points(noisy, 600, shots, seed=4)
        learner = ideal(noisy)
        grid = noisy.features(noisy.grid(50).double().unsqueeze(-1))
        ours, linear = (
            (each.estimate(batch.support_x, batch.support_y) - truth) @ grid.T
            for each in (learner, learner.linear)
        )
        gain = linear.square().mean(1) - ours.square().mean(1)
        assert float(gain.mean()) > -2 * float(gain.std()) / 600**0.5


@EACH
def test_many_points_leave_the_least_squares_estimate(family: LinearFamily) -> None:
    """With much data the ranges no longer matter: it is the fit of least squares."""
    noisy = family.changed(noise=1e-3)
    batch, truth = points(noisy, 50, 40)
    found = ideal(noisy).estimate(batch.support_x, batch.support_y)
    waves = noisy.features(batch.support_x.double())
    fitted = torch.linalg.lstsq(waves, batch.support_y.double()).solution.squeeze(-1)
    close = (found - fitted).norm(dim=1) < 0.2 * (fitted - truth).norm(dim=1) + 1e-5
    assert close.double().mean() > 0.9


@EACH
def test_without_noise_points_determine_the_function(family: LinearFamily) -> None:
    """As many points as coefficients are enough for an exact solution."""
    learner = family.ideal()
    assert isinstance(learner, LinearEstimator)
    batch, truth = points(family, 100, 10)
    waves = family.features(batch.support_x.double())
    y = (waves @ truth.unsqueeze(-1)).double()
    assert float((learner.estimate(batch.support_x, y) - truth).abs().max()) < 1e-6


@EACH
def test_strange_points_do_no_harm(family: LinearFamily) -> None:
    """Points that no task could have give finite predictions of some function of the family."""
    noisy = family.changed(noise=0.1)
    u = torch.rand(20_000, noisy.uniforms, generator=torch.Generator().manual_seed(2))
    prior = noisy.coefficients(noisy.task(u).double())
    room = 0.1 * (prior.amax(0) - prior.amin(0))
    x = torch.tensor([0.0, 0.5, 0.5, 3.0]).view(1, 4, 1)
    for height in (30.0, 1e4):
        y = torch.tensor([height, -height, height, 0.0]).view(1, 4, 1)
        found = ideal(noisy).estimate(x, y)
        assert torch.isfinite(found).all()
        assert (found[0] <= prior.amax(0) + room).all()
        assert (found[0] >= prior.amin(0) - room).all()


@EACH
def test_tasks_do_not_see_each_other(family: LinearFamily) -> None:
    """A task's prediction is the same every time, alone and among others, without random state."""
    noisy = family.changed(noise=0.3)
    batch, _ = points(noisy, 40, 5)
    grid = noisy.grid(7).view(1, -1, 1).expand(40, -1, -1)
    state = torch.get_rng_state()
    whole = ideal(noisy).after(batch.support_x, batch.support_y, grid)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(whole, ideal(noisy).after(batch.support_x, batch.support_y, grid))
    assert whole.shape == (40, 7)
    assert whole.dtype == grid.dtype
    for task in (0, 31, 32, 39):
        one = slice(task, task + 1)
        alone = ideal(noisy).after(batch.support_x[one], batch.support_y[one], grid[one])
        torch.testing.assert_close(alone, whole[one], rtol=1e-5, atol=1e-5)


@EACH
def test_before_any_point_it_predicts_the_mean(family: LinearFamily) -> None:
    """Without points it predicts the best single function."""
    noisy = family.changed(noise=0.3)
    grid = noisy.grid(9)
    found = ideal(noisy).before(grid.view(1, -1, 1))
    expected = noisy.expected(grid.double().numpy())[0]
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-5, atol=1e-5)


# Mean squared errors at K = 5, 10 and 20 over 20,000 tasks, each known to about 1 %.
SINE_ERRORS = {
    0.1: (0.00533, 0.00219, 0.00103),
    0.3: (0.0440, 0.0190, 0.00902),
    1.0: (0.375, 0.185, 0.0918),
}


@pytest.mark.parametrize("noise", SINE_ERRORS)
@pytest.mark.parametrize("shots", [5, 10, 20])
def test_errors_on_sines(noise: float, shots: int) -> None:
    """Its errors on sines are the known ones, within the scatter of 1,000 tasks."""
    family = Sine(noise=noise)
    batch, truth = points(family, 1000, shots, seed=2)
    grid = family.features(family.grid(101).double().unsqueeze(-1))
    off = (ideal(family).estimate(batch.support_x, batch.support_y) - truth) @ grid.T
    errors = off.square().mean(1)
    known = SINE_ERRORS[noise][(5, 10, 20).index(shots)]
    assert abs(float(errors.mean()) - known) < 4 * float(errors.std()) / 1000**0.5
