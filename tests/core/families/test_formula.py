"""Families that people type: values, expectations, and what is refused."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families import FAMILIES
from explorer.core.families.closed_forms import reference_losses
from explorer.core.families.formula import MAX_PARAMETERS, Formula
from explorer.core.families.sampling import sample, sample_evenly
from explorer.core.families.sine import Sine

SINE = Formula(formula="A*sin(x - φ)", ranges="A: 0.1 to 5, φ: 0 to pi")


# --- what it computes


def test_a_typed_sine_is_the_sine() -> None:
    """The same tasks and points from the same numbers, and the same expectations to 0.5 %."""
    drawn, expected = (
        sample(family, 25, 20, stream(0, "t"), stream(0, "n"), 3) for family in (SINE, Sine())
    )
    for name in ("task", "x", "y"):
        torch.testing.assert_close(getattr(drawn, name), getattr(expected, name))
    x = np.linspace(-5, 5, 11)
    for found, exact in zip(SINE.expected(x), Sine().expected(x), strict=True):
        np.testing.assert_allclose(found, exact, atol=0.005 * np.abs(exact).max())
    losses = (reference_losses(family) for family in (SINE, Sine()))
    for ours, theirs in zip(*losses, strict=True):
        assert ours.label == theirs.label
        assert ours.mse == pytest.approx(theirs.mse, rel=0.005)


def test_expectations_of_many_parameters() -> None:
    """Means over five parameters are the exact ones to 0.5 %."""
    family = Formula(
        formula="a*b*x + c*abs(x)^d + e",
        ranges="a: 1 to 3, b: 0 to 2, c: -1 to 2, d: 1 to 2, e: 5 to 6",
        x=Range(0.0, 2.0),
    )
    mean, square = family.expected(np.array([0.0, 1.0]))
    np.testing.assert_allclose(mean, [5.5, 2 + 0.5 + 5.5], rtol=0.005)
    of_ab = 13 / 3 * 4 / 3  # E[(ab)²]; E[c²] = 1
    cross = 2 * (2 * 0.5 + 2 * 5.5 + 0.5 * 5.5)
    np.testing.assert_allclose(
        square, [30.25 + 1 / 12, of_ab + 1 + 30.25 + 1 / 12 + cross], rtol=0.005
    )


def test_expectations_are_remembered() -> None:
    """Asked again, the same arrays; of any shape; and many questions are not all kept."""
    family = Formula()
    x = np.linspace(-1, 1, 6)
    first = family.expected(x)
    assert family.expected(x.copy())[0] is first[0]
    table = np.broadcast_to(x, (3, 6))
    np.testing.assert_array_equal(family.expected(table)[1], np.broadcast_to(first[1], (3, 6)))
    for i in range(20):
        family.expected(x + i)
    np.testing.assert_array_equal(family.expected(x)[0], first[0])
    assert len(family._known) <= 8


def test_parameters_are_those_of_the_ranges() -> None:
    """Their names, ranges and order, and drawn evenly within them."""
    family = Formula(formula="w*x^2+a", ranges="a: -1 to 2, w: -pi to pi")
    assert family.size == family.uniforms == 2
    assert [each.label for each in family.parameters] == ["a", "w"]
    assert [each.column for each in family.parameters] == [0, 1]
    assert family.parameters[1].bounds == pytest.approx((-np.pi, np.pi))
    task = sample_evenly(family, 512, 1, stream(0, "t"), stream(0, "n")).task[0, :, 0]
    for column, parameter in enumerate(family.parameters):
        values = task[:, column]
        assert parameter.bounds.low <= values.min() < values.max() <= parameter.bounds.high
        assert float(values.mean()) == pytest.approx(parameter.bounds.mean, abs=0.02)
    x, one = torch.tensor([[[0.5], [2.0]]]), torch.tensor([[[1.0, 3.0]]])
    assert family.function(x, one).flatten().tolist() == pytest.approx([1.75, 13.0])
    assert family.reach([1.0, 3.0]) == pytest.approx(76.0)
    assert family.ideal() is None


@pytest.mark.parametrize(
    ("formula", "function"),
    [
        ("a", lambda x, a: a + 0 * x),
        ("max(a*x, -x)", lambda x, a: np.maximum(a * x, -x)),
        ("mod(a*x, 1) - floor(x)", lambda x, a: a * x - np.floor(a * x) - np.floor(x)),
        ("a*tanh(x)/(x^2+1) + sign(x)", lambda x, a: a * np.tanh(x) / (x * x + 1) + np.sign(x)),
    ],
)
def test_functions_are_what_was_typed(
    formula: str, function: Callable[..., NDArray[np.float64]]
) -> None:
    """On drawn tasks, and drawn at once they are single draws bit for bit."""
    family = Formula(formula=formula, ranges="a: 1 to 2", noise=0.1)
    drawn = sample(family, 5, 7, stream(0, "t"), stream(0, "n"), 4)
    values = family.function(drawn.x, drawn.task)
    assert values.shape == drawn.x.shape
    expected = function(drawn.x.double().numpy(), drawn.task.double().numpy())
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)
    task_stream, noise_stream = stream(0, "t"), stream(0, "n")
    singles = [sample(family, 5, 7, task_stream, noise_stream) for _ in range(4)]
    assert torch.equal(drawn.y, torch.cat([single.y for single in singles]))


def test_an_experiment_with_it_can_be_kept() -> None:
    """Settings hold the texts, and come back from plain values."""
    assert FAMILIES["formula"] is Formula
    settings = Settings(family="formula", formula="a*x", ranges="a: 1 to 2")
    values = settings.to_dict()
    assert values["formula"] == "a*x"
    again = Settings.from_dict(values)
    assert again.family == settings.family == Formula(formula="a*x", ranges="a: 1 to 2")
    assert hash(again.family) == hash(settings.family)
    assert again.family.formula == "a*x"
    assert "a*x" in again.family.text()
    assert settings.family.difference(Formula(formula="a*x", ranges="a: 1 to 3")).endswith("1 to 2")


# --- what it refuses


@pytest.mark.parametrize(
    ("formula", "ranges", "field", "sentence"),
    [
        ("a*(x", "a: 0 to 1", "formula", "Formula, character 5: the text ends where ')'"),
        ("a*x", "a: 0 till 1", "ranges", "Ranges, character 6: 'till' stands where 'to'"),
        ("a*x+b+c", "a: 0 to 1", "ranges", "no range of 'b' (character 5 of the formula): add one"),
        ("a*x", "a: 0 to 1, b: 0 to 1", "ranges", "character 12: 'b' is not in the formula"),
        ("sin(x)", "a: 0 to 1", "formula", "no parameter tells one task from another"),
        ("a*x", "a: 1 to 1", "ranges", "character 1: the range of 'a' ends before it begins"),
        ("a*x", "a: 2 to 1", "ranges", "character 1: the range of 'a' ends before it begins"),
        ("a*x", "a: 0 to 1/0", "ranges", "character 10: a range's ends lie between ±1,000,000"),
        ("a*x", "a: log(-1) to 1", "ranges", "character 4: a range's ends lie between"),
        ("a*x", "a: -2e6 to 1", "ranges", "character 4: a range's ends lie between"),
        ("+".join("abcdefghi"), ", ".join(f"{n}: 0 to 1" for n in "abcdefghi"),
         "formula", f"9 parameters: {MAX_PARAMETERS} are the most"),
        ("a*x" + " " * 300, "a: 0 to 1", "formula", "at most 300 characters"),
        ("a/x", "a: 1 to 2", "formula", "character 2: '/' has no finite value at x = 0, a = 1"),
        ("a/0", "a: 1 to 2", "formula", "character 2: '/' has no finite value"),
        ("1 + log(a + x)", "a: 1 to 2", "formula", "character 5: 'log' has no finite value at x"),
        ("sqrt(x)*a", "a: 1 to 2", "formula", "character 1: 'sqrt' has no finite value at x = −5"),
        ("a*x^-1", "a: 1 to 2", "formula", "character 4: '^' has no finite value at x = 0"),
        ("(x*a)^0.5", "a: 1 to 2", "formula", "character 6: '^' has no finite value"),
        ("mod(a, 0*x)", "a: 1 to 2", "formula", "character 1: 'mod' has no finite value"),
        ("x/(x - a)", "a: 0.013 to 0.017", "formula", "character 2: '/' grows without bounds"),
        ("(x - a)^-2", "a: 0.013 to 0.017", "formula", "character 8: '^' grows without bounds"),
        ("tan(a*x)", "a: 1 to 2", "formula", "character 1: 'tan' grows without bounds"),
        ("exp(a*x)", "a: 10 to 30", "formula", "character 1: 'exp' has no finite value at x = "),
        ("exp(90)/exp(90)*a", "a: 1 to 2", "formula", "character 1: 'exp' has no finite value"),
        ("a*x^9", "a: 1 to 2", "formula", "beyond ±1,000,000 at x = −5, a = 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(formula: str, ranges: str, field: str, sentence: str) -> None:
    """One sentence with the place, and the setting at fault."""
    with pytest.raises(SettingsError) as caught:
        Formula(formula=formula, ranges=ranges)
    assert caught.value.field == field
    assert sentence in str(caught.value)
    assert str(caught.value).count(". ") == 0


def test_zero_is_tried_wherever_it_lies() -> None:
    """What has no value at x = 0 alone is refused, and is not where the range leaves 0 out."""
    with pytest.raises(SettingsError, match="'/' has no finite value at x = 0"):
        Formula(formula="a/abs(x)", ranges="a: 1 to 2", x=Range(-5.0, 4.93))
    Formula(formula="a/abs(x)", ranges="a: 1 to 2", x=Range(0.1, 4.93))


@pytest.mark.parametrize(
    "formula",
    [
        "1/(floor(a*x) + 0.5)",
        "a/(x^2 + 0.1)",
        "log(x + a + 5)",
        "sqrt(abs(x)) + a",
        "tan(x*a/7)",
        "(x^2 + a)^-1",
        "x^3*a^-2",
        "mod(x, a)",
        "a/sign(x - 7)",
    ],
)
def test_what_only_looks_dangerous_is_not_refused(formula: str) -> None:
    """Finite on the whole range, at finer steps than those it was tried at."""
    family = Formula(formula=formula, ranges="a: 1 to 2")
    x = torch.linspace(-5, 5, 4001).view(1, -1, 1)
    values = family.function(x, torch.linspace(1, 2, 21).view(-1, 1, 1))
    assert values.isfinite().all()
    assert values.abs().max() < 1e6


def test_typing_errors_raise_nothing_else() -> None:
    """Formulas with letters lost, doubled and swapped are read or refused as settings."""
    draw = random.Random(2)
    texts = "a*sin(w*x)+b", "min(a, -x^2)/(1 + exp(w)) - b*pi", "mod(a*x, 1) + b*log(2 + w)"
    accepted, fields = 0, set()
    for _ in range(1500):
        formula, ranges = list(draw.choice(texts)), list("a: 0.1 to 5, w: 0.8 to 1.2, b: -1 to 1")
        for text in draw.choice(((formula,), (ranges,), (formula, ranges))):
            for _ in range(draw.randint(1, 3)):
                at = draw.randrange(len(text))
                text[at : at + draw.randint(0, 2)] = draw.choices(
                    "abwx0123456789.,:()+-*/^ ²é", k=draw.randint(0, 2)
                )
        try:
            Formula(formula="".join(formula), ranges="".join(ranges))
            accepted += 1
        except SettingsError as error:
            fields.add(error.field)
    assert fields == {"formula", "ranges"}
    assert 50 < accepted < 1400
