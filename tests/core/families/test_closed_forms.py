"""The learners in closed form, as adaptation and evaluation meet them."""

import numpy as np
import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.trajectory import trajectory_of
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.families import FAMILIES, Family, Sine, default_family
from explorer.core.families.base import Estimator
from explorer.core.families.closed_forms import CLOSED_FORMS, reference_losses
from explorer.core.families.linear_estimator import LinearEstimator
from explorer.core.families.sampling import sample
from explorer.core.families.sine import sine, sine_features

GRID = torch.linspace(-5, 5, 41, dtype=torch.float64)
PAPER = Sine()
ODD = Sine(amplitude=Range(1.0, 2.0), phase=Range(-0.5, 2.0), x=Range(-1.0, 4.0))
DISTRIBUTIONS = pytest.mark.parametrize("family", [PAPER, ODD], ids=["paper", "odd"])


def estimator(name: str, family: Family) -> Estimator:
    found = CLOSED_FORMS[name].start(family)
    assert found is not None
    return found


def linear(family: Sine, noise: float) -> LinearEstimator:
    """The best linear estimate for who takes the noise to be so large."""
    mean, covariance = family.mean_coefficients(), family.covariance()
    return LinearEstimator.of(sine_features, mean, covariance, noise)


# --- the ideal learner


@DISTRIBUTIONS
@pytest.mark.parametrize("points", [1, 2, 10])
def test_without_noise_it_is_the_best_linear_estimate(family: Sine, points: int) -> None:
    """From two points on that is exact: the floor under every learner."""
    drawn = sample(family, 50, points, stream(1, "tasks"), stream(1, "noise"))
    x, y = drawn.x[0].double(), family.function(drawn.x[0].double(), drawn.task[0].double())
    inputs = GRID.view(1, -1, 1).expand(50, -1, 1)
    found = estimator("ideal", family).after(x, y, inputs)
    torch.testing.assert_close(found, linear(family, 0.0).after(x, y, inputs))
    errors = found - family.function(inputs, drawn.task[0].double()).squeeze(-1)
    assert (errors.abs().amax(1).median() < 1e-9) == (points > 1)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_without_points_there_is_the_best_single_function(noise: float) -> None:
    """Nothing seen, nothing learned: before and after, −1.623·cos x."""
    none = torch.zeros(2, 0, 1, dtype=torch.float64)
    ideal = estimator("ideal", PAPER.changed(noise=noise))
    steps = list(adapt(ideal, none, none, GRID, alpha=0.01, steps=2))
    expected = torch.from_numpy(PAPER.expected(GRID.numpy())[0])
    for step in steps:
        torch.testing.assert_close(step.prediction, expected.expand(2, -1))
        assert step.support_loss.isnan().all()


def test_the_ideal_learner_in_an_evaluation() -> None:
    """It starts as the best single function and needs one step, with nothing left to learn."""
    result = evaluate(estimator("ideal", PAPER), PAPER, shots=5, steps=2, tasks=500)
    assert abs(result.mse[0] - reference_losses(PAPER)[-1].mse) < 3 * result.ci95[0]
    assert result.mse[1] == result.mse[2] < 1e-8


def test_noise_costs_the_ideal_learner_too() -> None:
    """Its error grows with σ and falls with K, and stays below that of knowing nothing."""
    errors = {
        (noise, shots): evaluate(
            estimator("ideal", PAPER.changed(noise=noise)),
            PAPER.changed(noise=noise),
            shots=shots,
            steps=1,
            tasks=200,
        ).mse[1]
        for noise, shots in ((0.3, 5), (1.0, 5), (1.0, 20))
    }
    assert 1e-3 < errors[0.3, 5] < errors[1.0, 5] < reference_losses(PAPER)[-1].mse
    assert errors[1.0, 20] < errors[1.0, 5]


@DISTRIBUTIONS
@pytest.mark.parametrize("shots", [1, 3, 10])
def test_the_ideal_learner_knows_how_large_the_noise_is(family: Sine, shots: int) -> None:
    """It does as well as the best linear estimate and better than who takes σ for another."""
    noisy = family.changed(noise=1.0)

    def error(start: Estimator) -> float:
        return evaluate(start, noisy, shots=shots, steps=1, tasks=400).mse[1]

    ideal = error(estimator("ideal", noisy))
    assert ideal <= 1.01 * error(linear(noisy, 1.0))
    for mistaken in (0.2, 5.0):
        assert ideal < 0.97 * error(linear(noisy, mistaken))


# --- those that learn nothing


@DISTRIBUTIONS
@pytest.mark.parametrize(("name", "place"), [("zero", 0), ("constant", 1), ("single", 2)])
def test_the_others_reach_the_reference_losses(family: Sine, name: str, place: int) -> None:
    """Their error is the closed form's within three intervals, points or no points."""
    result = evaluate(estimator(name, family), family, shots=5, steps=3, tasks=2000)
    for mse, interval in zip(result.mse, result.ci95, strict=True):
        assert abs(mse - reference_losses(family)[place].mse) < 3 * interval
    assert len(set(result.mse)) == 1
    assert result.diverged == (0, 0, 0, 0)


def test_the_best_constant_is_no_zero() -> None:
    """With the paper's ranges it is 0.311 everywhere: the cosine's mean over the inputs."""
    inputs = torch.linspace(-9, 9, 7).view(1, -1, 1)
    found = estimator("constant", PAPER).before(inputs)
    torch.testing.assert_close(found, torch.full((1, 7), 0.31131), rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ["zero", "constant", "single"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_points_do_not_move_them(name: str, dtype: torch.dtype) -> None:
    """The same predictions before and after, in the precision of the inputs, for every task."""
    inputs = torch.linspace(-5, 5, 24, dtype=dtype).view(3, 8, 1)
    learner = estimator(name, ODD)
    x = torch.ones(3, 4, 1, dtype=dtype)
    before, after = learner.before(inputs), learner.after(x, 100 * x, inputs)
    assert before.shape == (3, 8)
    assert before.dtype == after.dtype == dtype
    assert torch.equal(before, after)


# --- what the program shows of them


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_a_trail_like_a_networks(name: str) -> None:
    """Float32 in, float32 out, all steps and their errors, and it never diverges."""
    inputs = PAPER.grid(30)
    truth = sine(inputs, torch.tensor(3.0), torch.tensor(1.0))
    x = torch.tensor([[[-2.0], [0.5], [3.0]]])
    y = sine(x, torch.tensor(3.0), torch.tensor(1.0))
    start = estimator(name, PAPER)
    steps = list(adapt(start, x, y, inputs, alpha=1.0, steps=3))
    assert [step.step for step in steps] == [0, 1, 2, 3]
    assert all(step.theta is None and step.prediction.dtype == torch.float32 for step in steps)
    trajectory = trajectory_of(start, x, y, inputs, truth, alpha=1.0, steps=3)
    assert trajectory.divergence is None
    for at, step in enumerate(steps):
        assert np.array_equal(trajectory.prediction[at], step.prediction[0].double().numpy())
        assert trajectory.mse[at] == float((step.prediction - truth).square().mean())
        assert trajectory.support_mse[at] == float(step.support_loss)
    assert (trajectory.mse[1] < 1e-10) == (trajectory.support_mse[1] < 1e-10) == (name == "ideal")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_has_them(name: str) -> None:
    """All but the ideal one, which not every family knows, are there and reach their losses.

    Up to 2 %, since errors are taken on a grid with both ends, where lines reach higher.
    """
    family = default_family(name)
    assert CLOSED_FORMS.keys() == {"zero", "constant", "single", "ideal"}
    losses = dict(zip(("zero", "constant", "single"), reference_losses(family), strict=True))
    for role, loss in losses.items():
        found = evaluate(estimator(role, family), family, shots=3, steps=1, tasks=1000)
        expected = loss.mse - family.noise**2  # evaluation is free of noise
        assert abs(found.full[0] - expected) < 2 * found.full_ci95[0] + 0.02 * expected + 1e-9, role
    ideal = CLOSED_FORMS["ideal"].start(family)
    if ideal is not None:
        reached = evaluate(ideal, family, shots=10, steps=1, tasks=200)
        assert reached.mse[1] < reached.mse[0]
