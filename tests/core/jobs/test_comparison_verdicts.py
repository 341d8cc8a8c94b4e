"""Verdicts in comparisons: how far each has come on the way to the ideal learner."""

from dataclasses import replace

import pytest

from explorer.core.base.errors import UserError
from explorer.core.evaluation.coverage import coverage, coverage_sentence
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.families import Sine
from explorer.core.jobs.comparison import compare
from explorer.core.jobs.competitor import Competitor, closed_form, start_of
from tests.core.jobs.comparisons import SHORT, Slopes, compared, results


def test_verdicts_are_measured_on_the_same_tasks(pair: list[Competitor]) -> None:
    """Brute force: three evaluations with the same seed, and the share between them."""
    found = results(replace(SHORT, shots=(5,)), pair)
    single, ideal = (
        evaluate(closed_form(role, Sine()), Sine(), shots=5, steps=1, tasks=60, seed=4).mse[1]
        for role in ("single", "ideal")
    )
    for one in found.values():
        assert one.verdict is not None
        assert not any(one.evaluation.diverged)
        expected = [(single - mse) / (single - ideal) for mse in one.evaluation.mse]
        assert one.verdict.shares == pytest.approx(expected, abs=1e-5)
        assert one.verdict.single == pytest.approx(single, rel=1e-5)


def test_verdicts_of_the_yardsticks_themselves() -> None:
    """The single function has come nowhere, the ideal learner all the way; no words on that."""
    closed = [Competitor(name.title(), name) for name in ("single", "ideal", "zero")]
    figure, _ = compared(replace(SHORT, shots=(5,)), closed)
    found = {label: one.verdict for (label, _), one in results(SHORT, closed).items()}
    known = coverage(start_of(closed[1], SHORT.family), SHORT.family, shots=5, tasks=60, seed=4)
    assert known is not None
    assert all(found.values())
    assert [found[label].shares[-1] for label in ("Single", "Ideal")] == [0, 1]  # type: ignore[union-attr]
    assert found["Zero"].shares[-1] < 0  # type: ignore[union-attr]
    assert figure.notes == (coverage_sentence(known, 5, "Ideal"),)
    assert not any("Shares of the way" in line for line in figure.protocol)


def test_verdicts_where_no_ideal_learner_is_known(pair: list[Competitor]) -> None:
    """The way then is to zero, and the sentence says so; the ideal learner itself is refused."""
    request = replace(SHORT, shots=(5,), family=Slopes())
    figure, _ = compared(request, pair)
    assert all(
        "zero error (the ideal learner is not known" in n or "no better" in n for n in figure.notes
    )
    for one in results(request, pair).values():
        assert one.verdict is not None
        assert one.verdict.ideal is None
        share = 1 - one.evaluation.mse[1] / one.verdict.single
        assert one.verdict.shares[1] == pytest.approx(share, abs=1e-5)
    with pytest.raises(UserError, match="Ideal learner is not known for Slopes tasks: leave it"):
        next(compare(request, [Competitor("Ideal", "ideal")]))
