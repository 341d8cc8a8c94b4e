"""What a review found: each sentence and picture here was wrong before."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.core.base.fields import Range
from explorer.core.families.formula import Formula
from explorer.core.families.line import Line
from explorer.core.families.sine import Sine
from explorer.core.insight.plane import plane_of
from explorer.core.insight.task_map import disc_of, task_map
from explorer.core.instruments.base import Press
from explorer.core.instruments.beyond import BEYOND
from explorer.core.instruments.compass import COMPASS, floor_of
from explorer.core.instruments.ray import MOST, RAY
from tests.core.insight.scenes import scene


def test_dragging_along_alpha_does_not_run_away() -> None:
    """A press at the same share of the axis, again and again, stays where it is."""
    looked_at = scene("maml")
    assert RAY.press is not None
    for _ in range(5):
        (picture,) = RAY.read(looked_at, None).panels
        assert picture.x_range is not None
        wish = RAY.press(looked_at, None, Press(0, 0.9 * picture.x_range[1], 0.1))
        assert wish.alpha == pytest.approx(0.027)
        looked_at = replace(looked_at, alpha=wish.alpha)


@pytest.mark.parametrize("alpha", [0.05, 0.4, 1.0])
def test_axis_has_room_for_a_large_alpha(alpha: float) -> None:
    """In tens, and never further than α may be."""
    (picture,) = RAY.read(scene("maml", alpha=alpha), None).panels
    assert picture.x_range is not None
    assert alpha <= picture.x_range[1] <= MOST


def test_kernel_step_follows_the_targets() -> None:
    """Points that are off the function lead elsewhere."""
    looked_at = scene("maml")
    plane = plane_of(looked_at.family)
    assert plane is not None
    moved = replace(looked_at, support=tuple((x, y + 2.0) for x, y in looked_at.support))
    member = looked_at.members[0]
    assert floor_of(moved, plane, member) != pytest.approx(floor_of(looked_at, plane, member))


def test_no_minus_zero_percent() -> None:
    """Before adaptation a fan has no area at all."""
    (remark,) = COMPASS.read(scene("maml", "pretrained", step=0), None).remarks
    assert "MAML 0%, Pretrained 0%" in remark


def test_family_on_a_line_has_no_plane() -> None:
    """One parameter gives one direction, and no compass."""
    assert plane_of(Formula(formula="a*x", ranges="a: -1 to 1")) is None
    root = Formula(formula="a*sqrt(x)", ranges="a: 1 to 3", x=Range(0.0, 5.0))
    assert plane_of(root) is None


def test_map_lies_where_the_tasks_are() -> None:
    """Around the origin for sines, around their middle for tasks far away from it."""
    sines = plane_of(Sine())
    far = plane_of(Line(slope=Range(2.0, 3.0), intercept=Range(50.0, 60.0)))
    assert sines is not None
    assert far is not None
    assert disc_of(sines) == ((pytest.approx(0.0), pytest.approx(0.0)), pytest.approx(10.0))
    middle, reach = disc_of(far)
    assert middle == pytest.approx((2.5, 55.0))
    assert reach == pytest.approx(2 * np.hypot(0.5, 5.0))


def test_map_with_a_thin_outline() -> None:
    """No cell may lie inside of it; then nothing is said of the inside."""
    family = Sine(amplitude=Range(4.95, 5.0))
    looked_at = scene("maml", family=family, task=(4.97, 1.0))
    reading = BEYOND.read(looked_at, None)
    assert "outside the outline" in reading.sentence
    assert "–" not in reading.sentence


def test_map_knows_inside_from_outside() -> None:
    """Half of a disc that is half as wide: an eighth of the cells or so."""
    looked_at = scene("maml")
    plane, start = plane_of(looked_at.family), looked_at.networks[0][1]
    assert plane is not None
    found = task_map(start, looked_at.family, plane, looked_at.even_inputs, alpha=0.01, step=1)
    known = ~np.isnan(found.errors.numpy())
    assert found.inside.sum() / known.sum() == pytest.approx(1 / 8, abs=0.03)
    assert not (found.inside.numpy() & ~known).any()


def test_function_without_values_beyond() -> None:
    """Nothing is said of where it has none."""
    family = Formula(formula="a*sqrt(x)+b", ranges="a: 1 to 3, b: 0 to 1", x=Range(0.0, 5.0))
    sentence = BEYOND.read(
        scene("maml", family=family, task=(2.0, 0.5), inputs=(1.0, 4.0)), None
    ).sentence
    assert "within the range of inputs" in sentence
    assert "–" not in sentence
