"""Settings as fields of frozen dataclasses: what each is called, means and may be.

Families of functions, learners and experiments declare their settings with `setting`; forms,
flags, checks and files are generated from the descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from explorer.core.base.errors import SettingsError

Kind = Literal["integer", "number", "range", "layers", "choice", "text"]

MAX_LAYERS = 5
MAX_TEXT = 300


class Range(NamedTuple):
    """An interval from which values are drawn uniformly."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """The value a share of the way from low to high."""
        return self.low + (self.high - self.low) * share

    def middles(self, parts: int) -> tuple[float, ...]:
        """The values in the middles of so many even parts."""
        return tuple(self.at((part + 0.5) / parts) for part in range(parts))

    def share(self, value: float) -> float:
        """How far from low to high a value lies: 0 to 1 for those of the range."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    @property
    def mean(self) -> float:
        """The mean of values drawn uniformly."""
        return (self.low + self.high) / 2

    @property
    def mean_square(self) -> float:
        """The mean of the squares of values drawn uniformly."""
        return (self.low * self.low + self.low * self.high + self.high * self.high) / 3

    @property
    def variance(self) -> float:
        """The variance of values drawn uniformly."""
        return (self.high - self.low) ** 2 / 12

    def mean_power(self, power: int) -> float:
        """E[uⁿ] of values u drawn uniformly: the mean of all lowᵏ·highⁿ⁻ᵏ."""
        terms = (self.low**k * self.high ** (power - k) for k in range(power + 1))
        return sum(terms) / (power + 1)


@dataclass(frozen=True)
class Description:
    """What a setting is called, means and may be.

    Attributes:
        group: heading under which the panel shows it.
        label: name with the paper's symbol.
        kind: how it is entered.
        low: smallest value allowed (of each part, for ranges and layers).
        high: largest value allowed.
        unit: unit, or empty.
        help: one line for the reader.
        step: increment of the entry field.
        choices: the values of a choice.
        captions: what people read for each of them in the window; empty if the value itself.
    """

    group: str
    label: str
    kind: Kind
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    help: str = ""
    step: float = 1.0
    choices: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()


def setting(default: Any, *args: Any, **kwargs: Any) -> Any:
    """A field of a dataclass with a default and, further, what its `Description` takes."""
    return field(default=default, metadata={"description": Description(*args, **kwargs)})


def descriptions(kind: type) -> dict[str, Description]:
    """The descriptions of a dataclass's settings by name; other fields are left out."""
    return {
        each.name: each.metadata["description"]
        for each in fields(kind)
        if "description" in each.metadata
    }


class Checked:
    """A frozen dataclass whose settings are put into their own types and checked.

    Raises:
        SettingsError: a value is of the wrong type or out of bounds.
    """

    def __post_init__(self) -> None:
        for name, description in descriptions(type(self)).items():
            value = coerce(name, description, getattr(self, name))
            check(name, description, value)
            object.__setattr__(self, name, value)


def plain_values(settings: object, names: Mapping[str, Description]) -> dict[str, Any]:
    """Settings as plain values, ready for JSON."""
    values = {name: getattr(settings, name) for name in names}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError
    return int(value)


_WANTED = {
    "integer": "a whole number",
    "number": "a number",
    "range": "two numbers",
    "layers": "whole numbers separated by commas, such as 40, 40",
    "text": "text",
}


def coerce(name: str, description: Description, value: Any) -> Any:
    """A setting's value in its own type, from JSON, a text field or the command line.

    Raises:
        SettingsError: the value is not of that kind.
    """
    try:
        match description.kind:
            case "integer":
                return _whole(value)
            case "number":
                return _number(value)
            case "range":
                if isinstance(value, str):
                    raise ValueError
                low, high = value
                return Range(_number(low), _number(high))
            case "layers":
                parts = value.split(",") if isinstance(value, str) else value
                return tuple(_whole(part) for part in parts)
            case "choice":
                return str(value)
            case "text":
                if not isinstance(value, str):
                    raise ValueError
                return value
    except (TypeError, ValueError, OverflowError):
        wanted = _WANTED[description.kind]
        raise SettingsError(name, f"{description.label} must be {wanted}.") from None


def check(name: str, description: Description, value: Any) -> None:
    """Check a value of the right type.

    Raises:
        SettingsError: it is out of bounds.
    """
    label = description.label
    if description.kind == "text":
        if len(value) > MAX_TEXT:
            raise SettingsError(name, f"{label} must have at most {MAX_TEXT} characters.")
        return
    if description.kind == "choice":
        if value not in description.choices:
            raise SettingsError(name, f"{label} must be {' or '.join(description.choices)}.")
        return
    parts = value if isinstance(value, tuple) else (value,)
    if description.kind == "layers" and not 1 <= len(parts) <= MAX_LAYERS:
        raise SettingsError(name, f"{label}: give 1 to {MAX_LAYERS} layers.")
    if not all(description.low <= part <= description.high for part in parts):
        bounds = " and ".join(
            f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
            for bound in (description.low, description.high)
        )
        raise SettingsError(name, f"{label} must lie between {bounds}.")
    if description.kind == "range" and not parts[0] < parts[1]:
        raise SettingsError(name, f"{label}: the first value must be below the second.")
