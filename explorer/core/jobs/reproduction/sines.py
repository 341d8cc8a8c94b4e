"""One network on one sine: Figure 2, and further sines as in Figure 7 of the appendix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from explorer.core.adaptation.trajectory import Trajectory, trajectory_of
from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.families.sine import sine
from explorer.core.figures.figure import Curve, Figure, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.halves import Halves, evaluate_by_half, lower_half
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.protocol import (
    seconds_protocol,
    training_protocol,
    tuning_protocol,
)
from explorer.core.jobs.reproduction.steps import FEW_STEPS
from explorer.core.jobs.reproduction.store import Kept, plain, trained
from explorer.core.jobs.reproduction.tasks import (
    evaluation_seconds,
    tune_on_plan,
    tuning_seconds,
)
from explorer.core.jobs.rows import INTERVALS, row_of
from explorer.core.learners import LEARNERS, MAML, PRETRAINED

DRAWN_POINTS = 201
SHOTS = (5, 10)
LEARNERS_SHOWN = (MAML.name, PRETRAINED.name)
SHOWN = {0: "pre-update", 1: "1 gradient step", 10: "10 gradient steps"}
# The line styles of the paper's figures.
STYLES = {0: ((1, 2), 0.55), 1: ((1, 2), 1.0), 10: ((4, 2), 1.0)}
FURTHER = 3
TALLEST = 1.6  # amplitudes that a panel shows at most: what goes astray does not flatten the rest


@dataclass(frozen=True)
class Drawn:
    """A sine and the inputs of its points.

    Attributes:
        amplitude: A.
        phase: φ, radians.
        x: inputs of the support points, as many as the largest K; a smaller K takes the first.
        half: whether all of them lie in the lower half of the inputs.
    """

    amplitude: float
    phase: float
    x: tuple[float, ...]
    half: bool


def drawn(plan: Plan, purpose: str, half: bool) -> Drawn:
    """A sine of the task distribution with points on it."""
    family, generator = plan.family, stream(plan.seed, f"reproduction/{purpose}")
    a, phi, *us = torch.rand(2 + max(SHOTS), generator=generator, dtype=torch.float64).tolist()
    bounds = lower_half(family.x) if half else family.x
    return Drawn(family.amplitude.at(a), family.phase.at(phi), tuple(map(bounds.at, us)), half)


@dataclass(frozen=True)
class SinesFigure:
    """A figure of single sines.

    Attributes:
        item: its name.
        title: what stands above it.
        sines: one row of panels each.
        by_half: whether many tasks are to tell how well the half without points is known.
    """

    item: str
    title: str
    sines: tuple[Drawn, ...]
    by_half: bool = False


class Fit(NamedTuple):
    """A network at K = `shots`: how it adapts to each sine, and what it knows of halves."""

    learner: str
    shots: int
    alpha: float
    trajectories: tuple[Trajectory, ...]
    halves: Halves | None


COLUMNS = [(learner, shots) for learner in LEARNERS_SHOWN for shots in SHOTS]


def fig2(plan: Plan) -> Job[Figure]:
    """Figure 2: one sine, with points everywhere and with points on one half only."""
    sines = tuple(drawn(plan, "fig2", half) for half in (False, True))
    title = "Figure 2: adaptation to one sine"
    return (yield from _make(plan, SinesFigure("fig2", title, sines, by_half=True)))


def fig6(plan: Plan) -> Job[Figure]:
    """Further sines, as in the appendix."""
    sines = tuple(drawn(plan, f"fig6/{i}", half=i == FURTHER - 1) for i in range(FURTHER))
    title = "Figure 7: adaptation to further sines"
    return (yield from _make(plan, SinesFigure("fig6", title, sines)))


def _make(plan: Plan, asked: SinesFigure) -> Job[Figure]:
    trainings = {learner: plain(plan, learner) for learner in LEARNERS_SHOWN}
    waiting = {name: each.seconds_left(plan.store) for name, each in trainings.items()}
    tuning, measuring = tuning_seconds(plan, FEW_STEPS), evaluation_seconds(plan, max(SHOWN))
    total = sum(waiting.values()) + len(SHOTS) * tuning
    total += len(COLUMNS) * measuring * asked.by_half
    runs: dict[str, Kept] = {}
    fits: list[Fit] = []
    figure = _figure(plan, asked, runs, fits)
    meter = Meter(total, figure)
    for learner, training in trainings.items():
        kept = runs[learner] = yield from trained(meter, waiting[learner], training, plan.store)
        label = LEARNERS[learner].label
        for shots in SHOTS:
            alpha, halves = plan.settings.alpha, None
            if learner == PRETRAINED.name:
                alpha = yield from tune_on_plan(meter, kept.start, plan, shots, FEW_STEPS, label)
            if asked.by_half:
                halves = yield from evaluate_by_half(
                    meter, kept.start, plan, shots, max(SHOWN), alpha, label
                )
            trajectories = tuple(_walk(plan, kept, task, shots, alpha) for task in asked.sines)
            fits.append(Fit(learner, shots, alpha, trajectories, halves))
            meter.figure = figure = _figure(plan, asked, runs, fits)
            yield meter.at(1.0)
    meter.figure = figure = replace(figure, complete=True)
    yield meter.end()
    return figure


def _walk(plan: Plan, kept: Kept, task: Drawn, shots: int, alpha: float) -> Trajectory:
    inputs = plan.family.grid(DRAWN_POINTS)
    a, phi = torch.tensor(task.amplitude), torch.tensor(task.phase)
    x = torch.tensor(task.x[:shots]).view(1, -1, 1)
    return trajectory_of(
        *(kept.start, x, sine(x, a, phi), inputs, sine(inputs, a, phi)),
        alpha=alpha,
        steps=max(SHOWN),
    )


def _figure(plan: Plan, asked: SinesFigure, runs: dict[str, Kept], fits: Sequence[Fit]) -> Figure:
    by_column = {(fit.learner, fit.shots): fit for fit in fits}
    limits = [
        _limit(task, [fit.trajectories[i] for fit in fits]) for i, task in enumerate(asked.sines)
    ]
    return Figure(
        asked.item,
        asked.title,
        tuple(
            _panel(plan, asked, i, column, by_column.get(column), limit)
            for i, limit in enumerate(limits)
            for column in COLUMNS
        ),
        len(COLUMNS),
        tuple(row for fit in fits for row in _rows(asked, fit)),
        _protocol(plan, asked, runs, fits),
        tuple(_notes(by_column)),
        provenance(plan.seed, plan.command(asked.item)),
    )


def _limit(task: Drawn, trajectories: Sequence[Trajectory]) -> float:
    """Largest |y| that the panels of a sine show."""
    heights = [
        np.abs(trajectory.prediction[step]).max() for trajectory in trajectories for step in SHOWN
    ]
    reach = 1.08 * max([task.amplitude, *(h for h in heights if math.isfinite(h))])
    return float(min(reach, TALLEST * max(task.amplitude, 2.0)))


def _panel(
    plan: Plan,
    asked: SinesFigure,
    number: int,
    column: tuple[str, int],
    fit: Fit | None,
    limit: float,
) -> Panel:
    task, (learner, shots) = asked.sines[number], column
    inputs = plan.family.grid(DRAWN_POINTS).double().numpy()
    points = np.array(task.x[:shots])
    truth = task.amplitude * np.sin(inputs - task.phase)
    curves = [Curve("truth", "ground truth", inputs, truth)]
    used = task.amplitude * np.sin(points - task.phase)
    curves.append(Curve("points", "used for grad", points, used, markers=True))
    title = f"{LEARNERS[learner].label}, K = {shots}"
    if fit is not None:
        title += f", step size {fit.alpha:g}"
        for step, label in SHOWN.items():
            dashes, opacity = STYLES[step]
            y = fit.trajectories[number].prediction[step]
            curves.append(Curve(learner, label, inputs, y, dashes=dashes, opacity=opacity))
    return Panel(title + ", x < 0" * task.half, "x", "y", tuple(curves), y_range=(-limit, limit))


def _rows(asked: SinesFigure, fit: Fit) -> Iterator[Row]:
    label = LEARNERS[fit.learner].label
    for i, (task, trajectory) in enumerate(
        zip(asked.sines, fit.trajectories, strict=True), start=1
    ):
        name = f"{label}, sine {i}{', x < 0' * task.half}"
        for step in SHOWN:
            error = float(trajectory.mse[step])
            lost = int(trajectory.divergence is not None and step >= trajectory.divergence.step)
            yield Row(
                asked.item, fit.learner, name, fit.shots, step, None, error, math.nan, lost, ""
            )
    for name, found in zip(("with points", "without"), fit.halves or (), strict=False):
        for step in SHOWN:
            yield row_of(asked.item, fit.learner, f"{label}, half {name}", found, step)


def _protocol(
    plan: Plan, asked: SinesFigure, runs: dict[str, Kept], fits: Sequence[Fit]
) -> tuple[str, ...]:
    sizes = ", ".join(
        f"{fit.alpha:g} at K = {fit.shots}" for fit in fits if fit.learner == PRETRAINED.name
    )
    lines = [
        training_protocol(plan),
        f"Sines and points are drawn at random from seed {plan.seed}, not chosen; K = 5 uses the "
        "first five points of K = 10. Where x < 0 is said, all points lie there.",
        f"MAML: step size {plan.settings.alpha:g}, as in training.",
    ]
    if sizes:
        lines.append(f"Pretrained: step size {sizes}, {tuning_protocol(plan, FEW_STEPS)}.")
    if asked.by_half:
        lines.append(
            f"Errors by half: {plan.amount.tasks} tasks spread evenly over A, φ and x < 0, mean "
            f"squared error on {GRID_POINTS // 2} evenly spaced x of each half, {INTERVALS}."
        )
    return (*lines, *seconds_protocol({name: [kept] for name, kept in runs.items()}))


def _notes(by_column: dict[tuple[str, int], Fit]) -> Iterator[str]:
    """The paper's claim about points on one half of the input, in numbers."""
    last = max(SHOWN)
    for shots in SHOTS:
        both = [by_column.get((name, shots)) for name in LEARNERS_SHOWN]
        maml, other = (fit.halves if fit else None for fit in both)
        if maml is None or other is None:
            continue
        yield (
            f"K = {shots}, points with x < 0 only: after {last} steps the error on the other half "
            f"is {maml.unseen.full[last]:.2f} for MAML and {other.unseen.full[last]:.2f} for the "
            f"pretrained network ({maml.unseen.full[0]:.2f} and {other.unseen.full[0]:.2f} before)."
        )
