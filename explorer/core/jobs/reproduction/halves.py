"""What a network knows of the half of a sine on which it was given no point.

The paper (section 5.1): "when all of the K datapoints are in one half of the input range, the
model trained with MAML can still infer the amplitude and phase in the other half".
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from explorer.core.adaptation.starting_point import Start
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import Evaluation, squared_errors, summarise
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.task_errors import TaskErrors
from explorer.core.families.sampling import sample_evenly
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.tasks import evaluation_seconds


class Halves(NamedTuple):
    """Errors on the half of the inputs with the points, and on the other one."""

    seen: Evaluation
    unseen: Evaluation


def lower_half(x: Range) -> Range:
    """The half that the points lie in."""
    return Range(x.low, x.at(0.5))


def evaluate_by_half(
    meter: Meter,
    start: Start,
    plan: Plan,
    shots: int,
    steps: int,
    alpha: float,
    label: str,
) -> Job[Halves]:
    """Adapt to points on the lower half of the inputs, on the plan's number of tasks.

    Tasks and points depend on the plan's seed and on K alone.
    """
    family, tasks = plan.family, plan.amount.tasks
    drawn = sample_evenly(
        replace(family, x=lower_half(family.x)),
        tasks,
        shots,
        stream(plan.seed, f"halves/{shots}"),
        stream(plan.seed, f"halves noise/{shots}"),
    )
    inputs = family.grid(GRID_POINTS)
    below = inputs < family.x.at(0.5)
    seen, unseen, done = [], [], 0
    meter.begin(evaluation_seconds(plan, steps), f"measuring {label} by half at K = {shots}")
    for squares in squared_errors(start, family, drawn, inputs, steps=steps, alpha=alpha):
        seen.append(squares.over(below))
        unseen.append(squares.over(~below))
        done += seen[-1].tasks
        yield meter.at(done / tasks)
    return Halves(*(summarise(TaskErrors.joined(half), shots) for half in (seen, unseen)))
