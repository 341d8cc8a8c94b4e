"""Every instrument in every scene: a sentence, whole pictures, no number that is none."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from explorer.core.base.look import Look
from explorer.core.families import Family, default_family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.families.formula import Formula
from explorer.core.figures.drawing import picture
from explorer.core.figures.figure import Panel
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments import PAGES, Instrument
from explorer.core.instruments.base import figure_of
from tests.core.insight.scenes import EVEN, scene

INSTRUMENTS = [instrument for page in PAGES for instrument in page.instruments]
HUNDRED = tuple(np.linspace(-5, 5, 100).tolist())
CLUSTERED = tuple(np.linspace(0.0, 0.2, 10).tolist())


def of_family(family: Family) -> Scene:
    task = tuple(family.task(np.full((1, family.uniforms), 0.4))[0].tolist())
    return scene("maml", "pretrained", family=family, task=task)


def closed_forms_alone() -> Scene:
    """Learners that have no network."""
    looked_at = scene("maml")
    start = CLOSED_FORMS["zero"].start(looked_at.family)
    assert start is not None
    return replace(looked_at, members=(Member("zero", "Zero", start),))


SCENES = {
    "plain": lambda: scene("maml", "pretrained"),
    "all learners": scene,
    "no points": lambda: scene("maml", "pretrained", inputs=()),
    "one point": lambda: scene("maml", inputs=(0.5,)),
    "clustered": lambda: scene("maml", "pretrained", inputs=CLUSTERED),
    "a hundred points": lambda: scene("maml", inputs=HUNDRED),
    "before adaptation": lambda: scene("maml", step=0),
    "last step": lambda: scene("maml", step=10),
    "one step in all": lambda: scene("maml", steps=1),
    "diverged": lambda: scene("maml", "pretrained", alpha=0.5, step=10),
    "nobody": lambda: replace(scene("maml"), members=()),
    "closed forms": closed_forms_alone,
    "outside of the range": lambda: scene("maml", task=(9.0, 5.0)),
    "modes": lambda: of_family(default_family("mmaml-5")),
    "no plane": lambda: of_family(default_family("gp-rbf")),
    "formula": lambda: of_family(Formula()),
    "lines": lambda: of_family(default_family("line")),
    "frozen": lambda: replace(scene("maml"), frozen=frozenset({0})),
}


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    """Each is made once: what is computed of it is kept."""
    return {}


def the_scene(name: str, scenes: dict[str, Scene]) -> Scene:
    if name not in scenes:
        scenes[name] = SCENES[name]()
    return scenes[name]


def check_panel(panel: Panel) -> None:
    for curve in panel.curves:
        assert curve.x.shape == curve.y.shape, curve.label
        assert curve.x.dtype == curve.y.dtype == np.float64
        assert not np.isinf(curve.x).any()
        for end in (curve.low, curve.high):
            assert end is None or end.shape == curve.y.shape
    for limits in (panel.x_range, panel.y_range):
        assert limits is None or limits[0] < limits[1]
    if panel.raster is not None:
        shades = panel.raster.shades
        known = shades[np.isfinite(shades)]
        assert ((known >= 0) & (known <= 1)).all()


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_every_scene_is_read(name: str, instrument: Instrument, scenes: dict[str, Scene]) -> None:
    """It always has an answer that ends as a sentence does, and says no "nan" or "inf"."""
    reading = instrument.read(the_scene(name, scenes), instrument.begin())
    for text in (reading.sentence, *reading.remarks):
        assert text.endswith((".", "?")), text
        words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
        assert not {"nan", "inf", "-inf", "None"} & {word.strip(".%;:") for word in words}, text
    for panel in reading.panels:
        check_panel(panel)
    assert bool(instrument.columns) or not reading.panels


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_pressing_asks_for_what_is_there(instrument: Instrument) -> None:
    """A press anywhere in a picture that can be pressed asks for something allowed."""
    looked_at = scene("maml", "pretrained")
    reading = instrument.read(looked_at, instrument.begin())
    for number, panel in enumerate(reading.panels):
        if not panel.press:
            continue
        assert instrument.press is not None
        for x in (-100.0, 0.02, 3.0, 100.0):
            wish = instrument.press(looked_at, instrument.begin(), reading.press(number, x, 1.0))
            assert any(part is not None for part in wish)
            assert wish.step is None or 0 <= wish.step <= looked_at.steps
            assert wish.alpha is None or wish.alpha > 0


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_every_instrument_is_exported(instrument: Instrument) -> None:
    """As every figure is: its sentence and its explanation under it."""
    reading = instrument.read(scene("maml", "pretrained"), instrument.begin())
    if not reading.panels:
        assert not instrument.columns
        return
    figure = figure_of(instrument, reading, "from a test")
    drawn = picture(figure, "svg", lambda _role: Look("#0072b2", "#56b4e9", ())).decode()
    assert instrument.title in drawn
    assert reading.sentence.split()[0] in drawn
    assert figure.notes[0] == reading.sentence


def test_names_are_unique() -> None:
    """Choices and files go by them."""
    names = [instrument.name for instrument in INSTRUMENTS]
    assert len(names) == len(set(names))
    assert len({page.title for page in PAGES}) == len(PAGES)
    for one, next_one in pairwise(PAGES):
        assert one.question != next_one.question


def test_focus_chooses_the_learner() -> None:
    """Pictures of a single learner follow it; one that is not there is not missed."""
    looked_at = scene("maml", "pretrained")
    for focus, label in (("pretrained", "Pretrained"), ("nobody", "MAML"), ("", "MAML")):
        focused = replace(looked_at, focus=focus).focused
        assert focused is not None
        assert focused[0].label == label


def test_points_are_where_training_has_them() -> None:
    """As many even inputs as K, each in the middle of its part."""
    assert scene("maml").even_inputs.tolist() == pytest.approx(EVEN)
