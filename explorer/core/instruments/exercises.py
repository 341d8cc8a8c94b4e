"""What teachers ask of this experiment, each with the state that shows it and its live number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from explorer.core.base.texts import loss_text
from explorer.core.figures.figure import Array
from explorer.core.insight.plane import plane_of
from explorer.core.insight.scene import Scene
from explorer.core.insight.tangent import kernel, strength
from explorer.core.instruments.base import Action, Instrument, Reading, Wish, array
from explorer.core.learners import FIRST_ORDER, LEARNERS, MAML, PRETRAINED, RANDOM

SHOW = "Show it"
FEW, FIVE, TEN = 3, 5, 10
BEYOND = 2.0  # times the largest task of training
META_SGD, REPTILE = "meta-sgd", "reptile"
MISSING = "“{}” brings the learners and points that answer this."


@dataclass(frozen=True)
class Exercise:
    """A question that is set to students.

    Attributes:
        name: identifier.
        question: as it is set.
        hint: what to look at, and what follows.
        needs: roles without which it cannot be answered.
        state: what shows it, for the present scene.
        answer: the answer in one sentence with the scene's numbers.
    """

    name: str
    question: str
    hint: str
    needs: tuple[str, ...]
    state: Callable[[Scene], Wish]
    answer: Callable[[Scene], str]


def even(scene: Scene, points: int) -> tuple[float, ...]:
    """Inputs in the middles of even parts of the range."""
    return tuple(scene.family.x.at((k + 0.5) / points) for k in range(points))


def _with(
    *roles: str, points: int = TEN, step: int = TEN, page: str | None = None
) -> Callable[[Scene], Wish]:
    def state(scene: Scene) -> Wish:
        return Wish(
            inputs=even(scene, points), step=step, steps=max(step, TEN),
            shown=frozenset(roles), frozen=frozenset(), alpha=scene.settings.effective_alpha,
            page=page,
        )  # fmt: skip

    return state


def _errors(scene: Scene, role: str) -> Array:
    return array(scene.errors(role))


def _steps_apart(scene: Scene) -> str:
    mine, other = _errors(scene, MAML.name), _errors(scene, PRETRAINED.name)
    last = len(mine) - 1
    ahead = "still ahead" if mine[-1] < other[-1] else "no longer ahead"
    return (
        f"The premise can be checked: after one step MAML is at {loss_text(mine[1])}, pretrained "
        f"at {loss_text(other[1])}; after {last} steps at {loss_text(mine[-1])} and "
        f"{loss_text(other[-1])}: MAML is {ahead}."
    )


def _learned(scene: Scene) -> str:
    starts = {member.role: start for member, start in scene.networks}
    theta = starts[MAML.name].theta.numel()
    own = starts[META_SGD].preconditioner(0)
    assert own is not None
    rates = np.concatenate([array(part).ravel() for part in own]) * scene.settings.effective_alpha
    return (
        f"Learned: the {theta:,} weights of θ. Hard-coded in MAML: the network, α = "
        f"{scene.settings.effective_alpha:g}, the number of steps, the loss. Meta-SGD also learns "
        f"the step size of each weight: from {np.percentile(rates, 5):.2g} to "
        f"{np.percentile(rates, 95):.2g} (5 % to 95 %)."
    )


def _shifted(scene: Scene) -> str:
    mine, scratch = _errors(scene, MAML.name), _errors(scene, RANDOM)
    better = "MAML is better" if mine[-1] < scratch[-1] else "MAML is worse than from scratch"
    gone = scene.ways[MAML.name].diverged
    ends = loss_text(mine[-1]) if gone is None else f"diverged (at step {gone})"
    return (
        f"On this task and {len(scene.support)} points, after {len(mine) - 1} steps, MAML is "
        f"{'at ' if gone is None else ''}{ends} and the untrained network at "
        f"{loss_text(scratch[-1])}: {better} here. Predicting zero would cost "
        f"{loss_text(float(scene.truth.double().square().mean()))}."
    )


def _far_task(scene: Scene) -> Wish:
    wish = _with(MAML.name, RANDOM, points=FEW)(scene)
    plane = plane_of(scene.family)
    if plane is None or not plane.reaches_beyond:
        return wish
    reach = float(plane.outline.norm(dim=-1).max())
    return wish._replace(task=plane.task_at(0.0, -BEYOND * reach))


def _step_size(scene: Scene) -> str:
    mine = _errors(scene, MAML.name)
    return (
        f"With α = {scene.alpha:g} MAML is at {loss_text(mine[1])} after one step and at "
        f"{loss_text(mine[-1])} after {len(mine) - 1}: the ray beside shows one step of every size."
    )


def _scratch(scene: Scene) -> str:
    mine, scratch = _errors(scene, MAML.name), _errors(scene, RANDOM)
    return (
        f"After {len(mine) - 1} steps on the same {len(scene.support)} points: MAML "
        f"{loss_text(mine[-1])}, from scratch {loss_text(scratch[-1])}. Before adaptation: "
        f"{loss_text(mine[0])} and {loss_text(scratch[0])}."
    )


def _five_shots(scene: Scene) -> str:
    texts = [f"{LEARNERS[role].label} {loss_text(_errors(scene, role)[1])}" for role in _FOUR]
    return f"After one step on {len(scene.support)} points of this task: {', '.join(texts)}."


def _accurate_before(scene: Scene) -> str:
    mine, other = _errors(scene, MAML.name), _errors(scene, PRETRAINED.name)
    return (
        f"No: before adaptation MAML’s error is {loss_text(mine[0])} and the pretrained network’s "
        f"{loss_text(other[0])}; after one step {loss_text(mine[1])} and {loss_text(other[1])}."
        if mine[1] < other[1]
        else f"Before adaptation {loss_text(mine[0])} and {loss_text(other[0])}; after one step "
        f"{loss_text(mine[1])} and {loss_text(other[1])}."
    )


def _same_as_pretraining(scene: Scene) -> str:
    grid = scene.grid[::2].view(1, -1, 1)
    strengths = {
        member.role: float(strength(kernel(start, grid, task=scene.task_row), scene.alpha)[0])
        for member, start in scene.networks
        if member.role in {MAML.name, PRETRAINED.name}
    }
    mine, other = strengths[MAML.name], strengths[PRETRAINED.name]
    return (
        f"Their curves before adaptation are alike ({loss_text(_errors(scene, MAML.name)[0])} and "
        f"{loss_text(_errors(scene, PRETRAINED.name)[0])}); what a step does is not: 2α·k(x, x) is "
        f"{mine:.2f} for MAML and {other:.2f} for the pretrained network, {mine / other:.1f} times."
    )


_FOUR = (MAML.name, FIRST_ORDER.name, META_SGD, REPTILE)

EXERCISES = (
    Exercise(
        "premise",
        "After one step MAML improves, then it does no better than pretrained. Explain.",
        "Step through with → and compare both rows of the table in the sandbox.",
        (MAML.name, PRETRAINED.name),
        _with(MAML.name, PRETRAINED.name),
        _steps_apart,
    ),
    Exercise(
        "learned",
        "Which parts are meta-learned, which are hard-coded?",
        "θ is learned; what Meta-SGD learns besides is the size of every weight’s step.",
        (MAML.name, META_SGD),
        _with(MAML.name, META_SGD, step=1),
        _learned,
    ),
    Exercise(
        "shift",
        "When is meta-learning worse than starting from scratch?",
        "Few points and a task far beyond the range: move it back on the page “Beyond”, or add "
        "points, and MAML is ahead again.",
        (MAML.name, RANDOM),
        _far_task,
        _shifted,
    ),
    Exercise(
        "alpha",
        "What do the inner α and the number of steps do?",
        "The error along α on the page “Sensitive”: press in it to take another α.",
        (MAML.name,),
        _with(MAML.name, PRETRAINED.name, page="Sensitive"),
        _step_size,
    ),
    Exercise(
        "scratch",
        "Compare training from scratch with MAML.",
        "The untrained network takes the same steps on the same points.",
        (MAML.name, RANDOM),
        _with(MAML.name, RANDOM),
        _scratch,
    ),
    Exercise(
        "five-shot",
        "Reproduce MAML, FOMAML, Meta-SGD and Reptile at five shots.",
        "One task is an anecdote: “reproduce” and the Evaluation tab take the mean over many.",
        _FOUR,
        _with(*_FOUR, points=FIVE, step=1),
        _five_shots,
    ),
    Exercise(
        "before",
        "Must MAML be accurate before adaptation?",
        "Step 0 is what was learned; it is the best place to start from, not the best guess.",
        (MAML.name, PRETRAINED.name),
        _with(MAML.name, PRETRAINED.name, step=0),
        _accurate_before,
    ),
    Exercise(
        "pretraining",
        "Is pretraining MAML?",
        "Both begin near the mean of all tasks. Look at the fans under “More steps” and pull at "
        "the curve under “Sensitive”.",
        (MAML.name, PRETRAINED.name),
        _with(MAML.name, PRETRAINED.name, step=1, page="More steps"),
        _same_as_pretraining,
    ),
)


def _read(exercise: Exercise, scene: Scene, _choice: None) -> Reading:
    show = Action(SHOW, exercise.state(scene), tip="Take the program into the state that shows it")
    roles = {member.role for member in scene.members}
    if not scene.support or not roles.issuperset(exercise.needs) or scene.steps < 1:
        return Reading(MISSING.format(SHOW), actions=(show,))
    return Reading(exercise.answer(scene), actions=(show,))


INSTRUMENTS = tuple(
    Instrument(
        f"exercise-{each.name}", each.question, (each.hint,), partial(_read, each), columns=0
    )
    for each in EXERCISES
)
