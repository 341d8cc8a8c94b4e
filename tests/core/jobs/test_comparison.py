"""Comparisons: the same tasks for all, honest differences, and a stop at any moment."""

import math
from dataclasses import replace

import numpy as np
import pytest

from explorer.core.base.errors import UserError
from explorer.core.base.fields import Range
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.families import Sine
from explorer.core.jobs.comparison import compare, evaluate_competitors
from explorer.core.jobs.comparison_request import Comparison
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.requests import step_sizes_around
from tests.core.jobs.comparisons import SHORT, compared, results
from tests.trainers import SMALL


def test_rows_equal_the_engine(pair: list[Competitor]) -> None:
    """Every mean, interval and count is that of an evaluation of its own."""
    figure, _ = compared(SHORT, pair)
    for each in pair:
        assert each.start is not None
        for shots in (2, 5):
            expected = evaluate(each.start, Sine(), shots=shots, steps=3, tasks=60, seed=4)
            rows = [r for r in figure.rows if (r.label, r.shots) == (each.label, shots)]
            assert [row.steps for row in rows] == [0, 1, 2, 3]
            assert {(row.item, row.learner) for row in rows} == {("compare", each.role)}
            for field, values in {
                "ours": expected.full,
                "ci95": expected.full_ci95,
                "median": expected.median,
                "kept": expected.mse,
                "diverged": expected.diverged,
                "astray": expected.astray,
            }.items():
                assert tuple(getattr(row, field) for row in rows) == values


def test_panels_show_the_rows(pair: list[Competitor]) -> None:
    """One panel for each K with losses, one below it with differences, bands around both."""
    figure, _ = compared(replace(SHORT, reference="MAML"), pair)
    assert figure.columns == 2
    assert [len(panel.curves) for panel in figure.panels] == [4, 4, 2, 2]
    for panel, shots in zip(figure.panels[:2], (2, 5), strict=True):
        for curve, median in zip(panel.curves[:2], panel.curves[2:], strict=True):
            assert (median.role, median.label, median.low) == (curve.role, "", None)
            rows = [r for r in figure.rows if (r.label, r.shots) == (curve.label, shots)]
            assert curve.y.tolist() == [row.ours for row in rows]
            assert curve.high is not None
            np.testing.assert_allclose(curve.high - curve.y, [row.ci95 for row in rows])
            assert median.y.tolist() == [row.median for row in rows]
    for panel, shots in zip(figure.panels[2:], (2, 5), strict=True):
        reference, other = panel.curves
        assert not reference.y.any()
        rows = [r for r in figure.rows if (r.item, r.shots) == ("difference", shots)]
        assert other.y.tolist() == [row.ours for row in rows]


def test_differences_are_on_the_same_tasks(pair: list[Competitor]) -> None:
    """Where none diverged, the mean difference is the difference of the means."""
    figure, _ = compared(replace(SHORT, reference="MAML", shots=(5,)), pair)
    mean = {(row.label, row.steps): row.ours for row in figure.rows if not row.diverged}
    for step in range(4):
        gap = mean["Pretrained", step] - mean["MAML", step]
        assert mean["Pretrained − MAML", step] == pytest.approx(gap, abs=1e-5)


def test_identical_competitors_do_not_differ(pair: list[Competitor]) -> None:
    """Their difference is exactly 0, and the words say so."""
    twin = replace(pair[0], label="Twin")
    figure, _ = compared(replace(SHORT, reference="MAML"), [pair[0], twin])
    gaps = [row for row in figure.rows if row.item == "difference"]
    assert len(gaps) == 8
    assert all(row.ours == 0 and row.ci95 == 0 for row in gaps)
    differences, verdicts = figure.notes[:4], figure.notes[4:]
    for note in differences:
        assert "Twin and MAML make exactly the same errors" in note
    assert [note.replace("Twin", "MAML") for note in verdicts[1::2]] == list(verdicts[::2])
    assert len(verdicts) == 4
    first, second, *_ = figure.panels[0].curves
    assert first.dashes != second.dashes


def test_the_notes_are_about_the_first_and_the_last_step(pair: list[Competitor]) -> None:
    """At each K, for each competitor but the reference."""
    figure, _ = compared(replace(SHORT, reference="Pretrained"), [*pair, Competitor("0", "zero")])
    *differences, first, second, third, fourth = figure.notes
    starts = [note.partition(" is ")[0] for note in differences]
    assert starts == [
        f"After {steps} at K = {shots} {label}"
        for shots in (2, 5)
        for label in ("MAML", "0")
        for steps in ("1 step", "3 steps")
    ]
    for note, words in zip(
        (first, second, third, fourth),
        ("K = 2 MAML", "K = 2 Pretrained", "K = 5 MAML", "K = 5 Pretrained"),
        strict=True,
    ):
        assert note.startswith(f"After 3 steps at {words} ")
        assert "the best single function" in note


def test_lost_tasks_stay_in_the_pair(pair: list[Competitor]) -> None:
    """They count as predicting zero, in the rows and in words, and are named in the protocol."""
    request = replace(SHORT, alpha=0.3, steps=20, shots=(2,), reference="Zero")
    figure, _ = compared(request, [pair[0], Competitor("Zero", "zero")])
    last = [row for row in figure.rows if row.label == "MAML"][-1]
    zero = [row for row in figure.rows if row.label == "Zero"][-1]
    gap = [row for row in figure.rows if row.item == "difference"][-1]
    lost = last.diverged + last.astray
    assert 0 < lost == gap.diverged
    assert gap.ours == pytest.approx(last.ours - zero.ours)
    assert math.isnan(last.kept or 0.0)
    assert f"MAML {lost} (" in "\n".join(figure.protocol)
    assert any(f"{lost} lost by either" in note for note in figure.notes)


def test_errors_beyond_all_bounds_do_not_flatten_the_panel(pair: list[Competitor]) -> None:
    """Lost tasks count as predicting zero, so that the others can still be read."""
    far = replace(SHORT, alpha=0.3, steps=20, shots=(2,))
    figure, _ = compared(far, [pair[0], Competitor("Zero", "zero")])
    (panel,) = figure.panels
    assert max(np.nanmax(curve.y) for curve in panel.curves) < 20


def test_single_errors_are_kept_only_to_be_compared(pair: list[Competitor]) -> None:
    """A hundred thousand tasks with many steps fit into memory one network at a time."""
    many = Comparison(shots=(5, 10, 20), steps=900, tasks=100_000)
    next(evaluate_competitors(many, pair))
    with pytest.raises(UserError, match="memory"):
        next(evaluate_competitors(replace(many, reference="MAML"), pair))
    assert all(one.errors.mse.size == 0 for one in results(SHORT, pair).values())


def test_closed_forms_know_the_tasks_of_the_comparison() -> None:
    """Whatever start they are given, without noise the ideal learner finds the sine."""
    wide = Sine(amplitude=Range(8, 9), phase=Range(1, 4), x=Range(-3, 9))
    figure, _ = compared(replace(SHORT, family=wide), [Competitor("Ideal", "ideal")])
    assert all(row.ours < 1e-3 for row in figure.rows if row.steps)
    assert "Ideal knows these ranges, whatever the others were trained on." in figure.protocol


def test_other_tasks_change_only_what_they_should(pair: list[Competitor]) -> None:
    """Noise leaves the error before adaptation alone; and the protocol says what is other."""
    request, noisy_tasks = replace(SHORT, reference="MAML"), Sine(noise=0.5)
    plain = results(request, pair)
    noisy = results(replace(request, family=noisy_tasks), pair)
    for key, found in plain.items():
        assert found.errors.mse[0].tolist() == noisy[key].errors.mse[0].tolist()
        assert found.errors.mse[1].tolist() != noisy[key].errors.mse[1].tolist()
    figure, _ = compared(replace(SHORT, family=noisy_tasks), pair)
    assert "MAML was trained on other tasks than these: no noise." in figure.protocol
    same, _ = compared(SHORT, pair)
    assert not [line for line in same.protocol if "other tasks" in line]


def test_a_larger_amplitude_scales_the_error_of_zero() -> None:
    """Twice the amplitude is four times the error of predicting 0, on the same draws."""
    zero, request = [Competitor("Zero", "zero")], replace(SHORT, reference="Zero")
    once = results(replace(request, family=Sine(amplitude=Range(1, 2))), zero)
    twice = results(replace(request, family=Sine(amplitude=Range(2, 4))), zero)
    for key, found in once.items():
        np.testing.assert_allclose(twice[key].errors.mse, 4 * found.errors.mse, rtol=1e-4)


def test_each_learner_with_its_own_step_size(pair: list[Competitor]) -> None:
    """The effective α of its training."""
    summed = replace(pair[1], settings=replace(SMALL, reduction="sum", alpha=0.002))
    found = results(replace(SHORT, alpha="own"), [pair[0], summed])
    assert {label: one.alpha for (label, _), one in found.items()} == {
        "MAML": 0.01,
        "Pretrained": 0.008,
    }


def test_tuned_step_sizes_are_the_best_on_other_tasks(pair: list[Competitor]) -> None:
    """Brute force over the same list finds the same one."""
    request = replace(SHORT, alpha="tuned", shots=(5,), tasks=10)
    found = results(request, pair[:1])
    best_start = pair[0].start
    assert best_start is not None
    scores = {
        alpha: evaluate(
            best_start, Sine(), shots=5, steps=3, tasks=200, alpha=alpha,
            seed=request.tuning_seed,
        )
        for alpha in step_sizes_around(0.01, 4)
    }  # fmt: skip
    calm = {alpha: one.mse[-1] for alpha, one in scores.items() if not one.diverged[-1]}
    assert found["MAML", 5].alpha == min(calm, key=calm.__getitem__)
    assert found["MAML", 5].evaluation.tasks == 10


def test_progress_grows_from_nothing_to_all(pair: list[Competitor]) -> None:
    """Shares never fall, and the figure is complete at the end and not before."""
    figure, items = compared(replace(SHORT, alpha="tuned"), pair)
    shares = [item.done for item in items]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert figure.complete
    assert figure.provenance
    assert not any(item.figure.complete for item in items if item.figure and item.done < 0.99)


def test_a_comparison_can_be_stopped_midway(pair: list[Competitor]) -> None:
    """Closing the job keeps what was found."""
    job = compare(SHORT, pair)
    seen = next(item for item in job if item.figure and item.figure.rows)
    job.close()
    assert next(job, None) is None
    assert seen.figure is not None
    assert not seen.figure.complete
    assert {row.label for row in seen.figure.rows} == {"MAML"}


def test_no_steps_at_all(pair: list[Competitor]) -> None:
    """Before adaptation there is something to compare too."""
    figure, _ = compared(replace(SHORT, steps=0, alpha="tuned", reference="MAML"), pair)
    assert len([note for note in figure.notes if "MAML by" in note]) == 2
    assert all(note.startswith("After 0 steps") for note in figure.notes)
