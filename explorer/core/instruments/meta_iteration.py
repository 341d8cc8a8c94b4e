"""One meta-iteration of the network in six cards, from the tasks drawn to Adam's step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from explorer.core.base.errors import UserError
from explorer.core.base.fields import setting
from explorer.core.base.texts import loss_text
from explorer.core.experiment.settings import Settings
from explorer.core.insight.gradient_noise import noise_of
from explorer.core.insight.meta_iteration import MetaIteration, meta_iteration
from explorer.core.insight.scene import Scene
from explorer.core.instruments.base import Action, Choice, Instrument, Press, Reading, Wish
from explorer.core.instruments.meta_cards import PICTURES, task_places
from explorer.core.instruments.training_origin import Origin, origin_of
from explorer.core.training.loop import advance, threads_for

CARDS = (
    "1 · tasks drawn", "2 · support gradients", "3 · adapted networks", "4 · query losses",
    "5 · meta-gradient", "6 · Adam’s step",
)  # fmt: skip
MOST_AHEAD = 20
KEPT = 2  # meta-iterations: while a point is dragged the network stays the same
AT_REST = (
    "These weights come without the state of their training: Adam begins at rest, and the batch is "
    "the first that the seed draws."
)
KNOWN = {
    0: "It is the very batch that training draws at this meta-iteration.",
    5: "After the step θ is the trainer’s to the last bit.",
}  # by card: what holds where the state of the training is known


@dataclass(frozen=True)
class Card(Choice):
    """Which card, which of the tasks is highlighted, and which meta-iteration."""

    card: str = setting(CARDS[0], "", "Card", "choice", choices=CARDS, help="What to look at.")
    task: int = setting(
        1, "", "Task", "integer", 1, 1000, help="The task of the meta-batch that is highlighted."
    )
    ahead: int = setting(
        0, "", "Meta-iterations on", "integer", 0, MOST_AHEAD,
        help="How many meta-iterations to take before the one that is shown.",
    )  # fmt: skip


def read(scene: Scene, choice: Card) -> Reading:
    """The chosen card of the next meta-iteration of the chosen learner."""
    origin = origin_of(scene)
    if isinstance(origin, str):
        return Reading(origin)
    try:
        found, settings = next_of(origin, choice.ahead)
    except UserError as error:
        return Reading(str(error))
    number = CARDS.index(choice.card)
    task = min(choice.task, len(found.batch.task)) - 1
    panels = PICTURES[number](found, settings, task)
    sentence, more = SENTENCES[number](found, settings, task)
    of_run = KNOWN.get(number) if origin.is_known else AT_REST
    remarks = (*more, of_run) if of_run else more
    places = task_places(found, settings, number)
    things = {} if places is None else {0: places}
    return Reading(sentence, panels, remarks, _stepper(choice, number), things)


def press(_scene: Scene, choice: Card, pressed: Press) -> Wish:
    """Highlight the task that is pressed."""
    if pressed.thing is None:
        return Wish()
    return Wish(choice=replace(choice, task=pressed.thing + 1))


@lru_cache(KEPT)
def next_of(origin: Origin, ahead: int) -> tuple[MetaIteration, Settings]:
    """The meta-iteration after so many others, and the settings of the training."""
    run, role = origin.run(), origin.role
    threads = threads_for(run.settings, spare=1)  # as the window trains
    alone = replace(run, learners={role: run.learners[role]})
    if ahead:
        alone, _ = advance(alone, ahead, threads=threads)
    return meta_iteration(alone, role, threads), run.settings


def _stepper(choice: Card, number: int) -> tuple[Action, ...]:
    """Buttons to the card before and to the next, and after the last to the next batch."""
    actions = []
    if number > 0:
        before = replace(choice, card=CARDS[number - 1])
        actions.append(Action("◀ Back", Wish(choice=before), tip=CARDS[number - 1]))
    if number + 1 < len(CARDS):
        after = replace(choice, card=CARDS[number + 1])
        actions.append(Action("Next ▶", Wish(choice=after), tip=CARDS[number + 1]))
    elif choice.ahead < MOST_AHEAD:
        on = replace(choice, card=CARDS[0], ahead=choice.ahead + 1)
        actions.append(Action("Next meta-iteration ▶", Wish(choice=on), tip="With new tasks"))
    return tuple(actions)


Said = tuple[str, tuple[str, ...]]


def _drawn(found: MetaIteration, settings: Settings, task: int) -> Said:
    tasks, shots = found.batch.support_x.shape[:2]
    query = found.batch.query_x.shape[1]
    judged = f"{query} fresh query points" if settings.judged_on == "fresh" else "the same again"
    return (
        f"Meta-iteration {found.iteration + 1:,} learns from {tasks} tasks drawn at random, each "
        f"with {shots} support points and {judged}; task {task + 1} is highlighted."
    ), ()


def _support(found: MetaIteration, _settings: Settings, task: int) -> Said:
    lengths = found.tasks.support_gradients[0].norm(dim=-1)
    loss = float(found.tasks.support_loss[0, task])
    return (
        f"Every task pulls θ its own way: the support loss of task {task + 1} is {loss_text(loss)} "
        f"and its gradient {float(lengths[task]):.3g} long, those of all tasks are "
        f"{float(lengths.min()):.3g} to {float(lengths.max()):.3g}."
    ), ()


def _adapted(found: MetaIteration, _settings: Settings, task: int) -> Said:
    steps = len(found.tasks.support_loss)
    moved = (found.tasks.adapted[-1] - found.tasks.adapted[0]).norm(dim=-1)
    share = float(moved[task] / found.tasks.adapted[0, task].norm())
    lead = "One step leads" if steps == 1 else f"{steps} steps lead"
    return (
        f"{lead} from the same θ to a network for each task: that of task {task + 1} lies "
        f"{float(moved[task]):.3g} away, {share:.1%} of the length of θ."
    ), ()


def _query(found: MetaIteration, _settings: Settings, _task: int) -> Said:
    before, after = found.tasks.query_loss[0], found.tasks.query_loss[-1]
    better = int((after < before).sum())
    return (
        f"On the query points the loss goes from {loss_text(float(before.mean()))} to "
        f"{loss_text(float(after.mean()))} on average; it falls on {better} of {len(after)} tasks."
    ), ()


def _meta_gradient(found: MetaIteration, _settings: Settings, _task: int) -> Said:
    tasks, triangle = found.tasks, found.tasks.triangle
    noise = noise_of(tasks.followed)
    kept = "" if tasks.takes_hessians else ", which this learner leaves out"
    text = (
        f"The query gradients where adaptation ends come to a length of "
        f"{triangle.first_order:.3g}; what the Hessians add is {triangle.hessian:.3g} long{kept}; "
        f"their sum is {triangle.full:.3g} long"
    )
    angle = triangle.angle
    text += "." if math.isnan(angle) else f", at {angle:.0f}° to the first."
    remarks = ["Lengths and angle are this batch's; another batch has others."]
    if noise.tasks > 1 and noise.length > 0:
        share = f"{noise.share:.0%}" if noise.share < 1 else "all"
        remarks.append(
            f"As the {noise.tasks} tasks differ, about {share} of the squared length of what is "
            "followed is noise of which tasks and points were drawn."
        )
    return text, tuple(remarks)


def _adam(found: MetaIteration, settings: Settings, _task: int) -> Said:
    adam = found.adam
    text = (
        f"Adam moves each of {len(adam.step):,} parameters by at most "
        f"{float(adam.step.abs().max()):.2g} (β = {settings.beta:g})"
    )
    if not math.isnan(adam.angle):
        text += (
            f", at {adam.angle:.0f}° to straight down the meta-gradient, since it scales every "
            "parameter by its own and remembers earlier batches"
        )
    return f"{text}.", ()


SENTENCES: tuple[Callable[[MetaIteration, Settings, int], Said], ...] = (
    _drawn, _support, _adapted, _query, _meta_gradient, _adam,
)  # fmt: skip

META_ITERATION = Instrument(
    "meta-iteration",
    "One meta-iteration",
    (
        "A real batch, drawn as training draws its own, and what happens to it: "
        "θ′ = θ − α∇L_support(θ) on each task, then the query loss L_query(θ′), then the gradient "
        "of its mean by θ.",
        "By the chain rule that is the mean of ∇L_query(θ′) − α·H·∇L_query(θ′), where H is the "
        "Hessian of the support loss: the first-order part and the Hessian part of the triangle.",
        "Noise: the squared length of the standard error of the mean over the tasks, against the "
        "squared length of the mean. Then Adam: m ← m + (g − m)/10, v ← v + (g² − v)/1000, "
        "θ ← θ − β·m̂/√v̂.",
    ),
    read,
    choice=Card,
    press=press,
)
