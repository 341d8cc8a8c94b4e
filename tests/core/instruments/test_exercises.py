"""The exercises: one click takes any scene to the state that answers, and the answer holds."""

from dataclasses import replace

import pytest

from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.insight.finished_trainings import FinishedTrainings, read_finished
from explorer.core.insight.meta_iteration import meta_iteration
from explorer.core.insight.scene import Scene
from explorer.core.instruments import PAGES, Wish
from explorer.core.instruments.exercise_answers import NO_TABLE
from explorer.core.instruments.exercises import EXERCISES, INSTRUMENTS, MISSING, SHOW, Exercise
from explorer.core.instruments.meta_iteration import CARDS, META_ITERATION
from explorer.resources import QUERY_POINTS, resource
from tests.core.insight.scenes import scene, untrained_member
from tests.core.instruments.test_meta_iteration import shipped

EVERYBODY = "maml", "pretrained", "first-order", "meta-sgd", "reptile"


def table() -> FinishedTrainings:
    """That comes with the program."""
    return read_finished(resource(QUERY_POINTS))


def granted(looked_at: Scene, wish: Wish) -> Scene:
    """The scene that a wish asks for."""
    task = wish.task or looked_at.task
    inputs = wish.inputs or ()
    everybody = (*scene(*EVERYBODY).members, untrained_member())
    shown = wish.shown or frozenset()
    assert shown <= {member.role for member in everybody}
    return replace(
        looked_at,
        task=task,
        support=tuple((x, looked_at.family.value(x, task)) for x in inputs),
        step=looked_at.step if wish.step is None else wish.step,
        steps=wish.steps or looked_at.steps,
        alpha=wish.alpha or looked_at.alpha,
        members=tuple(member for member in everybody if member.role in shown),
        finished=table,
    )


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
def test_one_click_answers(exercise: Exercise) -> None:
    """From a scene that lacks everything: the button brings it, and then there is an answer."""
    instrument = INSTRUMENTS[EXERCISES.index(exercise)]
    bare = scene("anil", inputs=())
    before = instrument.read(bare, None)
    assert before.sentence == MISSING.format(SHOW)
    (show,) = before.actions
    after = instrument.read(granted(bare, show.wish), None)
    assert any(letter.isdigit() for letter in after.sentence)
    assert after.actions[0].wish == exercise.state(granted(bare, show.wish))
    opened = [page for page in PAGES if page.title == show.wish.page]
    assert show.wish.page is None or opened
    if show.wish.chooser is not None:  # its choice is one of a picture that comes with the page
        (chooser,) = (each for each in opened[0].instruments if each.name == show.wish.chooser)
        assert type(show.wish.choice) is chooser.choice


def answered(name: str) -> tuple[Scene, str]:
    exercise = next(each for each in EXERCISES if each.name == name)
    there = granted(scene("maml"), exercise.state(scene("maml")))
    return there, exercise.answer(there)


def test_premise_is_false() -> None:
    """MAML stays ahead after ten steps, and the numbers are the sandbox's."""
    there, text = answered("premise")
    assert text.endswith("MAML is still ahead.")
    assert f"{float(there.errors('maml')[-1]):.3f}" in text


def test_shift_shows_a_task_where_it_is_worse() -> None:
    """Three points far beyond the range: MAML diverges, the untrained network does not."""
    there, text = answered("shift")
    assert "MAML is worse than from scratch here" in text
    assert there.ways["maml"].diverged is not None
    assert there.ways["random"].diverged is None


def test_accuracy_before_is_not_needed() -> None:
    """Both are as bad before; one step tells them apart."""
    there, text = answered("before")
    assert text.startswith("No: before adaptation")
    errors = there.errors("maml")
    assert errors[0] > 50 * errors[1]


def test_pretraining_is_not_as_strong() -> None:
    """Six times, as measured."""
    _, text = answered("pretraining")
    assert text.endswith("6.0 times.")


def test_meta_sgd_learns_step_sizes() -> None:
    """What is learned is counted, not told."""
    _, text = answered("learned")
    assert "the 1,761 weights of θ" in text


def test_steps_are_differentiated_through() -> None:
    """The card with the triangle opens, and the lengths are those of MAML's next batch."""
    shown, run = shipped()
    (exercise,) = (each for each in EXERCISES if each.name == "by-hand")
    wish = exercise.state(shown)
    assert wish.chooser == META_ITERATION.name
    assert wish.choice.card == CARDS[4]
    triangle = meta_iteration(run, "maml").tasks.triangle
    text = exercise.answer(replace(shown, focus="pretrained"))
    assert f"{triangle.first_order:.3g} long, what the Hessians add {triangle.hessian:.3g}" in text
    assert f"their sum {triangle.full:.3g}, at {triangle.angle:.0f}° to the first." in text
    for number in (triangle.first_order, triangle.hessian, triangle.full):
        assert f"{number:.3g}" in META_ITERATION.read(shown, wish.choice).sentence


def test_fresh_points_are_those_of_the_table() -> None:
    """What does not hold for every seed is said not to."""
    _, text = answered("fresh-points")
    for steps in (1, 10):
        fresh, again = table().after(steps)
        one, ten = (next(row for row in fresh if row.query == count) for count in (1, 10))
        assert again is not None
        assert f"{one.mean:.3f} with 1 fresh point, {ten.mean:.3f} with 10 fresh points, " in text
        assert f"{again.mean:.3f} with the support points again" in text
    assert text.endswith("beats the best without, but for 1 fresh point after 1 step.")
    (exercise,) = (each for each in EXERCISES if each.name == "fresh-points")
    assert exercise.answer(scene("maml")) == NO_TABLE


@pytest.mark.parametrize("frozen", [{0}, {0, 1, 2}])
def test_frozen_layers_change_no_fact(frozen: set[int]) -> None:
    """What was learned, and how strong a step would be, are told of the whole learners."""
    for name in ("learned", "pretraining"):
        there, text = answered(name)
        held = replace(
            there,
            members=tuple(
                replace(each, start=with_frozen_layers(each.start, frozen), thawed=each.start)  # type: ignore[arg-type]
                for each in there.members
            ),
            frozen=frozenset(frozen),
        )
        (exercise,) = (each for each in EXERCISES if each.name == name)
        assert exercise.answer(held) == text


def test_step_sizes_are_compared_with_learned_ones() -> None:
    """Both after one step and after ten."""
    there, text = answered("alpha")
    for role in ("maml", "meta-sgd"):
        for step in (1, 10):
            assert f"{float(there.errors(role)[step]):.3f}" in text


def test_no_premise_is_granted_that_the_numbers_deny() -> None:
    """With a step far too long MAML is worse, and no sentence says otherwise."""
    there = replace(scene("maml", "pretrained", alpha=0.04), step=1)
    answers = {each.name: each.answer for each in EXERCISES}
    assert not answers["premise"](there).endswith("still ahead.")
    assert not answers["before"](there).startswith("No")
