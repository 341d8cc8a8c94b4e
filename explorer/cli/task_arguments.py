"""One task on the command line: its parameters by name, in order, or drawn at random."""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from explorer.cli.family_arguments import flag
from explorer.core.base.errors import UserError
from explorer.core.families import FAMILIES, Family, default_family
from explorer.core.families.base import Parameter

PARAMETER = "parameter_"  # prefix of names in the parsed arguments


def name_of(parameter: Parameter) -> str:
    """A parameter's name in flags: its label without the symbol; empty if that is all it has."""
    words, _, symbol = parameter.label.rpartition(" ")
    return words.lower().replace(" ", "_").replace("-", "_") if symbol else ""


def add_task(
    parser: ArgumentParser,
    number: Callable[[str], float],
    numbers: Callable[[str], list[float]],
) -> None:
    """Flags for the parameters of the tasks of every family.

    Args:
        parser: takes them.
        number: reads one value.
        numbers: reads several.
    """
    group = parser.add_argument_group("the task, of the family that the network was trained on")
    for name, families in _names().items():
        group.add_argument(
            flag(name),
            dest=PARAMETER + name,
            type=number,
            metavar="VALUE",
            help=f"parameter of {', '.join(families)}",
        )
    group.add_argument(
        "--task", type=numbers, metavar="V,V", help="all of its parameters, in their order"
    )
    group.add_argument("--task-seed", type=int, metavar="N", help="draw it at random instead")


def _names() -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for family in map(default_family, FAMILIES):
        for name in dict.fromkeys(map(name_of, family.parameters)):
            if name:
                result.setdefault(name, []).append(family.name)
    return result


def task_from(arguments: Namespace, family: Family) -> tuple[float, ...]:
    """The parameters of the task that is asked for.

    Raises:
        UserError: some are missing, or belong to no task of this family.
    """
    given = {
        name.removeprefix(PARAMETER): value
        for name, value in vars(arguments).items()
        if name.startswith(PARAMETER) and value is not None
    }
    ways = [bool(given), arguments.task is not None, arguments.task_seed is not None]
    if sum(ways) > 1:
        raise UserError("Give the task once: by its parameters, by --task or by --task-seed.")
    if arguments.task_seed is not None:
        return family.drawn(random.Random(arguments.task_seed))
    if arguments.task is not None:
        if len(arguments.task) != family.size:
            raise UserError(
                f"--task: {len(arguments.task)} numbers; {family.label} tasks have {family.size}."
            )
        return tuple(arguments.task)
    return _by_name(given, family)


def _by_name(given: dict[str, float], family: Family) -> tuple[float, ...]:
    names = [name_of(parameter) for parameter in family.parameters]
    distinct = len(set(names)) == len(names) == family.size and all(names)
    if not distinct:
        raise UserError(f"{family.label} tasks: give --task-seed, or --task with all numbers.")
    missing = [flag(name) for name in names if name not in given]
    strange = [flag(name) for name in given if name not in names]
    if missing or strange:
        wanted = " and ".join(map(flag, names))
        raise UserError(f"{family.label} tasks take {wanted} (or --task-seed): give just these.")
    return tuple(given[name] for name in names)
