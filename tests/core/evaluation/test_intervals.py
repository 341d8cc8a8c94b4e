"""The interval of a mean over evenly spread tasks."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from explorer.core.base.random_streams import stream
from explorer.core.evaluation.intervals import T_975, TAILS, mean_over_tasks
from explorer.core.families import Sine
from explorer.core.families.sampling import REPLICATES, sample_evenly

Array = np.ndarray[Any, np.dtype[np.float64]]


def covered(values: list[Array], truth: float) -> float:
    """The share of the intervals that hold the truth."""
    found = [mean_over_tasks(each) for each in values]
    return sum(abs(mean - truth) <= half for mean, half in found) / len(found)


@pytest.mark.parametrize("freedom", range(1, REPLICATES))
def test_students_t(freedom: int) -> None:
    """Each number of the table has 95 % of the distribution within it, by quadrature."""
    angle = np.arctan(T_975[freedom - 1] / math.sqrt(freedom))
    turns = (np.arange(200_000) + 0.5) / 200_000
    density = np.cos(turns * np.pi / 2) ** (freedom - 1)
    inside = density[turns * np.pi / 2 < angle].sum() / density.sum()
    assert inside == pytest.approx(0.95, abs=2e-4)


def test_means_of_sets_of_one_size() -> None:
    """Student's interval of the means of the sets, wider by the skewness of the tasks."""
    values = np.random.default_rng(0).gamma(1.0, 1.0, 600)
    means = values.reshape(30, REPLICATES).mean(0)
    gaps = values - values.mean()
    skewness = (gaps**3).mean() / (gaps**2).mean() ** 1.5 / math.sqrt(600)
    plain = 2.093 * means.std(ddof=1) / math.sqrt(REPLICATES)
    found = mean_over_tasks(values)
    assert found.value == pytest.approx(values.mean())
    assert found.ci95 == pytest.approx(plain * (1 + TAILS * skewness**2))


def test_few_tasks_are_a_set_each() -> None:
    """Then it is the interval of independent draws; and one task has none."""
    values = np.array([1.0, 2.0, 3.0])
    assert mean_over_tasks(values).ci95 == pytest.approx(4.303 / math.sqrt(3))
    assert math.isnan(mean_over_tasks(values[:1]).ci95)
    assert mean_over_tasks(np.full(600, 2.0)) == (2.0, 0.0)


def test_the_kept_alone() -> None:
    """What is not kept does not matter; with nothing kept there is no mean."""
    values = np.random.default_rng(1).gamma(1.0, 1.0, 100)
    kept = np.arange(100) % 7 > 0
    wild = np.where(kept, values, np.nan)
    found = mean_over_tasks(wild, kept)
    assert found.value == pytest.approx(values[kept].mean())
    assert 0 < found.ci95 < 1
    assert math.isnan(mean_over_tasks(values, np.zeros(100, np.bool_)).value)
    assert math.isnan(mean_over_tasks(values, np.arange(100) == 3).ci95)


def test_it_holds_as_often_as_it_says_for_independent_values() -> None:
    """Normal ones, and any number of them; for the kept too, drawn at random."""
    draws = np.random.default_rng(2)
    assert 0.93 < covered(list(draws.normal(1.0, 1.0, (1500, 67))), 1.0) < 0.97
    found = [
        mean_over_tasks(each, flags)
        for each, flags in zip(
            draws.normal(1.0, 1.0, (1500, 67)), draws.random((1500, 67)) < 0.8, strict=True
        )
    ]
    assert 0.93 < sum(abs(mean - 1) <= half for mean, half in found) / 1500 < 0.97


def test_it_holds_where_tails_are_long() -> None:
    """Of values with a skewness of 6, where Student's interval does so 92 times in 100."""
    values = list(np.random.default_rng(3).lognormal(0.0, 1.0, (1500, 100)))
    assert 0.92 < covered(values, math.exp(0.5)) < 0.98


def test_it_is_narrow_where_tasks_are_even() -> None:
    """It knows that even tasks scatter less, and holds all the same."""

    def squares(seed: int) -> Array:
        streams = stream(seed, "tasks"), stream(seed, "noise")
        amplitude = sample_evenly(Sine(), 160, 1, *streams).task[0, :, 0, 0]
        return amplitude.to(torch.float64).square().numpy()

    values = [squares(seed) for seed in range(300)]
    assert 0.91 < covered(values, 8.503) < 0.985
    independent = 1.96 * values[0].std() / math.sqrt(160)
    assert np.median([mean_over_tasks(each).ci95 for each in values]) < 0.5 * independent
