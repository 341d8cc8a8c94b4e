"""The paper's numbers and verdicts on ours."""

import math

import pytest

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.figures.figure import Row
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.published import (
    TABLE2,
    Published,
    disagreements,
    published,
    row,
    verdict,
)


def test_table2_is_the_papers() -> None:
    """As printed in arXiv 1703.03400v3, appendix C."""
    assert TABLE2["maml"] == {1: 0.67, 5: 0.38, 10: 0.35}
    assert TABLE2["pretrained"] == {1: 2.41, 5: 2.23, 10: 2.19}
    assert [TABLE2[name][1] for name in ("averaged", "averaged-l2", "averaged-pulled")] == [
        4.19,
        7.18,
        2.91,
    ]
    assert published("maml", 5, 10) == Published(0.35)


@pytest.mark.parametrize(
    ("learner", "shots", "steps"), [("maml", 10, 1), ("maml", 5, 2), ("anil", 5, 1)]
)
def test_the_paper_has_no_other_numbers(learner: str, shots: int, steps: int) -> None:
    """Neither for another K, another step, nor another learner."""
    assert published(learner, shots, steps) is None


@pytest.mark.parametrize(
    ("ours", "ci95", "paper", "expected"),
    [
        (0.6, 0.1, 0.67, "agrees"),
        (0.74, 0.1, 0.67, "agrees"),
        (0.5, 0.1, 0.67, "better"),
        (0.8, 0.1, 0.67, "worse"),
        (0.8, 0.1, None, ""),
        (math.nan, math.nan, 0.67, ""),
    ],
)
def test_verdicts(ours: float, ci95: float, paper: float | None, expected: str) -> None:
    """The paper's number lies within our interval, above it or below it, or there is none."""
    assert verdict(ours, ci95, paper) == expected


def test_disagreements_are_said_with_what_may_be_chance() -> None:
    """A gap within the interval of a difference may be chance; a wider one is only stated."""
    rows = [
        Row("fig3", "maml", "MAML", 5, 1, 0.67, 0.61, 0.05, 0, "better"),
        Row("fig3", "maml", "MAML", 5, 5, 0.38, 0.20, 0.03, 0, "better"),
        Row("fig3", "maml", "MAML", 5, 10, 0.35, 0.36, 0.03, 0, "agrees"),
    ]
    near, far = disagreements(rows)
    assert near == (
        "MAML is better than the paper after 1 step at K = 5: 0.61 ± 0.05 against 0.67, which may "
        "be chance: the paper's mean has an interval too."
    )
    assert far == "MAML is better than the paper after 5 steps at K = 5: 0.20 ± 0.03 against 0.38."


def evaluation(mse: float, ci95: float, diverged: int = 0) -> Evaluation:
    """One network's, before the first step."""
    return Evaluation(5, 600, (mse,), (ci95,), (mse,), (ci95,), (mse,), (diverged,), (0,))


def test_seeds_and_tasks_are_apart() -> None:
    """The mean of three networks, the interval over tasks of one, and Student's t between them."""
    found = OverSeeds((evaluation(0.5, 0.04, 1), evaluation(0.6, 0.05), evaluation(0.7, 0.06, 2)))
    one = row("table2", "maml", "MAML", found, 0, None)
    assert (one.ours, one.ci95, one.diverged) == (pytest.approx(0.6), pytest.approx(0.05), 3)
    assert (one.seeds, one.verdict) == (3, "")
    assert one.ci95_seeds == pytest.approx(4.303 * 0.1 / math.sqrt(3))


@pytest.mark.parametrize(
    ("paper", "expected"), [(0.61, "agrees"), (1.09, "agrees"), (1.11, "better"), (0.09, "worse")]
)
def test_the_paper_s_training_is_one_more_of_ours(paper: float, expected: str) -> None:
    """Its number may lie where a fourth network would: 4.303·0.1·√(1 + 1/3) about 0.6."""
    found = OverSeeds(tuple(evaluation(mse, 0.0) for mse in (0.5, 0.6, 0.7)))
    assert row("table2", "maml", "MAML", found, 0, Published(paper)).verdict == expected


@pytest.mark.parametrize(("ci95", "expected"), [(0.0, "worse"), (0.11, "worse"), (0.13, "agrees")])
def test_the_paper_s_own_interval_counts(ci95: float, expected: str) -> None:
    """A gap of 0.13 with ± 0.05 of ours: √(0.05² + 0.12²) = 0.13."""
    found = OverSeeds((evaluation(0.8, 0.05),))
    assert row("x", "maml", "MAML", found, 0, Published(0.67, ci95)).verdict == expected


def test_noise_in_the_paper_s_targets_is_added() -> None:
    """To the error, not to its interval."""
    found = OverSeeds((evaluation(0.4, 0.05),), added=0.09)
    one = row("x", "maml", "MAML", found, 0, None)
    assert (one.ours, one.ci95) == (pytest.approx(0.49), 0.05)
    assert math.isnan(one.ci95_seeds)
