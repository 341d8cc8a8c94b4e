"""A comparison as a figure: loss against steps, differences below, and what they say in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from explorer.core.evaluation.coverage import coverage_sentence
from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.paired_differences import Difference, paired, sentence
from explorer.core.evaluation.verdict import verdict_sentence
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.figures.figure import Array, Curve, Figure, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.comparison_request import (
    TUNING_HALVINGS,
    TUNING_TASKS,
    Comparison,
    Results,
    tuning_alphas,
)
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.rows import COUNTED, INTERVALS, lost_text, row_of

MEDIAN_DASHES, FAINT = (1.0, 2.0), 0.55
FURTHER_DASHES = ((3.0, 2.0), (1.0, 1.5), (8.0, 2.0), (5.0, 1.5, 1.0, 1.5))


def figure_of(
    request: Comparison, competitors: Sequence[Competitor], results: Results, command: str = ""
) -> Figure:
    """What is known so far of a comparison, drawn.

    Args:
        request: what was asked for.
        competitors: in the order of the legend.
        results: those found so far, by label and K.
        command: the command that asks for the same; may be empty.
    """
    gaps = differences(request, competitors, results)
    panels = [_losses(competitors, results, shots) for shots in request.shots]
    if request.reference is not None and len(competitors) > 1:
        panels += [_gaps(request, competitors, gaps, shots) for shots in request.shots]
    return Figure(
        "compare",
        "Loss against gradient steps",
        tuple(panels),
        len(request.shots),
        (*_loss_rows(competitors, results), *_gap_rows(request, competitors, gaps)),
        tuple(_protocol(request, competitors, results)),
        (*sentences(request, gaps), *verdicts(competitors, results), *coverages(results)),
        provenance(request.seed, command),
        len(results) == len(competitors) * len(request.shots),
    )


def differences(
    request: Comparison, competitors: Sequence[Competitor], results: Results
) -> dict[tuple[str, int], tuple[Difference, ...]]:
    """By label and K, each competitor's errors less the reference's, after 0, 1, … steps."""
    if request.reference is None:
        return {}
    return {
        (each.label, shots): paired(
            results[each.label, shots].errors, results[request.reference, shots].errors
        )
        for shots in request.shots
        for each in competitors
        if each.label != request.reference
        and {(each.label, shots), (request.reference, shots)} <= results.keys()
    }


def sentences(
    request: Comparison, gaps: Mapping[tuple[str, int], tuple[Difference, ...]]
) -> list[str]:
    """In words, how each competitor stands to the reference after the first and the last step."""
    steps = sorted({min(1, request.steps), request.steps})
    return [
        sentence(gap[step], step, shots, label, request.reference or "")
        for (label, shots), gap in gaps.items()
        for step in steps
    ]


def verdicts(competitors: Sequence[Competitor], results: Results) -> list[str]:
    """In words, how far each learner has come from the best single function to the ideal learner.

    Those in closed form are left out: they are what the others are judged by.
    """
    roles = {each.label: each.role for each in competitors}
    return [
        verdict_sentence(found.verdict, shots, label)
        for (label, shots), found in results.items()
        if found.verdict is not None and roles[label] not in CLOSED_FORMS
    ]


def coverages(results: Results) -> list[str]:
    """In words, how often the bands of those that know their σ are right."""
    return [
        coverage_sentence(found.coverage, shots, label)
        for (label, shots), found in results.items()
        if found.coverage is not None
    ]


def _losses(competitors: Sequence[Competitor], results: Results, shots: int) -> Panel:
    curves: list[Curve] = []
    beside: list[Curve] = []
    for each in competitors:
        if (each.label, shots) not in results:
            continue
        found = results[each.label, shots].evaluation
        curves.append(_with_band(each, found.full, found.full_ci95))
        beside += _beside(each, found)
    return Panel(
        f"K = {shots}",
        "gradient steps",
        "mean squared error",
        (*_told_apart(curves), *beside),
    )


def _gaps(
    request: Comparison,
    competitors: Sequence[Competitor],
    gaps: Mapping[tuple[str, int], tuple[Difference, ...]],
    shots: int,
) -> Panel:
    curves = []
    for each in competitors:
        if each.label == request.reference:
            zeros = np.zeros(request.steps + 1)
            curves.append(Curve(each.role, each.label, _steps(len(zeros)), zeros))
        elif (each.label, shots) in gaps:
            gap = gaps[each.label, shots]
            means, ends = [one.mean for one in gap], [one.ci95 for one in gap]
            curves.append(_with_band(each, means, ends))
    return Panel(
        f"Difference to {request.reference}, K = {shots}",
        "gradient steps",
        "difference in MSE",
        _told_apart(curves),
    )


def _beside(competitor: Competitor, found: Evaluation) -> Iterator[Curve]:
    """Median, and mean of the kept where that is another than of all: faint, not in the legend."""
    steps = _steps(len(found.median))
    median = np.array(found.median)
    median[~np.isfinite(median)] = np.nan
    yield Curve(competitor.role, "", steps, median, dashes=MEDIAN_DASHES, opacity=FAINT)
    kept = np.where(np.array(found.lost) > 0, found.mse, np.nan)
    if np.isfinite(kept).any():
        yield Curve(competitor.role, "", steps, kept, opacity=FAINT, markers=True, hollow=True)


def _with_band(competitor: Competitor, mean: Sequence[float], ci95: Sequence[float]) -> Curve:
    y, half = np.asarray(mean, np.float64), np.nan_to_num(np.asarray(ci95, np.float64))
    return Curve(competitor.role, competitor.label, _steps(len(y)), y, y - half, y + half)


def _told_apart(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Other dashes for the second curve of a role, and for those after it."""
    told: list[Curve] = []
    for curve in curves:
        before = sum(other.role == curve.role for other in told)
        dashes = FURTHER_DASHES[(before - 1) % len(FURTHER_DASHES)] if before else None
        told.append(replace(curve, dashes=dashes))
    return tuple(told)


def _steps(count: int) -> Array:
    return np.arange(count, dtype=np.float64)


def _loss_rows(competitors: Sequence[Competitor], results: Results) -> Iterator[Row]:
    roles = {each.label: each.role for each in competitors}
    for (label, _), found in results.items():
        for step in range(len(found.evaluation.full)):
            yield row_of("compare", roles[label], label, found.evaluation, step)


def _gap_rows(
    request: Comparison,
    competitors: Sequence[Competitor],
    gaps: Mapping[tuple[str, int], tuple[Difference, ...]],
) -> Iterator[Row]:
    roles = {each.label: each.role for each in competitors}
    for (label, shots), gap in gaps.items():
        named = f"{label} − {request.reference}"
        for step, one in enumerate(gap):
            yield Row(
                *("difference", roles[label], named, shots, step, None),
                *(one.mean, one.ci95, one.lost, ""),
            )


def _protocol(
    request: Comparison, competitors: Sequence[Competitor], results: Results
) -> Iterator[str]:
    yield (
        f"{request.tasks:,} fresh tasks for each K, the same for all, seed {request.seed}: "
        f"{request.family.text()}."
    )
    yield (
        f"Error: mean squared difference to the true function on {GRID_POINTS} evenly spaced x, "
        "after gradient steps on the K support points. Lines: mean over all tasks; bands and ±: "
        f"{INTERVALS}. Dotted: median. Circles: mean of the kept, where tasks are lost."
    )
    yield _step_sizes(request, competitors, results)
    scaled = [each.label for each in competitors if getattr(each.start, "scale", None) is not None]
    if scaled:
        yield f"{_listed(scaled)}: α times the step size of each parameter's own."
    yield from _other_training(request, competitors)
    if request.reference is not None and len(competitors) > 1:
        yield (
            f"Differences: error less that of {request.reference} on the same task, below 0 is "
            "better; a task counts as predicting zero for whoever has lost it. Where there is no "
            "difference, about one of twenty is still called more than chance."
        )
    if any(each.role not in CLOSED_FORMS for each in competitors):
        yield (
            "Shares of the way are of mean errors on all these tasks: 0 % is the best single "
            "function, 100 % the ideal learner, or zero error where that is not known."
        )
    yield from _lost(request, results)


def _step_sizes(request: Comparison, competitors: Sequence[Competitor], results: Results) -> str:
    if not isinstance(request.alpha, str):
        return f"Step size: α = {request.alpha:g}."
    adapting = [each for each in competitors if each.role not in CLOSED_FORMS]
    if request.alpha == "own" or not request.steps:
        each_own = [f"{one.label} {one.own_alpha:.3g}" for one in adapting]
        return f"Step size α: that of each learner's training ({', '.join(each_own)})."
    chosen = []
    for each in adapting:
        tried = tuning_alphas(each.own_alpha)
        found = [results[each.label, k].alpha for k in request.shots if (each.label, k) in results]
        alphas = [f"{a:.3g}" + ("*" if a in {tried[0], tried[-1]} else "") for a in found]
        chosen.append(f"{each.label} {', '.join(alphas) or '…'}")
    ends = "; * at the end of what was tried" if any("*" in one for one in chosen) else ""
    return (
        f"Step size α: the best after step {request.steps} on {TUNING_TASKS} other tasks (seed "
        f"{request.tuning_seed}), among 1/{2**TUNING_HALVINGS} to {2**TUNING_HALVINGS} times that "
        "of training, each twice the "
        f"one before. For K = {', '.join(map(str, request.shots))}: {'; '.join(chosen)}{ends}."
    )


def _other_training(request: Comparison, competitors: Sequence[Competitor]) -> Iterator[str]:
    for each in competitors:
        if each.settings is not None and each.role not in CLOSED_FORMS:
            other = each.settings.family.difference(request.family)
            if other:
                yield f"{each.label} was trained on other tasks than these: {other}."
    knowing = [each.label for each in competitors if each.role in {"single", "ideal"}]
    if knowing:
        verb = "knows" if len(knowing) == 1 else "know"
        yield f"{_listed(knowing)} {verb} these ranges, whatever the others were trained on."


def _lost(request: Comparison, results: Results) -> Iterator[str]:
    lost = [
        f"{label} {lost_text(found.evaluation, -1)} at K = {shots}"
        for (label, shots), found in results.items()
        if found.evaluation.lost[-1]
    ]
    if lost:
        yield COUNTED
        yield f"Tasks lost by step {request.steps}: {', '.join(lost)}."
    elif results:
        yield "No task is lost."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
