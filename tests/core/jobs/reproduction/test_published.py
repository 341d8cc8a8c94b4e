"""The paper's numbers and verdicts on ours."""

import math

import pytest

from explorer.core.figures.figure import Row
from explorer.core.jobs.reproduction.published import TABLE2, disagreements, published, verdict


def test_table2_is_the_papers() -> None:
    """As printed in arXiv 1703.03400v3, appendix C."""
    assert TABLE2["maml"] == {1: 0.67, 5: 0.38, 10: 0.35}
    assert TABLE2["pretrained"] == {1: 2.41, 5: 2.23, 10: 2.19}
    assert [TABLE2[name][1] for name in ("averaged", "averaged-l2", "averaged-pulled")] == [
        4.19,
        7.18,
        2.91,
    ]
    assert published("maml", 5, 10) == 0.35


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
