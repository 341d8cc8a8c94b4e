"""Samples of Gaussian processes, against their kernels and against regression with these."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.families.closed_forms import reference_losses
from explorer.core.families.gaussian_process import (
    MAX_SIZE,
    RBF,
    GaussianProcess,
    Matern32,
    Matern52,
    Periodic,
)
from explorer.core.families.sampling import sample

Array = NDArray[np.float64]

FAMILIES: dict[str, GaussianProcess] = {
    "rbf": RBF(),
    "periodic": Periodic(),
    "matern32": Matern32(),
    "matern52": Matern52(),
}
OTHERS: dict[str, GaussianProcess] = {
    "rbf .2": RBF(length_scale=0.2),
    "rbf long": RBF(length_scale=5.0, x=Range(-1.0, 6.0), noise=0.1),
    "periodic long": Periodic(length_scale=1.3, period=3.0, x=Range(0.0, 2.0), noise=0.2),
    "matern32 long": Matern32(length_scale=2.0, x=Range(-30.0, -20.0), noise=0.5),
    "matern52 clean": Matern52(length_scale=1.0, noise=0.3),
}
ALL = pytest.mark.parametrize("family", [*FAMILIES.values(), *OTHERS.values()], ids=str)
DEFAULT = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
# What K points leave unknown, on average: families as in the literature, and their errors at
# K = 5, 10 and 20 as an independent computation found them.
KNOWN = {
    "rbf .2": (RBF(length_scale=0.2), (0.62, 0.36, 0.11)),
    "periodic": (Periodic(), (0.43, 0.16, 0.013)),
    "matern32": (Matern32(), (0.73, 0.55, 0.34)),
}


def kernel(family: GaussianProcess, a: Array, b: Array) -> Array:
    """The kernels as textbooks write them, for inputs ``(…, K)`` and ``(…, G)``."""
    d = np.abs(a[..., :, None] - b[..., None, :])
    s = d / family.length_scale
    match family:
        case RBF():
            return np.exp(-(s**2) / 2)
        case Matern32():
            return (1 + 3**0.5 * s) * np.exp(-(3**0.5) * s)
        case Matern52():
            return (1 + 5**0.5 * s + 5 * s**2 / 3) * np.exp(-(5**0.5) * s)
        case Periodic():
            wave = np.sin(math.pi * d / family.period)
            return np.exp(-2 * wave**2 / family.length_scale**2)
    raise AssertionError


def posterior(family: GaussianProcess, x: Array, y: Array, at: Array) -> tuple[Array, Array]:
    """Mean and variance of f by regression (Rasmussen and Williams 2006, algorithm 2.1)."""
    seen = kernel(family, x, x) + (family.noise**2 + 1e-12) * np.eye(x.shape[-1])
    between = kernel(family, at, x)
    weights = np.linalg.solve(seen, np.swapaxes(between, -1, -2))
    mean = np.einsum("tkg,tk->tg", weights, y)
    return mean, 1 - np.einsum("tgk,tkg->tg", between, weights)


def inputs(family: GaussianProcess, *shape: int) -> Array:
    """Some inputs, the same ones every time."""
    return np.random.default_rng(3).uniform(*family.x, shape)


# --- the functions


@ALL
def test_features_have_the_kernels_products(family: GaussianProcess) -> None:
    """Φ(x)·Φ(x′) is the kernel on the whole range, but for the frequencies left out."""
    x = np.linspace(*family.x, 101)
    features = family.features(torch.from_numpy(x).view(-1, 1)).numpy()
    assert features.shape == (101, family.size)
    rough = isinstance(family, Matern32)
    found = features @ features.T
    np.testing.assert_allclose(found, kernel(family, x, x), atol=3e-4 if rough else 3e-6)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-12)


@DEFAULT
def test_samples_have_the_kernel(family: GaussianProcess) -> None:
    """The covariance of 2¹⁵ evenly drawn functions is the kernel to 1 %, by distance."""
    x = np.linspace(*family.x, 41)
    u = torch.quasirandom.SobolEngine(family.uniforms, scramble=True, seed=0).draw(2**15)
    at = torch.from_numpy(x).float().view(1, -1, 1)
    f = torch.cat([family.function(at, part) for part in family.task(u).unsqueeze(1).split(2**12)])
    values = f.squeeze(-1).double().numpy()
    covariance, expected = values.T @ values / len(values), kernel(family, x, x)
    np.testing.assert_allclose(values.mean(0), 0, atol=0.01)
    for distance in range(len(x)):
        found, wanted = (np.diag(each, distance).mean() for each in (covariance, expected))
        assert found == pytest.approx(wanted, abs=0.01), distance


@ALL
def test_functions_are_features_times_weights(family: GaussianProcess) -> None:
    """The quick way to f is Φz, in float64 exactly and in float32 to its precision."""
    z = torch.randn(3, 1, family.size, dtype=torch.float64, generator=stream(1, "z"))
    x = torch.from_numpy(inputs(family, 2, 1, 7, 1))
    expected = (family.features(x) * z).sum(-1, keepdim=True)
    assert expected.shape == (2, 3, 7, 1)
    torch.testing.assert_close(family.function(x, z), expected, rtol=1e-11, atol=1e-11)
    single = family.function(x.float(), z.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), expected, rtol=0, atol=3e-4)


@DEFAULT
@pytest.mark.parametrize(("tasks", "points", "batches"), [(25, 20, 7), (1, 2, 9), (3, 1, 5)])
def test_batches_at_once_are_single_draws(
    family: GaussianProcess, tasks: int, points: int, batches: int
) -> None:
    """Drawing n batches at once equals n draws of one, bit for bit."""
    at_once = sample(family, tasks, points, stream(0, "t"), stream(0, "n"), batches)
    task_stream, noise_stream = stream(0, "t"), stream(0, "n")
    singles = [sample(family, tasks, points, task_stream, noise_stream) for _ in range(batches)]
    for name in ("task", "x", "y"):
        together = torch.cat([getattr(single, name) for single in singles])
        assert torch.equal(getattr(at_once, name), together), name


def test_weights_are_finite_at_the_ends() -> None:
    """The smallest and the largest uniform number of float32 are weights of about ∓5."""
    u = torch.tensor([0.0, 0.5, 1 - 2.0**-24, 1.0])
    low, middle, high, highest = RBF().task(u).tolist()
    assert low == pytest.approx(-5.42, abs=0.01)
    assert middle == 0
    assert high == highest == pytest.approx(5.29, abs=0.01)


@ALL
def test_few_frequencies_are_enough(family: GaussianProcess) -> None:
    """A task stays small, and the estimator has the same features as the functions."""
    assert family.size < MAX_SIZE
    assert family.size == 2 * len(family.spectrum.scales) - 1 == family.uniforms
    assert family.parameters == ()
    x = torch.from_numpy(inputs(family, 4, 1))
    assert torch.equal(family.ideal().features(x), family.features(x))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (RBF, {"length_scale": 0.01, "x": Range(-5.0, 5.0)}),
        (Matern32, {"length_scale": 0.05}),
        (Matern52, {"x": Range(-100.0, 100.0)}),
        (Periodic, {"length_scale": 0.01}),
    ],
)
def test_what_is_too_rough_is_refused(kind: type[GaussianProcess], values: dict[str, Any]) -> None:
    """Too many length scales in the range: it says so, and what to do."""
    with pytest.raises(SettingsError, match="raise the length scale ℓ") as caught:
        kind(**values)
    assert caught.value.field == "length_scale"


def test_losses_without_adaptation() -> None:
    """The mean is 0 and the variance 1: one loss, with the noise."""
    assert [loss.mse for loss in reference_losses(RBF())] == pytest.approx([1.0, 1.0, 1.0])
    assert reference_losses(Matern32())[0].mse == pytest.approx(1.1)
    assert RBF().height == pytest.approx(2.5)


# --- the ideal learner


@ALL
@pytest.mark.parametrize("points", [1, 3, 10, 40])
def test_ideal_learner_is_regression(family: GaussianProcess, points: int) -> None:
    """Its prediction and its deviation are those of regression with the kernel, to 1 %."""
    if not family.noise:
        points = min(points, 10)  # or roundings decide between close points
    random = np.random.default_rng(points)
    x = np.sort(random.uniform(*family.x, (5, points)))
    drawn = np.linalg.cholesky(kernel(family, x, x) + 1e-8 * np.eye(points))
    y = np.einsum("tkl,tl->tk", drawn, random.standard_normal((5, points)))
    y += family.noise * random.standard_normal(y.shape)
    at = random.uniform(*family.x, (5, 60))
    mean, variance = posterior(family, x, y, at)
    learner = family.ideal()
    given, targets, asked = (torch.from_numpy(each).unsqueeze(-1) for each in (x, y, at))
    found = learner.after(given, targets, asked).numpy()
    assert np.sqrt(np.mean((found - mean) ** 2)) < 0.01
    deviation = learner.deviation(given, asked).numpy()
    assert deviation.shape == (5, 60)
    np.testing.assert_allclose(deviation**2, variance, atol=0.01)
    assert np.mean(deviation**2) == pytest.approx(np.mean(variance), rel=0.01, abs=2e-5)


@pytest.mark.parametrize("name", KNOWN)
def test_error_is_the_known_one(name: str) -> None:
    """Over many inputs the variance left is that of regression to 1 %, and the published one."""
    family, published = KNOWN[name]
    random, at = np.random.default_rng(0), np.linspace(*family.x, 60)
    for points, number in zip((5, 10, 20), published, strict=True):
        x = random.uniform(*family.x, (600, points))
        _, variance = posterior(family, x, np.zeros_like(x), np.broadcast_to(at, (600, 60)))
        asked = torch.from_numpy(at).view(1, -1, 1).expand(600, -1, -1)
        left = family.ideal().deviation(torch.from_numpy(x).unsqueeze(-1), asked).square().mean()
        assert float(left) == pytest.approx(variance.mean(), rel=0.01)
        assert float(left) == pytest.approx(number, rel=0.03, abs=0.01)


@pytest.mark.parametrize(("name", "points"), [("rbf", 10), ("periodic", 5), ("matern32", 10)])
def test_evaluation_finds_that_error(name: str, points: int) -> None:
    """The mean squared error over held-out tasks is the variance left, within its interval."""
    family = FAMILIES[name]
    result = evaluate(family.ideal(), family, shots=points, steps=1)
    x, at = inputs(family, 2000, points), np.linspace(*family.x, 60)
    _, variance = posterior(family, x, np.zeros_like(x), np.broadcast_to(at, (2000, 60)))
    assert abs(result.mse[1] - variance.mean()) < 2.5 * result.full_ci95[1]
    assert abs(result.mse[0] - 1) < 2.5 * result.full_ci95[0]


@DEFAULT
def test_band_holds_the_functions(family: GaussianProcess) -> None:
    """About the prediction, ± two deviations hold 95 % of f, wherever a point is not too near."""
    drawn = sample(family, 400, 8, stream(5, "t"), stream(5, "n"))
    x, y, task = drawn.x[0], drawn.y[0], drawn.task[0]
    asked = torch.linspace(*family.x, 40).view(1, -1, 1).expand(400, -1, -1)
    truth = family.function(asked, task).squeeze(-1)
    learner = family.ideal()
    deviation = learner.deviation(x, asked)
    errors = (learner.after(x, y, asked) - truth).abs()
    open_ = deviation > 0.01
    share = (errors[open_] < 2 * deviation[open_]).double().mean()
    assert float(share) == pytest.approx(math.erf(2**0.5), abs=0.012)
