"""Settings as fields of dataclasses: what they become, and what is refused."""

import json
import math
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any

import pytest

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import (
    MAX_LAYERS,
    MAX_TEXT,
    Checked,
    Description,
    Range,
    check,
    coerce,
    descriptions,
    plain_values,
    setting,
)


@dataclass(frozen=True)
class Example(Checked):
    """One setting of each kind, and a field that is none."""

    count: int = setting(3, "Group", "Count", "integer", 1, 2000, "points")
    size: float = setting(0.5, "Group", "Size α", "number", 0.0, 1.0)
    span: Range = setting(Range(0.0, 1.0), "Group", "Span", "range", -5.0, 5.0)
    widths: tuple[int, ...] = setting((4, 4), "Group", "Widths", "layers", 1, 9)
    kind: str = setting("one", "Group", "Kind", "choice", choices=("one", "two"))
    words: str = setting("", "Group", "Words", "text")
    other: list[int] = field(default_factory=list)


EXAMPLE = descriptions(Example)


def refused(**values: Any) -> str:
    """The sentence with which a value is refused; it names the setting."""
    ((name, value),) = values.items()
    with pytest.raises(SettingsError) as constructed:
        Example(**values)
    with pytest.raises(SettingsError) as checked:
        check(name, EXAMPLE[name], coerce(name, EXAMPLE[name], value))
    message = str(constructed.value)
    assert message == str(checked.value)
    assert constructed.value.field == checked.value.field == name
    assert EXAMPLE[name].label in message
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_only_settings_are_described() -> None:
    """In the order in which they are declared; other fields are left out."""
    assert list(EXAMPLE) == ["count", "size", "span", "widths", "kind", "words"]
    assert EXAMPLE["count"] == Description("Group", "Count", "integer", 1, 2000, "points")


def test_values_come_in_their_own_types() -> None:
    """However they are written, and the field that is no setting is left alone."""
    given = [7]
    made = Example(
        count=2.0, size="1e-1", span=["-1", 2], widths="3, 4", kind="two", words="so", other=given
    )  # type: ignore[arg-type]
    assert made == Example(2, 0.1, Range(-1.0, 2.0), (3, 4), "two", "so", [7])
    assert [type(each) for each in (made.count, made.size, made.span, made.widths)] == [
        *(int, float, Range, tuple)
    ]
    assert made.other is given
    with pytest.raises(FrozenInstanceError):
        made.count = 4  # type: ignore[misc]


def test_plain_values_survive_json() -> None:
    """Lists in place of ranges and layers; what comes back makes the same object."""
    values = plain_values(Example(), EXAMPLE)
    assert values["span"] == [0.0, 1.0]
    assert values["widths"] == [4, 4]
    assert Example(**json.loads(json.dumps(values))) == Example()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"count": 0}, "between 1 and 2,000"),
        ({"count": 2001}, "between 1 and 2,000"),
        ({"count": 2.5}, "whole number"),
        ({"count": True}, "whole number"),
        ({"count": math.inf}, "whole number"),
        ({"count": None}, "whole number"),
        ({"size": 1.001}, "between 0 and 1"),
        ({"size": math.nan}, "between 0 and 1"),
        ({"size": "big"}, "a number"),
        ({"size": True}, "a number"),
        ({"span": (1, 1)}, "below the second"),
        ({"span": (2, 1)}, "below the second"),
        ({"span": (0, 5.5)}, "between -5 and 5"),
        ({"span": (0, math.nan)}, "between -5 and 5"),
        ({"span": "01"}, "two numbers"),
        ({"span": (0, 1, 2)}, "two numbers"),
        ({"span": 3}, "two numbers"),
        ({"widths": ()}, f"1 to {MAX_LAYERS} layers"),
        ({"widths": (2,) * (MAX_LAYERS + 1)}, f"1 to {MAX_LAYERS} layers"),
        ({"widths": (2, 10)}, "between 1 and 9"),
        ({"widths": "2; 3"}, "separated by commas"),
        ({"kind": "three"}, "one or two"),
        ({"kind": 1}, "one or two"),
        ({"words": None}, "must be text"),
        ({"words": 5}, "must be text"),
        ({"words": "x" * (MAX_TEXT + 1)}, f"at most {MAX_TEXT} characters"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], words: str) -> None:
    """At construction and by `coerce` and `check` alike, in one sentence that names the setting."""
    assert words in refused(**values)


def test_bounds_themselves_are_allowed() -> None:
    """Both ends of each kind, and the longest text."""
    Example(count=1, size=0.0, span=(-5, 5), widths=(1,) * MAX_LAYERS, words="x" * MAX_TEXT)
    Example(count=2000, size=1.0, widths=(9,))


def test_what_is_derived_is_checked_too() -> None:
    """Settings of a class that derives from another follow those that it has."""

    @dataclass(frozen=True)
    class Derived(Example):
        """One more."""

        more: int = setting(1, "Group", "More", "integer", 0, 2)

    assert list(descriptions(Derived)) == [*EXAMPLE, "more"]
    with pytest.raises(SettingsError, match="More"):
        Derived(more=3)
    with pytest.raises(SettingsError, match="Count"):
        Derived(count=0)


@pytest.mark.parametrize("bounds", [Range(0.0, 1.0), Range(-2.0, 3.0), Range(-5.0, -4.5)])
def test_moments_of_a_range(bounds: Range) -> None:
    """Mean and mean square of values drawn uniformly, by the midpoint rule."""
    count = 10_000
    values = [bounds.at((i + 0.5) / count) for i in range(count)]
    assert bounds.mean == pytest.approx(sum(values) / count)
    assert bounds.mean_square == pytest.approx(sum(v * v for v in values) / count, rel=1e-6)


def test_places_in_a_range() -> None:
    """From its low end to its high one."""
    assert [Range(-2.0, 6.0).at(share) for share in (0, 0.25, 1)] == [-2.0, 0.0, 6.0]


def test_middles_of_even_parts() -> None:
    """Half a part from either end."""
    assert Range(-5.0, 5.0).middles(2) == (-2.5, 2.5)
    assert Range(0.0, 1.0).middles(4) == (0.125, 0.375, 0.625, 0.875)
