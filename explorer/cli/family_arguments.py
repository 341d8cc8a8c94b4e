"""The settings of families of functions as flags. Nothing here imports torch, numpy or Qt."""

from __future__ import annotations

from argparse import Namespace, _ActionsContainer
from collections.abc import Mapping
from typing import Any

from explorer.core.base.errors import SettingsError, UserError
from explorer.core.base.fields import Description, descriptions, plain_values
from explorer.core.families import FAMILIES, Family

SETTING = "setting_"  # prefix of names in the parsed arguments: commands share some flags


def flag(name: str) -> str:
    """The flag of a setting."""
    return "--" + name.replace("_", "-")


def entry(description: Description) -> dict[str, Any]:
    """How a setting is entered; its value stays text, which its family reads and checks."""
    match description.kind:
        case "range":
            return {"nargs": 2, "metavar": ("LOW", "HIGH")}
        case "layers":
            return {"metavar": "N,N"}
        case "choice":
            return {"metavar": "|".join(description.choices)}
        case "integer":
            return {"metavar": "N"}
        case "text":
            return {"metavar": "TEXT"}
        case "number":
            return {"metavar": "VALUE"}


def family_settings() -> dict[str, dict[str, Description]]:
    """Every setting that some family has, with its description in each that has it."""
    result: dict[str, dict[str, Description]] = {}
    for family in FAMILIES.values():
        for name, description in descriptions(family).items():
            result.setdefault(name, {})[family.name] = description
    return result


def add_family(parser: _ActionsContainer, default: str) -> None:
    """The choice of a family, and a flag for each setting of any family.

    Args:
        parser: takes them.
        default: what holds where nothing is said, for the reader.
    """
    parser.add_argument(
        "--family",
        dest=SETTING + "family",
        metavar="NAME",
        help=f"Family of functions: {', '.join(FAMILIES)} [{default}]",
    )
    for name, in_families in family_settings().items():
        first = next(iter(in_families.values()))
        whose = "" if len(in_families) == len(FAMILIES) else f" ({', '.join(in_families)})"
        parser.add_argument(
            flag(name), dest=SETTING + name, help=f"{first.label}: {first.help}{whose}",
            **entry(first),
        )  # fmt: skip


def given_settings(arguments: Namespace) -> dict[str, Any]:
    """The settings named on the command line, as text."""
    return {
        name.removeprefix(SETTING): value
        for name, value in vars(arguments).items()
        if name.startswith(SETTING) and value is not None
    }


def changed_by_flags(family: Family, given: Mapping[str, Any]) -> Family:
    """A family with other values of some settings.

    Raises:
        UserError: it has no such setting, or a value is impossible; the flag is named.
    """
    known = descriptions(type(family))
    for name in given:
        if name not in known:
            has = ", ".join(map(flag, known))
            raise UserError(f"{flag(name)}: {family.label} tasks have no such setting, only {has}.")
    try:
        return family.changed(**given)
    except SettingsError as error:
        raise UserError(f"{flag(error.field)}: {error}") from error


def described(family: Family) -> dict[str, Any]:
    """A task distribution as one object for JSON."""
    return {"family": family.name, **plain_values(family, descriptions(type(family)))}
