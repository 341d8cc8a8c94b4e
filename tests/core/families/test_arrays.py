"""What the window needs of a family before PyTorch is loaded: NumPy gives the same numbers."""

import random

import numpy as np
import pytest
import torch

from explorer.core.base.fields import Range, descriptions
from explorer.core.base.random_streams import stream
from explorer.core.families import FAMILIES, Family, Sine, default_family
from explorer.core.families.fields import symbol_of
from explorer.core.families.sampling import sample

EACH = pytest.mark.parametrize("family", [default_family(name) for name in FAMILIES], ids=FAMILIES)


@EACH
def test_tasks_are_the_same_from_either_library(family: Family) -> None:
    """From the same uniform numbers in float64, up to the last digits."""
    u = np.random.default_rng(0).random((6, 50, family.uniforms))
    task = family.task(u)
    assert isinstance(task, np.ndarray)
    assert task.shape == (6, 50, family.size)
    np.testing.assert_allclose(
        task, family.task(torch.from_numpy(u)).numpy(), rtol=1e-12, atol=1e-12
    )


@EACH
def test_functions_are_the_same_from_either_library(family: Family) -> None:
    """Of tasks as they are drawn, at inputs as they are drawn."""
    drawn = sample(family.changed(noise=0.0), 60, 9, stream(2, "tasks"), stream(2, "noise"))
    x, task = drawn.x[0].double(), drawn.task[0].double()
    y = family.function(x.numpy(), task.numpy())
    assert isinstance(y, np.ndarray)
    assert y.shape == (60, 9, 1)
    assert y.std() > 0.1
    np.testing.assert_allclose(y, family.function(x, task).numpy(), rtol=1e-12, atol=1e-12)


@EACH
def test_functions_of_float32_are_float32(family: Family) -> None:
    """A constant of a family must not make training twice as wide."""
    drawn = sample(family, 3, 4, stream(2, "tasks"), stream(2, "noise"))
    assert drawn.task.dtype == drawn.x.dtype == drawn.y.dtype == torch.float32


@EACH
def test_one_value_of_one_task(family: Family) -> None:
    """What a click on the plot asks for is what the function says there."""
    task = family.drawn(random.Random(3))
    x = family.x.at(0.3)
    expected = family.function(
        torch.tensor([[x]], dtype=torch.float64), torch.tensor([task], dtype=torch.float64)
    )
    assert family.value(x, task) == pytest.approx(float(expected), rel=1e-12, abs=1e-12)


@EACH
def test_a_task_at_random_is_within_the_ranges(family: Family) -> None:
    """Numbers that differ from draw to draw and follow the generator given.

    A normal distribution has no ends: nearly all that it draws is what sliders show.
    """
    one, same, other = (family.drawn(random.Random(seed)) for seed in (1, 1, 2))
    assert one == same != other
    assert len(one) == family.size
    draws = random.Random(0)
    tasks = np.array([family.drawn(draws) for _ in range(200)])
    for parameter in family.parameters:
        values = tasks[:, parameter.column]
        low, high = parameter.bounds
        assert ((values >= low) & (values <= high)).mean() > 0.98, parameter.label
        assert values.min() < values.max()


@EACH
def test_the_reach_of_a_task_is_its_largest_value(family: Family) -> None:
    """No value on a coarser grid lies beyond it, and one comes near it."""
    task = family.drawn(random.Random(5))
    values = [abs(family.value(x, task)) for x in np.linspace(*family.x, 101)]
    assert max(values) <= family.reach(task) * (1 + 1e-9)
    assert family.reach(task) <= 1.2 * max(values)


@EACH
def test_most_tasks_fit_into_the_height_of_plots(family: Family) -> None:
    """Nine of ten values are within it, and it is not ten times too high."""
    drawn = sample(family.changed(noise=0.0), 500, 10, stream(2, "tasks"), stream(2, "noise"))
    values = drawn.y.abs().flatten()
    assert float((values <= family.height).float().mean()) > 0.9
    assert family.height < 10 * float(values.quantile(0.9))


@EACH
def test_two_of_a_kind_do_not_differ(family: Family) -> None:
    """Every range is in the text, and only what is another's is a difference."""
    assert family.difference(family.changed()) == ""
    assert family.changed() == family
    for name, description in descriptions(type(family)).items():
        if name != "noise":
            assert symbol_of(description) in family.text()
    noisier = family.changed(noise=family.noise + 1)
    assert noisier.difference(family) == f"noise σ = {family.noise + 1:g}"
    assert noisier.text().endswith(f"noise σ = {family.noise + 1:g}")


def test_ranges_in_words() -> None:
    """Angles as multiples of π, and what differs alone."""
    assert Sine().text() == "A from 0.1 to 5, φ from 0 to π, x from −5 to 5, no noise"
    wider = Sine(amplitude=Range(0.1, 9.0), noise=0.5)
    assert wider.difference(Sine()) == "A from 0.1 to 9, noise σ = 0.5"
    assert Sine().difference(wider) == "A from 0.1 to 5, no noise"


def test_another_family_differs_as_a_whole() -> None:
    """Its ranges compare with nothing, so it is named with all of them."""

    class Other(Sine):
        """Sines under another name."""

        label = "Other"

    assert Other().difference(Sine()) == f"Other ({Sine().text()})"
