"""Families of functions: distributions of tasks, and what can be known of them.

A further family is a file with a class derived from `Family`, and a line in `FAMILIES`.
"""

from typing import Any

from explorer.core.base.errors import SettingsError
from explorer.core.families.base import Family
from explorer.core.families.sine import Sine

FAMILIES: dict[str, type[Family]] = {family.name: family for family in (Sine,)}


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


__all__ = ["FAMILIES", "Family", "Sine", "default_family", "family_named"]
