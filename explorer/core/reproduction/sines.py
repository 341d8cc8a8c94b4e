"""One network on one sine: Figure 2, and further sines as in Figures 6 and 7."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from explorer.core.figure import Curve, Figure, JobProgress, Panel, Row
from explorer.core.lazy_torch import torch
from explorer.core.learners import LEARNERS, MAML, PRETRAINED
from explorer.core.reproduction.measuring import part, provenance, training_protocol, tuned
from explorer.core.reproduction.plan import Plan
from explorer.core.reproduction.steps import FEW_STEPS, train_all
from explorer.core.schema import Range
from explorer.core.streams import stream
from explorer.core.tasks import grid, sine
from explorer.core.trail import Trail, walk
from explorer.core.training import Run

GRID_POINTS = 201
SHOTS = (5, 10)
LEARNERS_SHOWN = (MAML.name, PRETRAINED.name)
SHOWN = {0: "pre-update", 1: "1 gradient step", 10: "10 gradient steps"}
# The line styles of the paper's figures.
STYLES = {0: ((1, 2), 0.55), 1: ((1, 2), 1.0), 10: ((4, 2), 1.0)}
FURTHER = 3


@dataclass(frozen=True)
class Sine:
    """A task and the inputs of its points.

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


def drawn(plan: Plan, purpose: str, half: bool) -> Sine:
    """A sine of the task distribution with points on it."""
    settings, generator = plan.settings, stream(plan.seed, f"reproduction/{purpose}")
    a, phi, *us = torch.rand(2 + max(SHOTS), generator=generator, dtype=torch.float64).tolist()
    bounds = Range(settings.x.low, settings.x.at(0.5)) if half else settings.x
    return Sine(settings.amplitude.at(a), settings.phase.at(phi), tuple(map(bounds.at, us)), half)


def fig2(plan: Plan) -> Iterator[JobProgress]:
    """Figure 2: one sine, with points everywhere and with points on one half only."""
    sines = [drawn(plan, "fig2", half) for half in (False, True)]
    yield from _answer(plan, "fig2", "Figure 2: adaptation to one sine", sines)


def fig6(plan: Plan) -> Iterator[JobProgress]:
    """Further sines, as in Figures 6 and 7."""
    sines = [drawn(plan, f"fig6/{i}", half=i == FURTHER - 1) for i in range(FURTHER)]
    yield from _answer(plan, "fig6", "Figures 6 and 7: further sines", sines)


def _answer(plan: Plan, item: str, title: str, sines: list[Sine]) -> Iterator[JobProgress]:
    runs = yield from train_all(plan, LEARNERS_SHOWN, 0.9, None)
    alphas = {(MAML.name, shots): plan.settings.alpha for shots in SHOTS}
    for i, shots in enumerate(SHOTS):
        start = runs[PRETRAINED.name].starting_point(PRETRAINED.name)
        work = tuned(start, plan, shots, FEW_STEPS, PRETRAINED.label)
        begin = 0.9 + 0.04 * i
        alphas[PRETRAINED.name, shots] = yield from part(work, begin, begin + 0.04, None)
    panels: list[Panel] = []
    rows: list[Row] = []
    for task in sines:
        for (learner, shots), alpha in sorted(alphas.items()):
            trail = _walk(plan, runs[learner], learner, task, shots, alpha)
            panels.append(_panel(plan, task, learner, shots, alpha, trail))
            rows += _rows(plan, item, task, learner, shots, trail)
    figure = Figure(
        item,
        title,
        tuple(panels),
        len(alphas),
        tuple(rows),
        _protocol(plan, alphas, runs),
        tuple(_notes(rows)),
        provenance(plan, item),
    )
    yield JobProgress(1.0, "done", replace(figure, complete=True))


def _walk(plan: Plan, run: Run, learner: str, task: Sine, shots: int, alpha: float) -> Trail:
    inputs = grid(plan.settings.x, GRID_POINTS)
    a, phi = torch.tensor(task.amplitude), torch.tensor(task.phase)
    x = torch.tensor(task.x[:shots]).view(1, -1, 1)
    return walk(
        *(run.starting_point(learner), x, sine(x, a, phi), inputs, sine(inputs, a, phi)),
        alpha=alpha,
        steps=max(SHOWN),
    )


def _panel(plan: Plan, task: Sine, learner: str, shots: int, alpha: float, trail: Trail) -> Panel:
    inputs = grid(plan.settings.x, GRID_POINTS).double().numpy()
    points = np.array(task.x[:shots])
    curves = [
        Curve(
            learner, label, inputs, trail.prediction[step], dashes=STYLES[step][0],
            opacity=STYLES[step][1],
        )
        for step, label in SHOWN.items()
    ]  # fmt: skip
    truth = Curve("truth", "ground truth", inputs, task.amplitude * np.sin(inputs - task.phase))
    used = Curve(
        "points", "used for grad", points, task.amplitude * np.sin(points - task.phase),
        markers=True,
    )  # fmt: skip
    limit = 1.15 * max(task.amplitude, 1.0)
    where = ", x < 0" if task.half else ""
    return Panel(
        f"{LEARNERS[learner].label}, K = {shots}, step size {alpha:g}{where}",
        "x",
        "y",
        (truth, used, *curves),
        y_range=(-limit, limit),
    )


def _rows(
    plan: Plan, item: str, task: Sine, learner: str, shots: int, trail: Trail
) -> Iterator[Row]:
    inputs = grid(plan.settings.x, GRID_POINTS).double().numpy()
    truth = task.amplitude * np.sin(inputs - task.phase)
    middle = plan.settings.x.at(0.5)
    parts = {"": np.ones_like(inputs, bool)}
    if task.half:
        parts = {", half with points": inputs < middle, ", other half": inputs >= middle}
    for name, where in parts.items():
        for step in SHOWN:
            error = float(np.square(trail.prediction[step] - truth)[where].mean())
            label = f"{LEARNERS[learner].label}{name}"
            yield Row(item, learner, label, shots, step, None, error, math.nan, 0, "")


def _protocol(
    plan: Plan, alphas: Mapping[tuple[str, int], float], runs: Mapping[str, Run]
) -> tuple[str, ...]:
    sizes = ", ".join(f"{alphas[PRETRAINED.name, shots]:g} at K = {shots}" for shots in SHOTS)
    seconds = ", ".join(
        f"{LEARNERS[name].label} {run.learners[name].seconds:.0f} s" for name, run in runs.items()
    )
    return (
        training_protocol(plan),
        f"Sines and points are drawn at random from seed {plan.seed}, not chosen; K = 5 uses the "
        "first five points of K = 10. Numbers are mean squared errors on these single sines.",
        f"MAML: step size {plan.settings.alpha:g}, as in training. Pretrained: {sizes}, the best "
        f"after {FEW_STEPS} steps on {plan.amount.validation_tasks} other tasks.",
        f"Training took: {seconds}.",
    )


def _notes(rows: list[Row]) -> Iterator[str]:
    """The paper's claim about points on one half of the input, in numbers."""
    last = max(SHOWN)
    unseen = {
        (row.learner, row.shots): row.ours
        for row in rows
        if row.label.endswith("other half") and row.steps == last
    }
    for shots in SHOTS:
        maml, other = (unseen.get((name, shots)) for name in LEARNERS_SHOWN)
        if maml is not None and other is not None:
            yield (
                f"K = {shots}, points with x < 0 only: on the other half MAML ends at {maml:.2f}, "
                f"the pretrained network at {other:.2f}."
            )
