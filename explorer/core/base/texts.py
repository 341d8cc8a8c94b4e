"""Numbers and settings as text for people."""

import math
from typing import Any

from explorer.core.base.fields import Description, Range


def number_text(value: float) -> str:
    """A number in a few digits, with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def angle_text(value: float) -> str:
    """Radians, as a multiple of π where it is a whole or a half one."""
    halves = round(2 * value / math.pi)
    if halves == 0 or not math.isclose(halves * math.pi / 2, value):
        return number_text(value)
    multiple = "" if abs(halves) == 2 else f"{abs(halves) / 2:g}"
    return f"{'−' if value < 0 else ''}{multiple}π"


def range_text(bounds: Range, description: Description) -> str:
    """Both ends of a range, angles as multiples of π: "0 to π"."""
    text = angle_text if description.unit == "rad" else number_text
    return f"{text(bounds.low)} to {text(bounds.high)}"


def value_text(description: Description, value: Any) -> str:
    """A setting's value for people: "0 to π", "40, 40", "70,000", "25 tasks"."""
    match description.kind:
        case "range":
            return range_text(value, description)
        case "layers":
            return ", ".join(map(str, value))
        case "integer":
            unit = description.unit.removesuffix("s") if value == 1 else description.unit
            return f"{value:,} {unit}".rstrip()
        case "number":
            return f"{number_text(value)} {description.unit}".rstrip()
        case _:
            return str(value)
