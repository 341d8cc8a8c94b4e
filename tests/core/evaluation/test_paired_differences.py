"""Paired differences against formulas written out, and what is said about them."""

import math

import numpy as np
import pytest

from explorer.core.base.texts import with_interval
from explorer.core.evaluation.intervals import mean_over_tasks
from explorer.core.evaluation.paired_differences import (
    Difference,
    mean_difference,
    paired,
    sentence,
)
from tests.core.evaluation.errors import task_errors


def made(seed: int, count: int = 400) -> np.ndarray:
    """Errors as they are: positive and skewed."""
    return np.random.default_rng(seed).gamma(1.0, 2.0, count)


def test_mean_and_interval_are_those_of_the_differences() -> None:
    """Worked out one task after another."""
    one, other = made(1), made(2)
    gaps = [float(a) - float(b) for a, b in zip(one, other, strict=True)]
    found = mean_difference(one, other)
    assert found.mean == pytest.approx(sum(gaps) / 400)
    assert found.ci95 == mean_over_tasks(np.array(gaps)).ci95
    assert (found.pairs, found.lost) == (400, 0)


def test_the_interval_holds_as_often_as_it_says() -> None:
    """Over many draws, 95 in 100 intervals cover the true difference."""
    draws = np.random.default_rng(0).normal(0.1, 1.0, (1000, 50))
    found = [mean_difference(draw, np.zeros(50)) for draw in draws]
    assert 0.92 < sum(abs(one.mean - 0.1) <= one.ci95 for one in found) / 1000 < 0.97


def test_pairs_are_narrower_than_two_means() -> None:
    """Where hard tasks are hard for both, the difference is known better than either mean."""
    hard = made(3)
    one, other = hard + 0.1 * made(4), hard + 0.1 * made(5)
    apart = 1.96 * math.hypot(one.std(ddof=1), other.std(ddof=1)) / math.sqrt(400)
    assert mean_difference(one, other).ci95 < apart / 5


def test_swapping_turns_the_sign() -> None:
    """One less the other is minus the other less the one."""
    forth = mean_difference(made(1), made(2))
    back = mean_difference(made(2), made(1))
    assert forth.mean == -back.mean
    assert forth.ci95 == back.ci95


def test_a_task_that_one_side_lost_stays_in_the_pair() -> None:
    """For that side it costs what predicting zero does; if both lost it, they are even there."""
    mse = np.array([[1.0, 2, 3, 4], [5, 6, 1e30, np.inf]])
    one = task_errors(mse, [[False] * 4, [False, False, True, True]], zero=8.0)
    other = task_errors(np.ones((2, 4)), [[False] * 4, [False, True, False, True]], zero=8.0)
    first, second = paired(one, other)
    assert (first.pairs, first.lost, first.mean) == (4, 0, 1.5)
    assert (second.pairs, second.lost) == (4, 3)
    assert second.mean == (4 + (6 - 8) + (8 - 1) + 0) / 4


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (Difference(-0.05, 0.02, 600, 0), "ahead of FO by 0.050 ± 0.020 (600 tasks): more than"),
        (Difference(0.05, 0.06, 600, 0), "behind FO by 0.050 ± 0.060 (600 tasks): could be"),
        (Difference(0.5, 0.1, 600, 2), "(600 tasks, 2 lost by either and counted as predicting z"),
        (Difference(0.0, 0.0, 600, 0), "MAML and FO make exactly the same errors (600 tasks)."),
        (Difference(0.5, 0.1, 12, 0), "(12 tasks): too few tasks to tell from chance; take at"),
        (Difference(0.5, math.nan, 1, 0), "MAML is behind FO by 0.5 (1 task): too few"),
    ],
)  # fmt: skip
def test_words(difference: Difference, said: str) -> None:
    """The sentence says who is ahead, by how much, and whether it could be chance."""
    text = sentence(difference, 1, 5, "MAML", "FO")
    assert text.startswith("After 1 step at K = 5 ")
    assert said in text


@pytest.mark.parametrize(
    ("mean", "ci95", "text"),
    [
        (1.23456, 0.0213, "1.235 ± 0.021"),
        (123.4, 25.0, "123 ± 25"),
        (4e7, 1e6, "4.00e+07 ± 1.0e+06"),
        (1e-9, 1e-10, "1.00e-09 ± 1.0e-10"),
        (0.0, 0.0, "0.00 ± 0.00"),
        (2.0, 0.0, "2.0 ± 0.0"),
    ],
)
def test_digits_follow_the_interval(mean: float, ci95: float, text: str) -> None:
    """Two digits of the interval, and the mean as far as that."""
    assert with_interval(mean, ci95) == text
