"""The answers to what teachers ask: each one sentence with the numbers of the present scene."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from explorer.core.base.errors import UserError
from explorer.core.base.texts import loss_text, number_text, plain_loss_text
from explorer.core.figures.figure import Array
from explorer.core.insight.finished_trainings import Finished, FinishedTrainings
from explorer.core.insight.scene import Scene
from explorer.core.insight.tangent import kernel, strength
from explorer.core.instruments.base import array
from explorer.core.instruments.meta_iteration import next_of
from explorer.core.instruments.training_origin import origin_of
from explorer.core.learners import LEARNERS, MAML, PRETRAINED, RANDOM

META_SGD = "meta-sgd"
NO_TABLE = "There is no table of finished trainings here."
FRESH = (1, 10)
STEPS = (1, 10)


def steps_apart(scene: Scene) -> str:
    """Whether MAML stays ahead of the pretrained network after more steps."""
    mine, other = _errors(scene, MAML.name), _errors(scene, PRETRAINED.name)
    at_first, in_the_end = (bool(mine[step] < other[step]) for step in (1, -1))
    ahead = {
        (True, True): "still ahead",
        (True, False): "no longer ahead",
        (False, True): "ahead by then",
        (False, False): "not ahead",
    }[at_first, in_the_end]
    return (
        f"The premise can be checked: on this task MAML is at {loss_text(mine[1])} after one step, "
        f"pretrained at {loss_text(other[1])}; after {_last(mine)} at {loss_text(mine[-1])} and "
        f"{loss_text(other[-1])}: MAML is {ahead}."
    )


def learned(scene: Scene) -> str:
    """What training changes, counted, and what it does not."""
    starts = {member.role: member.thawed or start for member, start in scene.networks}
    theta = starts[MAML.name].theta.numel()
    own = starts[META_SGD].preconditioner(0)
    assert own is not None
    rates = np.concatenate([array(part).ravel() for part in own]) * scene.settings.effective_alpha
    low, high = (number_text(float(f"{np.percentile(rates, part):.2g}")) for part in (5, 95))
    return (
        f"Learned: the {theta:,} weights of θ. Hard-coded in MAML: the network, α = "
        f"{scene.settings.effective_alpha:g}, the number of steps, the loss. Meta-SGD also learns "
        f"the step size of each weight: from {low} to {high} (5 % to 95 %)."
    )


def shifted(scene: Scene) -> str:
    """Whether the untrained network does better, on this task and as many points."""
    mine, scratch = _errors(scene, MAML.name), _errors(scene, RANDOM)
    better = "MAML is better" if mine[-1] < scratch[-1] else "MAML is worse than from scratch"
    if mine[-1] == scratch[-1]:
        better = "neither is better"
    gone = scene.ways[MAML.name].diverged
    ends = f"is at {loss_text(mine[-1])}" if gone is None else f"has diverged (at step {gone})"
    return (
        f"On this task and {_count(len(scene.support), 'point')}, after {_last(mine)}, MAML "
        f"{ends} and the untrained network at {loss_text(scratch[-1])}: {better} here. Predicting "
        f"zero would cost {loss_text(float(scene.truth.double().square().mean()))}."
    )


def step_size(scene: Scene) -> str:
    """The errors at the sandbox's α, with one step size and with learned ones."""
    mine, rates = _errors(scene, MAML.name), _errors(scene, META_SGD)
    return (
        f"With α = {scene.alpha:g} MAML is at {loss_text(mine[1])} after one step and at "
        f"{loss_text(mine[-1])} after {_last(mine)}; Meta-SGD, which has learned the step size of "
        f"each weight, at {loss_text(rates[1])} and {loss_text(rates[-1])}."
    )


def scratch(scene: Scene) -> str:
    """MAML and the untrained network before and after the same steps."""
    mine, other = _errors(scene, MAML.name), _errors(scene, RANDOM)
    return (
        f"After {_last(mine)} on the same {_count(len(scene.support), 'point')}: MAML "
        f"{loss_text(mine[-1])}, from scratch {loss_text(other[-1])}. Before adaptation: "
        f"{loss_text(mine[0])} and {loss_text(other[0])}."
    )


def after_one_step(scene: Scene, roles: tuple[str, ...]) -> str:
    """The error of each learner."""
    texts = [f"{LEARNERS[role].label} {loss_text(_errors(scene, role)[1])}" for role in roles]
    points = _count(len(scene.support), "point")
    return f"After one step on {points} of this task: {', '.join(texts)}."


def accurate_before(scene: Scene) -> str:
    """No, where a start at least twice as bad as its end ends below the pretrained network's."""
    mine, other = _errors(scene, MAML.name), _errors(scene, PRETRAINED.name)
    shows = mine[1] < other[1] and mine[1] < mine[0] / 2
    text = (
        f"before adaptation MAML’s error is {loss_text(mine[0])} and the pretrained network’s "
        f"{loss_text(other[0])}; after one step {loss_text(mine[1])} and {loss_text(other[1])}."
    )
    return f"No: {text}" if shows else f"On this task it does not show: {text}"


def same_as_pretraining(scene: Scene) -> str:
    """How far apart both begin, and what one step can do to each."""
    grid = scene.grid[::2].view(1, -1, 1)
    strengths = {
        member.role: float(
            strength(kernel(member.thawed or start, grid, task=scene.task_row), scene.alpha)[0]
        )
        for member, start in scene.networks
        if member.role in {MAML.name, PRETRAINED.name}
    }
    mine, other = strengths[MAML.name], strengths[PRETRAINED.name]
    one, two = (scene.ways[role].prediction[0].double() for role in (MAML.name, PRETRAINED.name))
    apart = float((one - two).square().mean())
    truth = float((one - scene.truth.double()).square().mean())
    return (
        f"Before adaptation the mean square between their curves is {loss_text(apart)}, between "
        f"MAML’s and the task {loss_text(truth)}. But what a residual does to its curve in one "
        f"step, 2α·k(x, x), is {mine:.2f} for MAML and {other:.2f} for the pretrained network, "
        f"{mine / other:.1f} times."
    )


def through_steps(scene: Scene) -> str:
    """The two parts of the meta-gradient of MAML's next batch."""
    origin = origin_of(replace(scene, focus=MAML.name))
    if isinstance(origin, str):
        return origin
    try:
        found, settings = next_of(origin, 0)
    except UserError as error:
        return str(error)
    triangle = found.tasks.triangle
    first, hessian, full, _ = triangle
    angle = "" if math.isnan(triangle.angle) else f", at {triangle.angle:.0f}° to the first"
    tasks, steps = len(found.batch.task), _count(settings.inner_steps, "inner step")
    return (
        f"On the next {_count(tasks, 'task')} of MAML’s training, through {steps}: the first-order "
        f"part is {first:.3g} long, what the Hessians add {hessian:.3g}, their sum {full:.3g}"
        f"{angle}. Another batch has other lengths."
    )


def fresh_points(scene: Scene) -> str:
    """What trainings to the end gave with fresh query points and with the support points again."""
    finished = scene.finished()
    if finished is None:
        return NO_TABLE
    rows = {steps: _rows(finished, steps) for steps in STEPS}
    errors = [f"after {_count(steps, 'step')} {_listed(rows[steps])}" for steps in STEPS]
    text = (
        f"MAML’s error after {finished.iterations:,} meta-iterations, mean of "
        f"{_count(finished.seeds, 'seed')}: {'; '.join(errors)}."
    )
    lost = sum(row.lost for found in rows.values() for row in found)
    if lost:
        text += f" Lost: {_count(lost, 'task')}."
    pairs = [(steps, row, rows[steps][-1]) for steps in STEPS for row in rows[steps][:-1]]
    unclear = [
        f"{_named(row)} after {_count(steps, 'step')}"
        for steps, row, again in pairs
        if row.high >= again.low
    ]
    if len(unclear) == len(pairs):
        return text
    but = f", but for {' and '.join(unclear)}" if unclear else ""
    return f"{text} The worst seed with fresh points beats the best without{but}."


def _rows(finished: FinishedTrainings, steps: int) -> list[Finished]:
    """One and ten fresh points, then the support points again."""
    fresh, again = finished.after(steps)
    return [*(row for row in fresh if row.query in FRESH), *filter(None, [again])]


def _listed(rows: list[Finished]) -> str:
    return ", ".join(f"{plain_loss_text(row.mean)} with {_named(row)}" for row in rows)


def _named(row: Finished) -> str:
    if row.query is None:
        return "the support points again"
    return _count(row.query, "fresh point")


def _errors(scene: Scene, role: str) -> Array:
    """After each step; infinite where there is none any more."""
    return np.nan_to_num(array(scene.errors(role)), nan=np.inf)


def _last(errors: Array) -> str:
    return _count(len(errors) - 1, "step")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
