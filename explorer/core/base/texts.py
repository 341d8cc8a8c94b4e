"""Numbers, losses and settings as text for people."""

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


def loss_text(value: float | None) -> str:
    """A loss as people read it: three significant digits, never a bare inf or nan."""
    if value is None or math.isnan(value):
        return "–"
    if not math.isfinite(value):
        return "diverged"
    if value != 0 and not 1e-3 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}·10{superscript(int(exponent))}"
    return f"{value:.3f}" if value < 10 else f"{value:.4g}"


def superscript(number: int) -> str:
    """A whole number in raised digits."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def subscript(number: int) -> str:
    """A whole number in lowered digits."""
    return str(number).translate(str.maketrans("-0123456789", "₋₀₁₂₃₄₅₆₇₈₉"))


def plain_loss_text(value: float) -> str:
    """A loss to three decimals, to three digits where it is large, a dash where it is none."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.3g}"


def short_loss_text(mse: float) -> str:
    """An error in the few characters that a cell has room for; a dash where there is none."""
    if not math.isfinite(mse):
        return "–"
    return f"{mse:.2f}" if mse < 100 else f"{mse:.1e}"


def with_interval(mean: float, ci95: float) -> str:
    """A mean and its interval, to two digits of the interval."""
    if not math.isfinite(ci95):
        return f"{mean:.3g}"
    size = ci95 or abs(mean)
    decimals = 1 - math.floor(math.log10(size)) if size else 2
    if not -3 < decimals <= 6:
        return f"{mean:.2e} ± {ci95:.1e}"
    return f"{mean:.{max(decimals, 0)}f} ± {ci95:.{max(decimals, 0)}f}"
