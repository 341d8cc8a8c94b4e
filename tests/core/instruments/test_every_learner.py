"""Every learner that comes with the program, or can be trained, under every instrument."""

from dataclasses import replace

import pytest

from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.files.checkpoint import load
from explorer.core.insight.finished_trainings import read_finished
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments import PAGES, Instrument, Reading
from explorer.core.instruments.base import NOBODY
from explorer.core.instruments.beyond import BEYOND
from explorer.core.instruments.compass import COMPASS
from explorer.core.instruments.layers import LAYERS
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import advance, start
from explorer.resources import QUERY_POINTS, resource, shipped_checkpoints
from tests.core.insight.scenes import scene, untrained_member
from tests.core.instruments.test_all import check_panel
from tests.core.training.runs import SMALL

INSTRUMENTS = [instrument for page in PAGES for instrument in page.instruments]
SHIPPED = {loaded.learner: loaded for loaded in map(load, shipped_checkpoints())}


def looked_at(member: Member, frozen: frozenset[int] = frozenset(), **changes: object) -> Scene:
    """The learner, MAML and one without a network; pictures of a single one are about it."""
    held = with_frozen_layers(member.start, frozen)
    if frozen and isinstance(held, StartingPoint):
        assert isinstance(member.start, StartingPoint)
        member = replace(member, thawed=member.start)
    member = replace(member, start=held)
    shown = scene("maml")
    others = [each for each in shown.members if each.role != member.role]
    return replace(  # type: ignore[arg-type]
        shown, members=(*others, member, _ideal(shown)), focus=member.role, frozen=frozen,
        finished=lambda: read_finished(resource(QUERY_POINTS)), **changes,
    )  # fmt: skip


def _ideal(shown: Scene) -> Member:
    start = CLOSED_FORMS["ideal"].start(shown.family)
    assert start is not None
    return Member("ideal", "Ideal", start)


def shipped(role: str) -> Member:
    """With its run, where its file holds one."""
    found = SHIPPED[role]
    return Member(role, found.label, found.start, run=lambda: found.run)


def assert_read(shown: Scene, instrument: Instrument) -> Reading:
    """A sentence in words and digits, and whole pictures."""
    reading = instrument.read(shown, instrument.begin())
    for text in (reading.sentence, *reading.remarks):
        assert text.endswith((".", "?")), text
        words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
        assert not {"nan", "inf", "-inf", "None"} & {word.strip(".%;:") for word in words}, text
    for panel in reading.panels:
        check_panel(panel)
    return reading


@pytest.mark.parametrize("role", [*SHIPPED, "random"])
def test_every_shipped_learner(role: str) -> None:
    """Before adaptation, at step 1 and at the last; with its first layer and with all held."""
    member = untrained_member() if role == "random" else shipped(role)
    scenes = [looked_at(member, step=step) for step in (0, 1, 10)]
    scenes += [looked_at(member, frozenset(frozen)) for frozen in ({0}, {0, 1, 2})]
    for shown in scenes:
        for instrument in INSTRUMENTS:
            assert_read(shown, instrument)


def test_unusual_learners_are_shipped() -> None:
    """Those that see the task, adapt other values, take other steps or none."""
    assert {"oracle", "cavia", "meta-curvature", "ridge", "averaged"} <= set(SHIPPED)


@pytest.mark.parametrize("role", LEARNERS)
def test_every_learner_in_training(role: str) -> None:
    """With two inner steps and a network of another size, of which the run is known."""
    run, _ = advance(start(SMALL.changed(inner_steps=2), (role,)), 2)
    member = Member(role, LEARNERS[role].label, run.starting_point(role), run=lambda: run)
    shown = looked_at(member, settings=run.settings)
    for instrument in INSTRUMENTS:
        assert_read(shown, instrument)


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_a_fitted_head_alone(instrument: Instrument) -> None:
    """It takes no gradient steps: pictures of such say so, words are about others."""
    member = shipped("ridge")
    shown = replace(looked_at(member), members=(member,))
    reading = assert_read(shown, instrument)
    if instrument.columns:
        assert reading.sentence == NOBODY


def sentence(instrument: Instrument, role: str) -> str:
    """Of a shipped learner at step 1."""
    return instrument.read(looked_at(shipped(role)), instrument.begin()).sentence


def test_no_share_is_rounded_to_all_or_nothing() -> None:
    """Where something is left, or something is gone."""
    assert sentence(COMPASS, "reptile").startswith("Step 1 removed more than 99% of the error of")
    assert sentence(COMPASS, "averaged").startswith("Step 1 removed less than 1% of the error of")


def test_steps_that_harm_are_not_praised() -> None:
    """Meta-SGD's error after ten steps is above that after one."""
    said = sentence(COMPASS, "meta-sgd")
    assert said.endswith("at what is left, but the error rises: 0.020 → 0.151 by step 10.")


def test_context_values_are_no_layer() -> None:
    """Of CAVIA they alone adapt, and it is they that the sentence is about."""
    looked = looked_at(shipped("cavia"))
    end = f"{float(looked.errors('cavia')[1]):.3f}"
    said = sentence(LAYERS, "cavia")
    assert said.startswith(f"With only its context values free CAVIA reaches {end} in one step;")
    names = LAYERS.read(looked, None).panels[0].names
    assert names[1:5] == ("1", "2", "3", "c")


def test_no_median_of_what_diverged() -> None:
    """Of the oracle, which should not be adapted, most tasks beyond the range diverge."""
    said = sentence(BEYOND, "oracle")
    assert "over the area within the outline; it diverges on " in said
    assert "over the area outside" not in said
