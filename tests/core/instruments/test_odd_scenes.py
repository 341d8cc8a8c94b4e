"""Scenes that are not the usual one: pictures stay readable and sentences stay true."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest

from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.families.formula import Formula
from explorer.core.families.mmaml import Mmaml5
from explorer.core.figures.figure import Panel
from explorer.core.insight.finished_trainings import read_finished
from explorer.core.insight.scene import Scene
from explorer.core.instruments.base import LEAST_DRAWN, MOST_DRAWN, listed
from explorer.core.instruments.beyond import BEYOND
from explorer.core.instruments.compass import COMPASS
from explorer.core.instruments.layers import LAYERS
from explorer.core.instruments.modes import MODES
from explorer.core.instruments.poke import POKE, Pull
from explorer.core.instruments.query_points import QUERY_POINTS
from explorer.core.instruments.ray import RAY
from explorer.resources import QUERY_POINTS as TABLE
from explorer.resources import resource
from tests.core.insight.scenes import scene

CLUSTERED = tuple(1 + 0.02 * k for k in range(10))


def diverging(steps: int = 10, step: int = 1) -> Scene:
    """Clustered points and ten times the trained α."""
    return scene("maml", "pretrained", inputs=CLUSTERED, alpha=0.1, steps=steps, step=step)


def still(looked_at: Scene) -> Scene:
    """The same with every layer frozen."""
    (member,) = looked_at.members
    assert isinstance(member.start, StartingPoint)
    layers = frozenset({0, 1, 2})
    frozen = replace(member, start=with_frozen_layers(member.start, layers), thawed=member.start)
    return replace(looked_at, members=(frozen,), frozen=layers)


def drawn(panel: Panel) -> np.ndarray:
    """All heights."""
    return np.concatenate([curve.y for curve in panel.curves])


def test_bars_that_diverge_leave_room_for_the_others() -> None:
    """The axis is that of the errors before adaptation, of which the highest bar is 10¹³ times."""
    before, diverged = COMPASS.read(scene("maml"), None), COMPASS.read(diverging(), None)
    assert before.panels[1].y_range is None
    (low, high), tops = diverged.panels[1].y_range or (0, 0), drawn(diverged.panels[1])
    assert low == 0
    assert 1 < high < 10
    assert np.nanmax(tops) > 1e6


def test_a_lambda_that_diverges_leaves_room_for_the_others() -> None:
    """It is 50 before the first step, and a million later."""
    usual, diverged = MODES.read(scene("maml"), None), MODES.read(diverging(), None)
    assert usual.panels[1].y_range is None
    assert np.nanmax(drawn(diverged.panels[1])) > 1e4
    assert (diverged.panels[1].y_range or (0, 0))[1] == pytest.approx(150, rel=0.05)


@pytest.mark.parametrize("looked_at", [scene("maml", inputs=CLUSTERED), diverging(100, 100)])
def test_no_mode_is_drawn_where_the_axis_ends(looked_at: Scene) -> None:
    """It would stand there for a value that it does not have."""
    heights = drawn(MODES.read(looked_at, None).panels[0])
    known = heights[np.isfinite(heights)]
    assert len(known) < len(heights)
    assert ((known >= LEAST_DRAWN) & (known <= MOST_DRAWN)).all()


def test_modes_are_counted() -> None:
    """A single one has a whole place along the axis, too."""
    panel = MODES.read(scene("maml", inputs=(1.5,)), None).panels[0]
    assert panel.counts
    assert panel.x_range == (0.5, 1.5)


def test_a_prediction_beyond_all_numbers_is_said_in_words() -> None:
    """After a hundred steps the kernel that stays has overflowed."""
    remark, _ = MODES.read(diverging(100, 100), None).remarks
    assert "would have outgrown all numbers after 100 steps; it is" in remark


def test_layers_after_divergence() -> None:
    """What is not drawn is said; the distances overflow in float32, their shares do not."""
    reading = LAYERS.read(diverging(100, 100), None)
    assert np.nanmax(drawn(reading.panels[0])) <= MOST_DRAWN
    assert "Errors above 1.0·10⁶ are left out of the left picture." in reading.remarks
    assert not LAYERS.read(scene("maml"), None).remarks
    assert reading.panels[1].curves[1].y.sum() == pytest.approx(1)


def test_tasks_that_diverge_are_hatched_and_counted() -> None:
    """Within the outline, too, which is drawn over the hatching."""
    reading = BEYOND.read(diverging(step=5), None)
    labels = [curve.label for curve in reading.panels[0].curves]
    assert labels == ["diverged", "", "task"]
    hatching = reading.panels[0].curves[0]
    assert not hatching.markers
    said = re.search(
        r"diverges on (\d+) of \d+ tasks within the outline and on (\d+) of", reading.sentence
    )
    assert said is not None
    assert sum(map(int, said.groups())) == np.isfinite(hatching.x).sum() / 2


def test_a_residual_of_one_point_and_of_many() -> None:
    """Neither "one of 1 points" nor "0.00"."""
    alone = POKE.read(scene("maml", inputs=(1.5,)), Pull()).sentence
    assert "at x′ = 0.5, the only point, moves MAML’s curve there by 2.16." in alone
    hundred = tuple(np.linspace(-5, 5, 100).tolist())
    many = POKE.read(scene("maml", "pretrained", inputs=hundred), Pull()).sentence
    assert "one of 100 points, moves MAML’s curve there by 0.03, Pretrained’s by 0.004." in many
    averaged = POKE.read(scene("averaged", inputs=hundred), Pull()).sentence
    assert averaged.endswith("there by less than 0.001.")


def test_names_with_commas_are_told_apart() -> None:
    """By semicolons."""
    assert listed(["MAML 66%", "ANIL 53%"]) == "MAML 66%, ANIL 53%"
    assert listed(["MAML 66%", "MAML, α per step 78%"]) == "MAML 66%; MAML, α per step 78%"
    (remark,) = COMPASS.read(scene("maml", "step-rates"), None).remarks
    assert "MAML 66%; MAML, α per step 78%" in remark


def test_a_learner_that_stands_still_is_said_to() -> None:
    """No step of it aims at anything, and no α is best."""
    looked_at = still(scene("maml"))
    assert COMPASS.read(looked_at, None).sentence.startswith("No step moves MAML")
    assert "MAML at any α, since it does not move" in RAY.read(looked_at, None).sentence


def test_families_whose_names_are_no_words_for_tasks() -> None:
    """A formula with one parameter has one direction that holds all of them."""
    line = Formula(formula="a*x", ranges="a: -1 to 1")
    sentence = COMPASS.read(scene("maml", family=line, task=(0.5,)), None).sentence
    assert sentence.startswith("The tasks of “Your own formula” are no points of a plane")
    assert "they lie on one line" in sentence
    modes = Mmaml5()
    looked_at = scene("maml", family=modes, task=modes.drawn(random.Random(0)))
    assert "The tasks of “MMAML, 5 modes” lie in no plane" in BEYOND.read(looked_at, None).sentence


def test_legends_of_query_points_are_one() -> None:
    """No label means two things, so the three pictures are equally high."""
    finished = read_finished(resource(TABLE))
    panels = QUERY_POINTS.read(replace(scene("maml"), finished=lambda: finished), None).panels
    assert len(panels) == 3
    labels = {curve.label for panel in panels for curve in panel.curves}
    looks = {
        (curve.label, curve.role, curve.dashes, curve.markers)
        for panel in panels
        for curve in panel.curves
    }
    assert len(labels) == len(looks)
