"""Families of functions: distributions of tasks, and what can be known of them.

A further family is a file with a class derived from `Family`, and a line in `FAMILIES`.
"""

from typing import Any

from explorer.core.base.errors import SettingsError
from explorer.core.families.base import Family
from explorer.core.families.formula import Formula
from explorer.core.families.gaussian_process import RBF, Matern32, Matern52, Periodic
from explorer.core.families.harmonic import Harmonic
from explorer.core.families.line import Line
from explorer.core.families.mmaml import Mmaml2, Mmaml3, Mmaml5
from explorer.core.families.multistep import Multistep
from explorer.core.families.quadratic import Quadratic
from explorer.core.families.sawtooth import Sawtooth
from explorer.core.families.sine import Sine
from explorer.core.families.sine_frequency import SineFrequency
from explorer.core.families.sine_line import SineLine

FAMILIES: dict[str, type[Family]] = {
    family.name: family
    for family in (
        Sine,
        SineFrequency,
        Line,
        Quadratic,
        SineLine,
        Mmaml2,
        Mmaml3,
        Mmaml5,
        Harmonic,
        Multistep,
        Sawtooth,
        *(RBF, Periodic, Matern32, Matern52),
        Formula,
    )
}


# What an experiment is about unless it says otherwise, and a task to begin with.
DEFAULT_FAMILY: Family = Sine()
DEFAULT_TASK = (3.2, 1.0)


def family_named(name: str) -> type[Family]:
    """The family of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in FAMILIES:
        raise SettingsError("family", f"Family must be {' or '.join(FAMILIES)}.")
    return FAMILIES[name]


def default_family(name: str) -> Family:
    """The family of that name with its own ranges.

    Raises:
        SettingsError: there is none.
    """
    kind: Any = family_named(name)
    family: Family = kind()
    return family


__all__ = [
    "DEFAULT_FAMILY",
    "DEFAULT_TASK",
    "FAMILIES",
    "Family",
    "Sine",
    "default_family",
    "family_named",
]
