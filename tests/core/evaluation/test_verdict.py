"""The verdict: which share of the way from the best single function to the ideal learner."""

import math

import numpy as np
import pytest

from explorer.core.evaluation.task_errors import TaskErrors
from explorer.core.evaluation.verdict import Yardstick, verdict_of, verdict_sentence
from tests.core.evaluation.errors import task_errors

TASKS = 200
SCATTER = np.random.default_rng(0).uniform(0.9, 1.1, TASKS)
SCATTER = SCATTER / SCATTER.mean()


def errors(*means: float, lost: int = 0) -> TaskErrors:
    """Errors after 0, 1, … steps with these means; some tasks have diverged by the last step."""
    mse = np.array(means)[:, None] * SCATTER
    diverged = np.zeros(mse.shape, np.bool_)
    diverged[-1, TASKS - lost :] = True
    return task_errors(mse, diverged, zero=6.0)


def yardstick(single: float, ideal: float | None) -> Yardstick:
    """Of tasks on which the best single function has this mean error."""
    return Yardstick(single * SCATTER, ideal)


def test_alpacas_multistep_maml_learned_barely_anything() -> None:
    """0.44 after adaptation looks like progress from 0.48, and is not: 0.479 takes no learning."""
    found = verdict_of(errors(0.48, 0.44), yardstick(0.479, None))
    assert found.shares == pytest.approx(((0.479 - 0.48) / 0.479, (0.479 - 0.44) / 0.479))
    text = verdict_sentence(found, 10, "MAML")
    assert text.startswith("After 1 step at K = 10 MAML has come 8 % of the way")
    assert "best single function (0.479) to zero error (the ideal learner is not known" in text
    assert text.endswith("barely anything.")


@pytest.mark.parametrize(
    ("mse", "share", "words"),
    [
        (4.0, 0.0, "no better than"),
        (5.0, -1 / 3, "no better than"),
        (3.9, 1 / 30, "barely anything"),
        (3.0, 1 / 3, "less than half of it"),
        (2.0, 2 / 3, "more than half of it"),
        (1.1, 0.9666, "almost all"),
        (1.0, 1.0, "100 % of the way"),
    ],
)
def test_the_share_of_the_way(mse: float, share: float, words: str) -> None:
    """0 where the single function is, 1 where the ideal learner is, negative before the one."""
    found = verdict_of(errors(6.0, mse), yardstick(4.0, 1.0))
    assert found.shares[1] == pytest.approx(share, abs=1e-4)
    assert words in verdict_sentence(found, 5, "MAML")


@pytest.mark.parametrize("before", [6.0, 1.5])
def test_a_diverged_task_gains_nothing(before: float) -> None:
    """Losing tasks lowers the share, whatever the error before adaptation was."""
    calm = verdict_of(errors(before, 1.0), yardstick(4.0, 0.0)).shares[1]
    half = verdict_of(errors(before, 1.0, lost=TASKS // 2), yardstick(4.0, 0.0))
    none = verdict_of(errors(before, 1.0, lost=TASKS), yardstick(4.0, 0.0))
    assert calm == pytest.approx(0.75)
    assert half.shares[1] < 0.6 * calm
    assert none.shares[1] <= 0
    assert "100 lost tasks counted as predicting zero" in verdict_sentence(half, 5, "MAML")
    assert "no better than the best single function (4)" in verdict_sentence(none, 5, "MAML")


def test_errors_that_are_no_numbers_cost_what_zero_does() -> None:
    """And nothing raises."""
    lost = errors(1.0, 1.0)
    lost.mse[:, 3] = math.nan
    lost.diverged[:, 3] = True
    found = verdict_of(lost, yardstick(4.0, 0.0))
    counted = (4 - (SCATTER.sum() - SCATTER[3] + 6) / TASKS) / 4
    assert found.shares == pytest.approx((counted, counted))


def test_where_there_is_nothing_to_learn() -> None:
    """All tasks are one function: the single function is ideal, and no share is made up."""
    for single, ideal in ((0.0, 0.0), (0.0, None), (0.3, 0.3), (0.3, 0.31)):
        found = verdict_of(errors(1.0, 0.0), yardstick(single, ideal))
        assert all(math.isnan(share) for share in found.shares)
        assert "nothing to judge MAML by" in verdict_sentence(found, 5, "MAML")


def test_a_gain_that_could_be_chance_is_called_so() -> None:
    """Where its interval over the tasks reaches to 0; and few tasks tell nothing at all."""
    noise = np.random.default_rng(1).normal(0, 1, TASKS)
    noise -= noise.mean()
    mse = np.stack([np.full(TASKS, 4.0), 3.9 + noise])
    found = verdict_of(task_errors(mse), yardstick(4.0, 0.0))
    assert 0 < found.gain.mean < found.gain.ci95
    assert verdict_sentence(found, 5, "MAML").endswith("this could be chance.")
    few = task_errors(mse[:, :9] * 0.5)
    found = verdict_of(few, Yardstick(np.full(9, 4.0), 0.0))
    assert "too few tasks" in verdict_sentence(found, 5, "MAML")


def test_no_steps_are_judged_too() -> None:
    """A network before adaptation may know the mean of all functions."""
    text = verdict_sentence(verdict_of(errors(3.0), yardstick(4.0, 0.0)), 5, "MAML")
    assert text.startswith("After 0 steps at K = 5 MAML has come 25 % of the way")
