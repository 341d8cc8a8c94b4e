"""Families of functions: distributions of tasks, and what can be known of them.

A further family is a file with a class derived from `Family`, and a line in `FAMILIES`.
"""

from explorer.core.base.errors import SettingsError
from explorer.core.families.base import Family
from explorer.core.families.formula import Formula
from explorer.core.families.gaussian_process import RBF, Matern32, Matern52, Periodic
from explorer.core.families.sine import Sine

FAMILIES: dict[str, type[Family]] = {
    family.name: family
    for family in (
        Sine,
        *(RBF, Periodic, Matern32, Matern52),
        Formula,
    )
}


def family_named(name: str) -> type[Family]:
    """The family of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in FAMILIES:
        raise SettingsError("family", f"Family must be {' or '.join(FAMILIES)}.")
    return FAMILIES[name]


__all__ = ["FAMILIES", "Family", "Sine", "family_named"]
