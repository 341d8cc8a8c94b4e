"""Numbers and settings as people read them."""

import math
from typing import Any

import pytest

from explorer.core.base.fields import Description, Range
from explorer.core.base.texts import angle_text, number_text, subscript, superscript, value_text


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "0.1"), (-2.5, "−2.5"), (3.0, "3"), (1e-5, "1e−05"), (0.0, "0")]
)
def test_numbers(value: float, text: str) -> None:
    """Few digits, and a true minus sign."""
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (math.pi, "π"),
        (-math.pi, "−π"),
        (2 * math.pi, "2π"),
        (math.pi / 2, "0.5π"),
        (-1.5 * math.pi, "−1.5π"),
        (3.0, "3"),
        (1e-3, "0.001"),
        (3.1416, "3.1416"),
    ],
)
def test_angles(value: float, text: str) -> None:
    """Multiples of π where they are whole or half ones; other angles stay numbers."""
    assert angle_text(value) == text


@pytest.mark.parametrize(
    ("description", "value", "text"),
    [
        (Description("", "", "range"), Range(-1.0, 2.5), "−1 to 2.5"),
        (Description("", "", "range", unit="rad"), Range(0.0, math.pi), "0 to π"),
        (Description("", "", "layers", unit="units"), (40, 20), "40, 20"),
        (Description("", "", "integer"), 70_000, "70,000"),
        (Description("", "", "integer", unit="tasks"), 25, "25 tasks"),
        (Description("", "", "integer", unit="tasks"), 1, "1 task"),
        (Description("", "", "number"), -0.01, "−0.01"),
        (Description("", "", "number", unit="m"), 0.5, "0.5 m"),
        (Description("", "", "choice", choices=("a", "b")), "b", "b"),
        (Description("", "", "text"), "A·sin x", "A·sin x"),
    ],
)
def test_values_of_every_kind(description: Description, value: Any, text: str) -> None:
    """As the form, the list of differences and the exported figures say them."""
    assert value_text(description, value) == text


def test_raised_and_lowered_digits() -> None:
    """Every digit and the sign, for powers of ten and for steps."""
    assert superscript(-1234567890) == "⁻¹²³⁴⁵⁶⁷⁸⁹⁰"
    assert subscript(-1234567890) == "₋₁₂₃₄₅₆₇₈₉₀"
