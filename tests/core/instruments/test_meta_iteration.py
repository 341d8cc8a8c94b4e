"""One meta-iteration in six cards: what they show and say, and how one steps through them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from explorer.core.files.checkpoint import load
from explorer.core.insight.meta_iteration import meta_iteration, why_not
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import NOBODY, Reading, Wish, figure_of
from explorer.core.instruments.meta_iteration import (
    AT_REST,
    CARDS,
    KNOWN,
    META_ITERATION,
    MOST_AHEAD,
    Card,
)
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import Run, advance, start
from explorer.resources import MAML_CHECKPOINT, resource
from tests.core.insight.scenes import scene
from tests.core.training.runs import SMALL

TAKEN_APART = tuple(name for name, rule in LEARNERS.items() if rule.hessians is not None)


def member_of(run: Run, name: str) -> Member:
    """A learner that stands in a run."""
    return Member(name, LEARNERS[name].label, run.starting_point(name), run=lambda: run)


def scene_with(*members: Member, **changes: object) -> Scene:
    """These members, in the scene of the other tests."""
    return replace(scene("maml"), members=members, settings=SMALL, **changes)  # type: ignore[arg-type]


def shipped() -> tuple[Scene, Run]:
    """The shipped network with its run."""
    file = load(resource(MAML_CHECKPOINT))
    assert file.run is not None
    member = Member("maml", "MAML", file.start, run=partial(load_run, file.run))
    return replace(scene("maml"), members=(member,)), file.run


def load_run(run: Run) -> Run:
    return run


def read(shown: Scene, **choice: object) -> Reading:
    """A card of it."""
    return META_ITERATION.read(shown, Card(**choice))  # type: ignore[arg-type]


def pressed(shown: Scene, choice: Card, panel: int, x: float, y: float) -> Wish:
    """What a press there asks for."""
    assert META_ITERATION.press is not None
    reading = META_ITERATION.read(shown, choice)
    return META_ITERATION.press(shown, choice, reading.press(panel, x, y))


@pytest.mark.parametrize("name", TAKEN_APART)
@pytest.mark.parametrize("card", CARDS)
def test_every_card_of_every_learner(name: str, card: str) -> None:
    """Has a sentence without bare nan, and pictures whose curves have as many x as y."""
    run, _ = advance(start(SMALL.changed(inner_steps=2), (name,)), 2)
    found = read(scene_with(member_of(run, name)), card=card, task=4)
    assert found.sentence.endswith(".")
    assert not {"nan", "inf"} & set(found.sentence.replace(",", " ").split())
    assert found.panels
    for panel in found.panels:
        assert panel.curves
        for curve in panel.curves:
            assert curve.x.shape == curve.y.shape
            assert np.isfinite(curve.y).any()
    figure = figure_of(META_ITERATION, found, "")
    assert figure.notes[0] == found.sentence


def test_the_numbers_are_the_core_s() -> None:
    """The sentence of each card has those of the next meta-iteration of the run."""
    shown, run = shipped()
    expected = meta_iteration(run, "maml")
    tasks = expected.tasks
    assert "Meta-iteration 70,001 learns from 25 tasks" in read(shown).sentence
    loss = f"{float(tasks.support_loss[0, 6]):.3f}"
    assert f"task 7 is {loss}" in read(shown, card=CARDS[1], task=7).sentence
    before, after = (f"{float(each.mean()):.3f}" for each in tasks.query_loss)
    assert f"from {before} to {after} on average" in read(shown, card=CARDS[3]).sentence
    triangle = tasks.triangle
    found = read(shown, card=CARDS[4])
    for length in triangle[:3]:
        assert f"{length:.3g}" in found.sentence
    assert f"at {triangle.angle:.0f}° to the first" in found.sentence
    assert any("25 tasks differ, about 9" in remark for remark in found.remarks)
    assert f"at {expected.adam.angle:.0f}°" in read(shown, card=CARDS[5]).sentence


def test_the_triangle_is_drawn_to_scale() -> None:
    """Its sides are as long as the parts and their sum."""
    shown, run = shipped()
    triangle = meta_iteration(run, "maml").tasks.triangle
    panel = read(shown, card=CARDS[4]).panels[0]
    assert panel.square
    lengths = [np.hypot(*np.diff([curve.x, curve.y])[:, 0]) for curve in panel.curves[:3]]
    assert lengths == pytest.approx([triangle.first_order, triangle.hessian, triangle.full])


def test_further_meta_iterations() -> None:
    """As many as are chosen are taken first, as the trainer takes them."""
    shown, run = shipped()
    after, _ = advance(run, 3)
    expected = meta_iteration(after, "maml").tasks.query_loss[-1].mean()
    found = read(shown, card=CARDS[3], ahead=3)
    assert f"to {float(expected):.3f} on average" in found.sentence
    assert "Meta-iteration 70,004" in read(shown, ahead=3).sentence


def test_the_stepper_goes_through_all_cards() -> None:
    """From the first to the last, then to the next meta-iteration, and back."""
    shown, _ = shipped()
    choice, seen = Card(task=3), []
    for _ in CARDS:
        seen.append(choice.card)
        choice = META_ITERATION.read(shown, choice).actions[-1].wish.choice
    assert seen == list(CARDS)
    assert choice == Card(task=3, ahead=1)
    back = read(shown, card=CARDS[2], task=3).actions[0]
    assert back.wish.choice == Card(card=CARDS[1], task=3)
    last = read(shown, card=CARDS[5], ahead=MOST_AHEAD).actions
    assert [action.label for action in last] == ["◀ Back"]


def test_a_pressed_task_is_highlighted() -> None:
    """In the compass the nearest, in a row the one that stands there; nothing elsewhere."""
    shown, run = shipped()
    amplitude, phase = meta_iteration(run, "maml").batch.task[11, 0].tolist()
    u, v = amplitude * np.cos(phase), amplitude * np.sin(phase)
    for card in (CARDS[0], CARDS[2]):
        assert pressed(shown, Card(card=card), 0, u, v).choice == Card(card=card, task=12)
    wish = pressed(shown, Card(card=CARDS[3]), 0, 30.0, 1.0)
    assert wish.choice == Card(card=CARDS[3], task=25)
    for card, panel in ((CARDS[0], 1), (CARDS[4], 0), (CARDS[5], 0)):
        assert pressed(shown, Card(card=card), panel, 1.0, 1.0).choice is None


def test_a_press_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the window waits: it takes no meta-iteration and looks at no network."""
    shown, _ = shipped()
    choice = Card(card=CARDS[3], ahead=2)
    reading = META_ITERATION.read(shown, choice)

    def work(*_: object) -> None:
        raise AssertionError("work in a press")

    for name in ("next_of", "origin_of", "meta_iteration", "advance"):
        monkeypatch.setattr(f"explorer.core.instruments.meta_iteration.{name}", work)
    assert META_ITERATION.press is not None
    wish = META_ITERATION.press(shown, choice, reading.press(0, 7.2, 1.0))
    assert wish.choice == Card(card=CARDS[3], task=7, ahead=2)


def test_weights_without_a_run_say_so() -> None:
    """Adam begins at rest then; the pictures are there all the same."""
    run = start(SMALL, ("maml",))
    found = read(scene_with(Member("maml", "MAML", run.starting_point("maml"))))
    assert AT_REST in found.remarks
    assert "Meta-iteration 1 learns" in found.sentence
    assert AT_REST not in read(scene_with(member_of(run, "maml"))).remarks


@pytest.mark.parametrize("card", CARDS)
def test_only_a_known_run_is_spoken_for(card: str) -> None:
    """What training draws next and where it will stand is not known of weights alone."""
    run = start(SMALL, ("maml",))
    alone = read(scene_with(Member("maml", "MAML", run.starting_point("maml"))), card=card)
    known = read(scene_with(member_of(run, "maml")), card=card)
    for claim in ("to the last bit", "the very"):
        assert claim not in " ".join((alone.sentence, *alone.remarks))
        assert claim not in " ".join(META_ITERATION.explanation)
    said = KNOWN.get(CARDS.index(card))
    assert [each for each in known.remarks if each in KNOWN.values()] == ([said] if said else [])


def test_a_run_that_stands_elsewhere() -> None:
    """Gives its settings, not its state: where it stood before, Adam's moments are not known."""
    run = start(SMALL, ("maml", "meta-sgd"))
    later, _ = advance(run, 5)
    before = Member("maml", "MAML", run.starting_point("maml"), run=lambda: later)
    found = read(replace(scene_with(before), settings=SMALL.changed(hidden=(7,))))
    assert AT_REST in found.remarks
    assert "Meta-iteration 1 learns" in found.sentence
    rates = Member("meta-sgd", "Meta-SGD", run.starting_point("meta-sgd"), run=lambda: later)
    assert "besides its weights is not known" in read(scene_with(rates)).sentence


def test_layers_that_are_held_still_change_nothing() -> None:
    """Training knows of no such thing."""
    run = start(SMALL, ("maml",))
    member = member_of(run, "maml")
    still = replace(member, start=replace(member.start), thawed=member.start)  # type: ignore[type-var]
    shown = scene_with(member), scene_with(still, frozen=frozenset({0}))
    one, other = (read(each, card=CARDS[4]) for each in shown)
    assert one.sentence == other.sentence


def test_who_has_no_such_meta_iteration() -> None:
    """Says why; so do the untrained, weights of unknown settings, and a scene of nobody."""
    run = start(SMALL, ("reptile", "maml"))
    assert read(scene_with(member_of(run, "reptile"))).sentence == why_not("reptile")
    untrained = Member("random", "Untrained", run.starting_point("maml"))
    assert "is not trained" in read(scene_with(untrained)).sentence
    other = scene_with(Member("maml", "MAML", run.starting_point("maml")))
    other = replace(other, settings=SMALL.changed(hidden=(7,)))
    assert "not known with which settings" in read(other).sentence
    assert read(scene_with()).sentence == NOBODY
    assert pressed(scene_with(), Card(), 0, 0.0, 0.0).choice is None


@pytest.mark.parametrize("family", ["line", "mmaml-5", "formula", "gp-rbf"])
def test_other_families(family: str) -> None:
    """With a plane of tasks or without one."""
    settings = SMALL.changed(family=family)
    run = start(settings, ("maml",))
    for card in CARDS:
        found = read(scene_with(member_of(run, "maml")), card=card)
        assert found.panels


def test_a_batch_of_one_task() -> None:
    """Has no noise to estimate."""
    run = start(SMALL.changed(meta_batch=1), ("maml",))
    found = read(scene_with(member_of(run, "maml")), card=CARDS[4], task=9)
    assert len(found.panels) == 1
    assert len(found.remarks) == 1


def test_a_gradient_of_nothing() -> None:
    """Has no direction, and no angle is said: where all targets and predictions are 0."""
    run = start(
        SMALL.changed(noise=0.0).changed(family="formula", formula="0*a*x", ranges="a: 0 to 1"),
        ("maml",),
    )
    state = run.learners["maml"]
    still = replace(run, learners={"maml": replace(state, meta=torch.zeros_like(state.meta))})
    found = read(scene_with(member_of(still, "maml")), card=CARDS[4])
    assert found.sentence.endswith("their sum is 0 long.")
    assert read(scene_with(member_of(still, "maml")), card=CARDS[5]).sentence.endswith(
        "at most 0 (β = 0.001)."
    )


def test_a_diverged_learner() -> None:
    """Losses beyond all bounds are said to have diverged."""
    run = start(SMALL, ("maml",))
    huge = {
        "maml": replace(run.learners["maml"], meta=torch.full_like(run.learners["maml"].meta, 1e30))
    }
    found = read(scene_with(member_of(replace(run, learners=huge), "maml")), card=CARDS[3])
    assert "diverged" in found.sentence


def test_steps_of_all_parameters() -> None:
    """Their sizes are all there, and of a large network some dots of the cloud."""
    shown, run = shipped()
    step = meta_iteration(run, "maml").adam.step.double().numpy() / run.settings.beta
    cloud, sizes = read(shown, card=CARDS[5]).panels
    assert cloud.title == "Steps of one parameter in 8"
    assert np.array_equal(cloud.curves[0].y, step[::8])
    assert np.array_equal(sizes.curves[0].y, np.sort(np.abs(step))[::-1])
    small = start(SMALL, ("maml",))
    cloud, _ = read(scene_with(member_of(small, "maml")), card=CARDS[5]).panels
    assert cloud.title == "Every parameter's step"
    assert len(cloud.curves[0].y) == small.learners["maml"].meta.numel()
