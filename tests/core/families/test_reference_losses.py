"""The losses without adaptation, against the paper's ranges and against sampling."""

import math

import numpy as np
import pytest

from explorer.core.base.fields import Range
from explorer.core.families import FAMILIES, Family, Sine, default_family
from explorer.core.families.closed_forms import (
    SAME_LOSS,
    ReferenceLoss,
    best_constant,
    reference_losses,
    told_apart,
)

OTHERS = [
    Sine(amplitude=Range(1.0, 2.0), phase=Range(-0.5, 2.0), x=Range(-1.0, 4.0), noise=0.6),
    Sine(amplitude=Range(0.0, 3.0), phase=Range(0.0, 2 * math.pi), x=Range(2.0, 3.0)),
    Sine(amplitude=Range(4.0, 5.0), phase=Range(-6.0, -5.9), x=Range(-100.0, -3.0), noise=2.0),
]


def test_paper() -> None:
    """At the paper's ranges: 4.252, 4.155, 3.006 and −1.623·cos x, whose mean is 0.311."""
    zero, constant, single = reference_losses(Sine())
    assert zero.mse == pytest.approx(4.252, abs=5e-4)
    assert constant.mse == pytest.approx(4.155, abs=5e-4)
    assert single.mse == pytest.approx(3.006, abs=5e-4)
    a, b = Sine().mean_coefficients()
    assert a == pytest.approx(0, abs=1e-12)
    assert b == pytest.approx(-1.623, abs=5e-4)
    assert best_constant(Sine().moments()) == pytest.approx(0.3113, abs=5e-5)


@pytest.mark.parametrize("family", [Sine(), *OTHERS])
def test_monte_carlo(family: Sine) -> None:
    """All three losses, noise included, are what a million sampled points give."""
    count = 1_000_000
    random = np.random.default_rng(0)
    x = random.uniform(*family.x, count)
    y = random.uniform(*family.amplitude, count) * np.sin(x - random.uniform(*family.phase, count))
    y += family.noise * random.standard_normal(count)
    predictions = (0.0, best_constant(family.moments()), family.expected(x)[0])
    for loss, prediction in zip(reference_losses(family), predictions, strict=True):
        errors = (y - prediction) ** 2
        margin = 5 * errors.std() / math.sqrt(count)
        assert loss.mse == pytest.approx(errors.mean(), abs=margin), loss.label


@pytest.mark.parametrize("family", [Sine(), *OTHERS])
def test_the_best_single_function_is_best(family: Sine) -> None:
    """A least-squares fit of sin and cos to many sampled tasks finds the same coefficients."""
    count = 400_000
    random = np.random.default_rng(1)
    # A full circle of x makes sin and cos independent; the best function does not depend on x.
    x = random.uniform(0, 2 * math.pi, count)
    y = random.uniform(*family.amplitude, count) * np.sin(x - random.uniform(*family.phase, count))
    fit, *_ = np.linalg.lstsq(np.stack([np.sin(x), np.cos(x)], 1), y)
    np.testing.assert_allclose(fit, family.mean_coefficients(), atol=0.03)


@pytest.mark.parametrize("family", [Sine(), *OTHERS])
def test_the_best_constant_is_best(family: Sine) -> None:
    """It is the mean of what the best single function says, by the integral of sin and cos."""
    (low, high), (a, b) = family.x, family.mean_coefficients()
    integral = a * (math.cos(low) - math.cos(high)) + b * (math.sin(high) - math.sin(low))
    assert best_constant(family.moments()) == pytest.approx(integral / (high - low), abs=1e-9)


@pytest.mark.parametrize("family", [default_family(name) for name in FAMILIES], ids=FAMILIES)
def test_order_and_noise(family: Family) -> None:
    """Knowing more of a family never costs, and noise adds its variance to every loss."""
    quiet, noisy = family.changed(noise=0.0), family.changed(noise=1.5)
    zero, constant, single = reference_losses(quiet)
    assert single.mse <= constant.mse <= zero.mse
    for one, other in zip(reference_losses(quiet), reference_losses(noisy), strict=True):
        assert other.mse - one.mse == pytest.approx(1.5**2)
        assert one.label == other.label


def test_knowing_the_family_helps_with_the_papers_sines() -> None:
    """Each of the three is better than the one before it."""
    zero, constant, single = reference_losses(Sine())
    assert single.mse < constant.mse < zero.mse


def test_function_follows_its_coefficients() -> None:
    """The curve at x is a·sin x + b·cos x."""
    a, b = OTHERS[0].mean_coefficients()
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(OTHERS[0].expected(x)[0], a * np.sin(x) + b * np.cos(x))
    assert abs(a) > 0.1
    assert abs(b) > 0.1


@pytest.mark.parametrize(
    ("losses", "kept"),
    [
        ((4.0, 3.0, 2.0), (4.0, 3.0, 2.0)),
        ((4.0, 4.0, 2.0), (4.0, 2.0)),
        ((4.0, 4.0 * (1 - SAME_LOSS / 2), 4.0 * (1 - 2 * SAME_LOSS)), (4.0, 4 - 8 * SAME_LOSS)),
        ((4.0, 4.0, 4.0), (4.0,)),
        ((0.0, 0.0, 0.0), (0.0,)),
        ((), ()),
    ],
)
def test_lines_on_top_of_each_other_are_drawn_once(
    losses: tuple[float, ...], kept: tuple[float, ...]
) -> None:
    """Of losses that hardly differ the first is kept, and every one that lies apart."""
    found = told_apart([ReferenceLoss(str(mse), mse) for mse in losses])
    assert [each.mse for each in found] == pytest.approx(list(kept))
