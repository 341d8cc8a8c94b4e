"""One task on the command line: its parameters by name, in order, or drawn at random."""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from explorer.cli.family_arguments import flag
from explorer.core.base.errors import UserError
from explorer.core.families import DEFAULT_FAMILY, Family
from explorer.core.families.base import Parameter

PARAMETER = "parameter_"  # prefix of names in the parsed arguments


def name_of(parameter: Parameter) -> str:
    """A parameter's name in flags: its label without the symbol."""
    return parameter.label.rpartition(" ")[0].lower().replace(" ", "_")


def add_task(
    parser: ArgumentParser,
    number: Callable[[str], float],
    numbers: Callable[[str], list[float]],
) -> None:
    """Flags for the parameters of a task: by name for the default family, in order for any.

    Args:
        parser: takes them.
        number: reads one value.
        numbers: reads several.
    """
    group = parser.add_argument_group("the task, of the family that the network was trained on")
    for parameter in DEFAULT_FAMILY.parameters:
        group.add_argument(
            flag(name_of(parameter)),
            dest=PARAMETER + name_of(parameter),
            type=number,
            metavar="VALUE",
            help=f"{parameter.label} of a {DEFAULT_FAMILY.label.lower()}",
        )
    group.add_argument(
        "--task",
        type=numbers,
        metavar="V,V",
        help="all parameters of a task of any family, in the order of the window",
    )
    group.add_argument("--task-seed", type=int, metavar="N", help="draw the task at random")


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
    names = [name_of(parameter) for parameter in DEFAULT_FAMILY.parameters]
    if type(family) is not type(DEFAULT_FAMILY):
        wanted = ", ".join(each.label for each in family.parameters)
        how = f"--task with {family.size} numbers ({wanted})" if wanted else "--task-seed"
        raise UserError(f"The network was trained on {family.label} tasks: give {how}.")
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(
            f"A task needs {' and '.join(map(flag, missing))} (or --task, or --task-seed)."
        )
    return tuple(given[name] for name in names)
