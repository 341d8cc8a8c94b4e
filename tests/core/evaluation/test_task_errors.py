"""Which tasks are lost, and what they count."""

import math

import numpy as np
import pytest

from explorer.core.evaluation.task_errors import ASTRAY_FACTOR, TaskErrors, judged, usual_zero
from explorer.core.families import FAMILIES, Sine, default_family
from explorer.core.families.closed_forms import reference_losses

NOBODY = np.zeros((3, 1), np.bool_)


def found(*mse: float, zero: float = 1.0, usual: float = 1.0) -> TaskErrors:
    """One task whose support loss does not diverge."""
    return judged(np.array(mse)[:, None], np.array([zero]), NOBODY, usual)


@pytest.mark.parametrize(
    ("before", "zero", "usual"), [(5.0, 1.0, 1.0), (1.0, 5.0, 1.0), (1.0, 0.01, 5.0)]
)
def test_a_task_goes_astray_beyond_the_largest_of_three(
    before: float, zero: float, usual: float
) -> None:
    """Of the error before adaptation and what predicting zero costs, on it and on a usual task.

    The last task is nearly flat: an error of 5 is 500 times what zero costs, and no cause to
    give the task up where that costs 5 on average.
    """
    limit = ASTRAY_FACTOR * 5.0
    assert not found(before, limit, limit, zero=zero, usual=usual).lost.any()
    gone = found(before, 1.01 * limit, 0.0, zero=zero, usual=usual)
    assert gone.astray.ravel().tolist() == [False, True, True]
    assert gone.counted.ravel().tolist() == [before, zero, zero]


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_what_is_not_finite_is_lost(error: float) -> None:
    """Before adaptation too, and no arithmetic warns."""
    assert found(error, 1.0, 1.0).astray.all()
    assert found(1.0, 1.0, error).astray.ravel().tolist() == [False, False, True]


def test_the_two_ways_are_counted_apart() -> None:
    """A task that has diverged has not gone astray besides."""
    mse = np.array([[1.0, 1.0, 1.0], [9e9, 9e9, 1.0]])
    diverged = np.array([[False] * 3, [True, False, True]])
    errors = judged(mse, np.ones(3), diverged, 1.0)
    assert errors.diverged.sum(1).tolist() == [0, 2]
    assert errors.astray[1].tolist() == [False, True, False]
    assert errors.counted[1].tolist() == [1.0, 1.0, 1.0]


def test_blocks_stand_side_by_side() -> None:
    """Along their tasks."""
    one, other = found(1.0, 2.0, 2.0), found(4.0, 90.0, 6.0, zero=2.0)
    both = TaskErrors.joined([one, other])
    assert both.tasks == 2
    assert both.mse.tolist() == [[1, 4], [2, 90], [2, 6]]
    assert both.counted.tolist() == [[1, 4], [2, 2], [2, 2]]
    assert both.forgotten().tasks == 0


@pytest.mark.parametrize("name", FAMILIES)
def test_the_usual_cost_of_zero_is_the_reference_loss(name: str) -> None:
    """Without noise."""
    family = default_family(name).changed(noise=0.0)
    assert usual_zero(family) == pytest.approx(reference_losses(family)[0].mse)
    assert usual_zero(Sine(noise=3.0)) == pytest.approx(4.252, abs=5e-4)
