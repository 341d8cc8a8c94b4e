"""What the sentences say is what the core computed, and what was measured apart from it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.insight.plane import plane_of
from explorer.core.insight.response import poke
from explorer.core.insight.scene import Member
from explorer.core.instruments.base import Press
from explorer.core.instruments.beyond import BEYOND
from explorer.core.instruments.compass import COMPASS, floor_of
from explorer.core.instruments.layers import LAYERS
from explorer.core.instruments.modes import MODES
from explorer.core.instruments.poke import POKE, Pull
from explorer.core.instruments.ray import RAY
from tests.core.insight.scenes import scene


def test_compass_on_the_fixture() -> None:
    """The sentence of the issue, with the fixture's numbers; the fans have their areas."""
    reading = COMPASS.read(scene("maml", "pretrained"), None)
    assert reading.sentence.startswith("Step 1 removed 99% of the error of MAML;")
    assert reading.sentence.endswith("0.025 → 0.009 by step 10.")
    assert "MAML 66%, Pretrained 1%" in reading.remarks[0]


def test_compass_does_not_praise_a_step_that_harms() -> None:
    """With a step somewhat too long the error rises, and the sentence says so."""
    worse = COMPASS.read(scene("maml", alpha=0.03, steps=1), None)
    assert worse.sentence.startswith("Step 1 raised the error of MAML from 2.142 to ")


def test_bars_are_the_error() -> None:
    """The top of each step's bar is the error of that step, and the line is the best step's."""
    looked_at = scene("maml")
    plane = plane_of(looked_at.family)
    assert plane is not None
    _, bars = COMPASS.read(looked_at, None).panels
    tops = [curve.y for curve in bars.curves if curve.bar]
    errors = looked_at.errors("maml")[1:].numpy()
    np.testing.assert_allclose(tops[-1], errors, rtol=1e-5)
    floor = next(curve for curve in bars.curves if curve.label == "tasks’ own kernel")
    assert floor.y[0] == floor_of(looked_at, plane, looked_at.members[0])


def test_star_goes_where_it_is_dragged() -> None:
    """The task of the place that is pressed; the bars choose a step."""
    looked_at = scene("maml")
    assert COMPASS.press is not None
    wish = COMPASS.press(looked_at, None, Press(0, 0.0, 2.0))
    assert wish.task == pytest.approx((2.0, np.pi / 2))
    assert COMPASS.press(looked_at, None, Press(1, 3.4, 0.0)).step == 3


def test_modes_add_up_to_the_support_error() -> None:
    """Before and after the step; λ stays out of it."""
    looked_at = scene("maml", step=3)
    by_mode, _ = MODES.read(looked_at, None).panels
    losses = looked_at.ways["maml"].support_loss
    for curve, step in ((by_mode.curves[0], 2), (by_mode.curves[2], 3)):
        total = float(np.nansum(curve.y))
        assert total == pytest.approx(float(losses[step]), rel=1e-3)


def test_a_kernel_that_stays_foretells_otherwise() -> None:
    """Ten points within .2 of each other: a catapult, λ₁ from 10.9 to 1.7, not a divergence."""
    clustered = scene("maml", inputs=tuple(np.linspace(0.0, 0.2, 10).tolist()))
    reading = MODES.read(clustered, None)
    assert "one mode has λ > 2" in reading.sentence
    assert clustered.ways["maml"].diverged is None
    assert "Gauss-Newton" in reading.remarks[-1]


def test_poke_on_the_fixture() -> None:
    """One residual of 1 at x′ = .5 moves MAML's curve there by .29, the pretrained one's by .04."""
    reading = POKE.read(scene("maml", "pretrained"), Pull())
    assert "MAML’s curve there by 0.29, Pretrained’s by 0.04" in reading.sentence
    assert "MAML 1.25 and 1.44; Pretrained 0.08 and 0.13" in reading.remarks[0]


def test_poke_is_a_step_that_was_taken() -> None:
    """The response to a pull is what `adapt` does with that residual on a lone point."""
    looked_at = scene("maml", inputs=(0.5,))
    member, start = looked_at.networks[0]
    at = torch.tensor([[[0.5]]])
    before = looked_at.ways[member.role].prediction[0]
    there = next(iter(adapt(start, at, at, at.view(-1), alpha=0.01, steps=0))).prediction
    *_, last = adapt(start, at, there.view(1, 1, 1) + 1.0, looked_at.grid, alpha=0.01, steps=1)
    answers, _ = POKE.read(looked_at, Pull(0.5, 1.0)).panels
    shown = next(curve for curve in answers.curves if curve.role == "maml").y
    np.testing.assert_allclose(shown, (last.prediction[0] - before).numpy(), atol=2e-4)


def test_there_is_the_place_itself() -> None:
    """And not the nearest at which the curve is drawn: the kernel is steep."""
    places = np.linspace(-4.9, 4.9, 41)
    looked_at = scene("maml")
    ((_, start),) = looked_at.networks
    for place in places:
        at = torch.tensor([place], dtype=torch.float32)
        moved = poke(start, at, torch.tensor([2.0]), at, alpha=0.01, points=10)
        said = POKE.read(looked_at, Pull(round(float(place), 3), 2.0)).sentence
        assert f"curve there by {float(moved[0, 0]):.2f}." in said


def test_pulling_keeps_within_its_bounds() -> None:
    """A press outside of the picture's range pulls as hard as can be, at its end."""
    assert POKE.press is not None
    looked_at = scene("maml")
    assert POKE.press(looked_at, Pull(), Press(0, 9.0, -7.0)).choice == Pull(5.0, -2.0)
    assert POKE.press(looked_at, Pull(1.0, 0.5), Press(1, 9.0, 2.0)).choice == Pull(2.0, 0.5)


def test_ray_passes_through_the_step() -> None:
    """At the sandbox's α it is the error after one step; its left end that before."""
    looked_at = scene("maml", "pretrained")
    (picture,) = RAY.read(looked_at, None).panels
    for role in ("maml", "pretrained"):
        curve = next(each for each in picture.curves if each.role == role)
        errors = looked_at.errors(role)
        assert curve.y[0] == pytest.approx(float(errors[0]), rel=1e-4)
        assert np.interp(0.01, curve.x, curve.y) == pytest.approx(float(errors[1]), rel=1e-2)


def test_layers_on_the_fixture() -> None:
    """With only the first layer .030, with only the last 2.04, with all .025."""
    reading = LAYERS.read(scene("maml", "pretrained"), None)
    assert reading.sentence == (
        "With only the first layer free MAML reaches 0.030 in one step; with only the last 2.042; "
        "with all 0.025."
    )
    assert "The other way round: ANIL." in LAYERS.read(scene("maml", "anil"), None).remarks


def test_layers_are_compared_thawed() -> None:
    """A layer frozen in the sandbox is free where its turn comes; its switch is off."""
    looked_at = scene("maml")
    member, start = looked_at.networks[0]
    held = with_frozen_layers(start, {0})
    frozen = replace(
        looked_at,
        members=(Member(member.role, member.label, held, start),),
        frozen=frozenset({0}),
    )
    reading = LAYERS.read(frozen, None)
    assert reading.sentence == LAYERS.read(looked_at, None).sentence
    assert [action.on for action in reading.actions] == [False, True, True]
    assert [action.wish.turned for action in reading.actions] == [0, 1, 2]
    moved = reading.panels[1].curves[1].y
    assert moved[0] == 0.0


def test_beyond_says_where_it_ends() -> None:
    """Inside of what it was trained for it is good, outside it is not; off the range even less."""
    reading = BEYOND.read(scene("maml", step=10), None)
    the_map, along = reading.panels
    assert the_map.raster is not None
    assert np.isnan(the_map.raster.values[0, 0])  # the corner lies outside of the disc
    middle = the_map.raster.values.shape[0] // 2
    assert the_map.raster.values[middle + 3, middle] < the_map.raster.values[2, middle]
    curve = along.curves[0]
    assert np.nanmax(curve.y[curve.x > 7]) > 10 * np.nanmax(curve.y[curve.x < 4])
    (half,) = reading.actions
    assert half.wish.inputs is not None
    assert min(half.wish.inputs) > 0


def test_map_is_what_the_sandbox_would_show() -> None:
    """A task taken from the map has the error of its cell, on even points."""
    looked_at = scene("maml", step=1)
    the_map = BEYOND.read(looked_at, None).panels[0]
    assert the_map.raster is not None
    row, column = 12, 20
    cells = the_map.raster.values.shape[0]
    low, high = the_map.raster.x
    u, v = (low + (high - low) * (place + 0.5) / cells for place in (column, row))
    assert BEYOND.press is not None
    wish = BEYOND.press(looked_at, None, Press(0, u, v))
    assert wish.task is not None
    there = scene("maml", task=wish.task)
    assert 10 ** the_map.raster.values[row, column] == pytest.approx(
        float(there.errors("maml")[1]), rel=0.05
    )
