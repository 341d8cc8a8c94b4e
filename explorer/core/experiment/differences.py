"""What of an experiment differs from the paper, and what its α amounts to, said for people."""

import math
from typing import Any, NamedTuple

from explorer.core.experiment.settings import DESCRIPTIONS, Range, Settings

PAPER = Settings()
# Section 5.1 does not give them for the sines; the values are those of the authors' code, but for
# the initial weights, which are PyTorch's.
UNSTATED = {"query", "meta_batch", "beta", "iterations", "initialisation"}
_NO_DIFFERENCE = {"seed"}  # chance is part of the experiment, no change to it


class Difference(NamedTuple):
    """A setting that is not the paper's.

    Attributes:
        label: what the setting is called.
        paper: the paper's value.
        ours: the value set here.
    """

    label: str
    paper: str
    ours: str


def differences(settings: Settings) -> list[Difference]:
    """Every setting that differs from the paper, in the order of the form; not the seed.

    Where the paper is silent, its value says so.
    """
    result = []
    for name, description in DESCRIPTIONS.items():
        paper, ours = getattr(PAPER, name), getattr(settings, name)
        if ours != paper and name not in _NO_DIFFERENCE:
            said = value_text(name, paper)
            if name in UNSTATED:
                said = f"not stated, {said} here"
            result.append(Difference(description.label, said, value_text(name, ours)))
    return result


def effective_alpha_text(settings: Settings) -> str:
    """What α amounts to on the mean squared error, such as "0.01 on the sum … is 0.1"."""
    alpha, points = f"{settings.alpha:g}", settings.shots
    effective = f"{settings.effective_alpha:g}"
    match settings.reduction:
        case "sum":
            return f"α = {alpha} on the sum over {points} points is {effective} on the mean."
        case "mean/K":
            return (
                f"α = {alpha} on the mean divided by {points} once more is {effective} on the mean."
            )
        case _:
            return f"α = {alpha} on the mean over {points} points."


def value_text(name: str, value: Any) -> str:
    """A setting's value for people: "0 to π", "40, 40", "70,000", "25 tasks"."""
    description = DESCRIPTIONS[name]
    match description.kind:
        case "range":
            return _range_text(value, in_turns=description.unit == "rad")
        case "layers":
            return ", ".join(map(str, value))
        case "integer":
            unit = description.unit.removesuffix("s") if value == 1 else description.unit
            return f"{value:,} {unit}".rstrip()
        case "number":
            return f"{_number_text(value)} {description.unit}".rstrip()
        case _:
            return str(value)


def _range_text(bounds: Range, in_turns: bool) -> str:
    text = _angle_text if in_turns else _number_text
    return f"{text(bounds.low)} to {text(bounds.high)}"


def _number_text(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _angle_text(value: float) -> str:
    """Radians, as a multiple of π where it is a whole or a half one."""
    halves = round(2 * value / math.pi)
    if halves == 0 or not math.isclose(halves * math.pi / 2, value):
        return _number_text(value)
    multiple = "" if abs(halves) == 2 else f"{abs(halves) / 2:g}"
    return f"{'−' if value < 0 else ''}{multiple}π"
