"""How many query points: the noise of the meta-gradient, and trainings that are finished."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from explorer.core.base.errors import UserError
from explorer.core.base.texts import plain_loss_text
from explorer.core.figures.figure import Curve, Panel
from explorer.core.insight.finished_trainings import Finished, FinishedTrainings
from explorer.core.insight.gradient_noise import QueryNoise, query_noise
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import Instrument, Reading, array
from explorer.core.instruments.training_origin import Origin, origin_of
from explorer.core.learners import LEARNERS, MAML

SAMPLED = 128  # tasks: some 50 ms with the paper's settings
KEPT = 2  # while a point is dragged the network stays the same
SHOWN_STEPS = (1, 10)
PER_TASK = "query points"


def read(scene: Scene, _choice: None) -> Reading:
    """The noise at the chosen learner's network, and the table."""
    finished = scene.finished()
    panels = () if finished is None else tuple(_trained(finished, n) for n in SHOWN_STEPS)
    remarks = () if finished is None else _table_says(finished)
    origin = origin_of(scene)
    if isinstance(origin, str):
        return Reading(origin, panels, remarks)
    try:
        found = _noise(origin)
    except UserError as error:
        return Reading(str(error), panels, remarks)
    member = origin.member
    return Reading(
        _said(member, found), (_picture(member, found), *panels), (_sampled(found), *remarks)
    )


@lru_cache(KEPT)
def _noise(origin: Origin) -> QueryNoise:
    run, role = origin.run(), origin.role
    return query_noise(LEARNERS[role], run.settings, run.learners[role].meta, sampled=SAMPLED)


def _said(member: Member, found: QueryNoise) -> str:
    fit, at = found.fit, dict(zip(found.counts, found.noise, strict=True))
    one, ten, most = at[1], at[10], at[max(at)]
    text = (
        f"At the network of {member.label} the noise of {found.tasks} tasks’ meta-gradient is "
        f"{one:.3g} with 1 query point for each, {ten:.3g} with 10 and {most:.3g} with {max(at)}"
    )
    if fit.tasks > 0 and fit.points > 0:
        text += f": about {fit.tasks:.2g} + {fit.points:.2g}/Q"
        if 1 <= fit.even <= max(at):
            text += f", so beyond {fit.even:.0f} points the tasks are most of it"
    return f"{text}."


def _sampled(found: QueryNoise) -> str:
    signal = max(found.signal, 0.0)
    return (
        f"Squared lengths, estimated from {SAMPLED} tasks drawn for it and so good to a fifth or "
        f"so; the gradient itself has about {signal:.2g}. With the support points again the noise "
        f"is {found.support_again:.3g}, and the gradient another one: of the loss on points seen."
    )


def _picture(member: Member, found: QueryNoise) -> Panel:
    counts = array(found.counts)
    fine = np.geomspace(counts.min(), counts.max(), 60)
    curves = [
        Curve(member.role, "a + b/Q", fine, found.fit.tasks + found.fit.points / fine),
        Curve(member.role, "noise found", counts, array(found.noise), markers=True),
        _level("tasks alone, a", found.fit.tasks, counts.max()),
        _level("noise with support points again", found.support_again, counts.max(), (1.0, 2.0)),
    ]
    title = f"Noise of {found.tasks} tasks’ meta-gradient"
    return Panel(title, f"{PER_TASK} Q", "squared length", tuple(curves))


def _level(
    label: str, height: float, width: float, dashes: tuple[float, ...] = (4.0, 3.0)
) -> Curve:
    return Curve("limits", label, array([1.0, width]), array([height] * 2), dashes=dashes)


def _trained(finished: FinishedTrainings, steps: int) -> Panel:
    """Means of the seeds with a band from the best to the worst, by places along x."""
    fresh, again = finished.after(steps)
    places = np.arange(float(len(fresh)))
    mean, low, high = (array(each) for each in zip(*(row[2:5] for row in fresh), strict=True))
    curves = [Curve(MAML.name, "fresh query points", places, mean, low, high)]
    if again is not None:
        both = np.array([0.0, float(len(fresh) - 1)])
        at, least, most = (np.full(2, value) for value in (again.mean, again.low, again.high))
        label, dashes = "support points again", (6.0, 3.0)
        curves.append(Curve(MAML.name, label, both, at, least, most, dashes))
    after = f"after {steps} {'step' if steps == 1 else 'steps'}"
    return Panel(
        f"MAML trained with them, {after}", f"{PER_TASK} in training", "mean squared error",
        tuple(curves), names=tuple(str(row.query) for row in fresh),
    )  # fmt: skip


def _table_says(finished: FinishedTrainings) -> tuple[str, ...]:
    seeds = "1 seed" if finished.seeds == 1 else f"{finished.seeds} seeds"
    texts = []
    for steps in SHOWN_STEPS:
        fresh, again = finished.after(steps)
        shown = [fresh[0], fresh[-1], *([again] if again is not None else [])]
        named = ", ".join(f"{_named(row)} {_range(row)}" for row in shown)
        texts.append(f"after {steps} {'step' if steps == 1 else 'steps'} {named}")
    return (
        f"Finished trainings of MAML, {finished.iterations:,} meta-iterations from {seeds}, mean "
        f"squared error on {finished.tasks:,} tasks (and range of the seeds): {'; '.join(texts)}.",
    )


def _named(row: Finished) -> str:
    if row.query is None:
        return "the support points again"
    return f"{row.query} {'point' if row.query == 1 else 'points'}"


def _range(row: Finished) -> str:
    low, high = plain_loss_text(row.low), plain_loss_text(row.high)
    gone = f", {row.lost:,} lost" if row.lost else ""
    return f"{plain_loss_text(row.mean)} ({low} to {high}{gone})"


QUERY_POINTS = Instrument(
    "query-points",
    "How many query points?",
    (
        "The meta-gradient is a mean over tasks, and on each task over Q query points. Its noise "
        "is E‖ḡ − g‖², estimated by Σ‖g_t − ḡ‖²/(T(T − 1)); by the law of total variance it is "
        "a + b/Q: a of the tasks and their support points, b/Q of the query points.",
        "Beside it: MAML trained to the end with so many query points, and with the support "
        "points again. The Evaluation tab makes the same table with other seeds.",
    ),
    read,
    columns=3,
)
