"""What teachers ask of this experiment, each with the state that shows it and its live number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from explorer.core.insight.plane import plane_of
from explorer.core.insight.scene import Scene
from explorer.core.instruments import exercise_answers as answers
from explorer.core.instruments.base import Action, Instrument, Reading, Wish
from explorer.core.instruments.exercise_answers import META_SGD
from explorer.core.instruments.meta_iteration import CARDS, META_ITERATION, Card
from explorer.core.learners import FIRST_ORDER, MAML, PRETRAINED, RANDOM

SHOW = "Show it"
FEW, FIVE, TEN = 3, 5, 10
BEYOND = 2.0  # times the largest task of training
REPTILE = "reptile"
TAKEN_APART = "One meta-iteration"  # the page
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
    return tuple(scene.family.x.middles(points))


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


def _far_task(scene: Scene) -> Wish:
    wish = _with(MAML.name, RANDOM, points=FEW)(scene)
    plane = plane_of(scene.family)
    if plane is None or not plane.reaches_beyond:
        return wish
    reach = float(plane.outline.norm(dim=-1).max())
    return wish._replace(task=plane.task_at(0.0, -BEYOND * reach))


def _meta_gradient(scene: Scene) -> Wish:
    """The card with both of its parts."""
    there = _with(MAML.name, page=TAKEN_APART)(scene)
    return there._replace(choice=Card(card=CARDS[4]), chooser=META_ITERATION.name)


_FOUR = (MAML.name, FIRST_ORDER.name, META_SGD, REPTILE)

EXERCISES = (
    Exercise(
        "premise",
        "After one step MAML improves, then it does no better than pretrained. Explain.",
        "Step through with → and compare both rows of the table in the sandbox.",
        (MAML.name, PRETRAINED.name),
        _with(MAML.name, PRETRAINED.name),
        answers.steps_apart,
    ),
    Exercise(
        "learned",
        "Which parts are meta-learned, which are hard-coded?",
        "θ is learned; what Meta-SGD learns besides is the size of every weight’s step.",
        (MAML.name, META_SGD),
        _with(MAML.name, META_SGD, step=1),
        answers.learned,
    ),
    Exercise(
        "shift",
        "When is meta-learning worse than starting from scratch?",
        "Few points and a task far beyond the range: move it back on the page “Beyond”, or add "
        "points, and MAML is ahead again.",
        (MAML.name, RANDOM),
        _far_task,
        answers.shifted,
    ),
    Exercise(
        "alpha",
        "What do the inner α, the number of steps and learned step sizes do?",
        "“Sensitive” has the error after one step of every size: press in it to take another α.",
        (MAML.name, META_SGD),
        _with(MAML.name, PRETRAINED.name, META_SGD, page="Sensitive"),
        answers.step_size,
    ),
    Exercise(
        "scratch",
        "Compare training from scratch with MAML.",
        "The untrained network takes the same steps on the same points.",
        (MAML.name, RANDOM),
        _with(MAML.name, RANDOM),
        answers.scratch,
    ),
    Exercise(
        "by-hand",
        "Differentiate through K steps by hand.",
        "By the chain rule ∇L_query(θ_K) by θ₀ is (1 − αH₀)(1 − αH₁)…(1 − αH_{K−1})·∇L_query(θ_K), "
        "where H_k is the Hessian of the support loss at θ_k; without the Hessians the first-order "
        "part is left. The card shows both as a triangle: step back to see what they are made of.",
        (MAML.name,),
        _meta_gradient,
        answers.through_steps,
    ),
    Exercise(
        "five-shot",
        "Reproduce MAML, FOMAML, Meta-SGD and Reptile at five shots.",
        "One task is an anecdote: “reproduce” and the Evaluation tab take the mean over many.",
        _FOUR,
        _with(*_FOUR, points=FIVE, step=1),
        partial(answers.after_one_step, roles=_FOUR),
    ),
    Exercise(
        "before",
        "Must MAML be accurate before adaptation?",
        "Step 0 is what was learned: a place to start from, not a guess of this task.",
        (MAML.name, PRETRAINED.name),
        _with(MAML.name, PRETRAINED.name, step=0),
        answers.accurate_before,
    ),
    Exercise(
        "pretraining",
        "Is pretraining MAML?",
        "Both begin near the mean of all tasks. Look at the fans under “More steps” and pull at "
        "the curve under “Sensitive”.",
        (MAML.name, PRETRAINED.name),
        _with(MAML.name, PRETRAINED.name, step=1, page="More steps"),
        answers.same_as_pretraining,
    ),
    Exercise(
        "fresh-points",
        "Why fresh query points? Leave-one-out?",
        "One fresh point is one fold of leave-one-out: of eleven points ten are learned from and "
        "the other one judges. The page has trainings with other numbers of points too, and the "
        "noise that few points cost.",
        (MAML.name,),
        _with(MAML.name, page=TAKEN_APART),
        answers.fresh_points,
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
