"""Error against the number of query points that MAML was trained with, as a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from explorer.core.base.texts import plain_loss_text
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.figures.figure import Curve, Figure, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.between_seeds import deviation, mean_ci95
from explorer.core.jobs.query_points_request import (
    AGAIN,
    FRESH,
    JUDGED,
    SHOWN_STEPS,
    Found,
    Judged,
    QueryPoints,
)
from explorer.core.jobs.rows import lost_text, row_of
from explorer.core.learners import MAML

AGAIN_DASHES = (6.0, 3.0)


class Spread(NamedTuple):
    """One number from several trainings that differ in their seeds alone.

    Attributes:
        values: one for each seed.
        diverged: tasks that diverged, of all seeds together.
        astray: further tasks that are lost.
    """

    values: tuple[float, ...]
    diverged: int
    astray: int = 0

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def sd(self) -> float:
        """Standard deviation between seeds; NaN of one."""
        return deviation(self.values)

    @property
    def ci95(self) -> float:
        """Half-width of the 95 % interval of the mean over all seeds that there could be."""
        return mean_ci95(self.values)

    def text(self) -> str:
        """The mean, and from where to where the seeds reach."""
        low, high = plain_loss_text(min(self.values)), plain_loss_text(max(self.values))
        mean = plain_loss_text(self.mean)
        return f"{mean} ({low} to {high})" if len(self.values) > 1 else mean


def spread_of(request: QueryPoints, found: Found, judged: Judged, step: int) -> Spread | None:
    """The error after a step, from every seed found so far; None before the first."""
    results = [found[judged, s] for s in request.all_seeds if (judged, s) in found]
    if not results:
        return None
    return Spread(
        tuple(result.full[step] for result in results),
        sum(result.diverged[step] for result in results),
        sum(result.astray[step] for result in results),
    )


def figure_of(request: QueryPoints, found: Found, command: str = "") -> Figure:
    """What is known so far, drawn.

    Args:
        request: what was asked for.
        found: the trainings measured so far.
        command: the command that asks for the same; may be empty.
    """
    return Figure(
        "query-points",
        "How many query points does MAML need?",
        tuple(_panel(request, found, step) for step in SHOWN_STEPS),
        len(SHOWN_STEPS),
        tuple(_rows(request, found)),
        tuple(_protocol(request)),
        tuple(_notes(request, found)),
        provenance(request.seed, command),
        len(found) == len(JUDGED) * request.seeds,
    )


def _panel(request: QueryPoints, found: Found, step: int) -> Panel:
    fresh = [(each.points or 0, spread_of(request, found, each, step)) for each in FRESH]
    known = [(float(count), spread) for count, spread in fresh if spread is not None]
    curves = []
    if known:
        x = [count for count, _ in known]
        curves.append(_line("fresh query points, mean of the seeds", x, [s for _, s in known]))
        singles = [(count, value) for count, spread in known for value in spread.values]
        places, values = np.array(singles).T
        curves.append(Curve(MAML.name, "", places, values, markers=True, hollow=True))
    again = spread_of(request, found, AGAIN, step)
    if again is not None:
        x = [float(each.points or 0) for each in (FRESH[0], FRESH[-1])]
        curves.append(_line(AGAIN.label, x, [again, again], AGAIN_DASHES))
    return Panel(
        f"After {step} {'step' if step == 1 else 'steps'}",
        "query points in training",
        "mean squared error",
        tuple(curves),
    )


def _line(
    label: str,
    x: Sequence[float],
    spreads: Sequence[Spread],
    dashes: tuple[float, ...] | None = None,
) -> Curve:
    """Means with a band from the lowest to the highest seed."""
    means = np.array([spread.mean for spread in spreads])
    low = np.array([min(spread.values) for spread in spreads])
    high = np.array([max(spread.values) for spread in spreads])
    return Curve(MAML.name, label, np.array(x), means, low, high, dashes)


def _rows(request: QueryPoints, found: Found) -> Iterator[Row]:
    shots = request.settings.shots
    for step in SHOWN_STEPS:
        for judged in JUDGED:
            spread = spread_of(request, found, judged, step)
            if spread is None:
                continue
            count = len(spread.values)
            label = f"{judged.label}, mean of {count} {'seed' if count == 1 else 'seeds'}"
            numbers = spread.mean, spread.ci95, spread.diverged
            plain = Row("query-points", MAML.name, label, shots, step, None, *numbers, "")
            yield replace(plain, astray=spread.astray)
    for (judged, seed), one in found.items():
        for step in SHOWN_STEPS:
            label = f"{judged.label}, seed {seed}"
            yield row_of("query-points", MAML.name, label, one, step)


def _protocol(request: QueryPoints) -> Iterator[str]:
    s, seeds = request.settings, request.all_seeds
    named = (
        f"seed {seeds[0]}" if len(seeds) == 1 else f"each of the seeds {seeds[0]} to {seeds[-1]}"
    )
    yield (
        f"MAML trained from {named}: {s.iterations:,} meta-iterations of {s.meta_batch} tasks, "
        f"K = {s.shots} support points, α = {s.alpha:g}, Adam with β = {s.beta:g}; the adapted "
        "network is judged on so many fresh query points, or on the support points again."
    )
    yield (
        f"Measured on {request.tasks:,} held-out tasks, the same for all, seed {request.seed}: "
        f"mean squared error on {GRID_POINTS} evenly spaced x after gradient steps on K = "
        f"{s.shots} points; the mean over all tasks, a lost one counting with what predicting "
        "zero costs on it."
    )
    yield (
        "Bands reach from the lowest seed to the highest; ± of a mean of seeds is the 95 % "
        "interval over training seeds (Student's t), that of a single seed over tasks."
    )


def _notes(request: QueryPoints, found: Found) -> Iterator[str]:
    for step in SHOWN_STEPS:
        parts = [
            f"{judged.label} {spread.text()}"
            for judged in JUDGED
            if (spread := spread_of(request, found, judged, step)) is not None
        ]
        if parts:
            after = f"After {step} {'step' if step == 1 else 'steps'}"
            what = "" if request.seeds == 1 else ", mean (and range) of the seeds"
            yield f"{after}{what}: {', '.join(parts)}."
    yield from _lost(request, found)


def _lost(request: QueryPoints, found: Found) -> Iterator[str]:
    """Where means have tasks as predicting zero."""
    last = SHOWN_STEPS[-1]
    lost = [
        f"{lost_text(one, last)} with {judged.label} and seed {seed}"
        for (judged, seed), one in found.items()
        if one.lost[last]
    ]
    if lost:
        listed = ", ".join(lost)
        yield f"Of {request.tasks:,} tasks are lost within {last} steps: {listed}."
