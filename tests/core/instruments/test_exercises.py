"""The exercises: one click takes any scene to the state that answers, and the answer holds."""

from dataclasses import replace

import pytest

from explorer.core.insight.scene import Scene
from explorer.core.instruments import PAGES, Wish
from explorer.core.instruments.exercises import EXERCISES, INSTRUMENTS, MISSING, SHOW, Exercise
from tests.core.insight.scenes import scene, untrained_member

EVERYBODY = "maml", "pretrained", "first-order", "meta-sgd", "reptile"


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
    assert show.wish.page is None or show.wish.page in {page.title for page in PAGES}


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
