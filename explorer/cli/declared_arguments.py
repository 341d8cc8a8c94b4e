"""What is said of files that hold weights alone. Nothing here imports torch, numpy or Qt."""

from __future__ import annotations

from argparse import Namespace, _ActionsContainer
from collections.abc import Iterable
from typing import Any

from explorer.cli.family_arguments import entry, flag, given_settings
from explorer.core.base.errors import UserError
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY
from explorer.core.families import DEFAULT_FAMILY, FAMILIES
from explorer.core.files.weights_alone import Declaration
from explorer.core.learners import LEARNERS

# Prefixes of names in the parsed arguments, of commands and of the window: these share some flags
# with the settings, and with one another.
DECLARED, WINDOW = "declared_", "window_"
LEARNER = "learner"
TITLE = "files that hold weights alone, such as those of other programs"
# What shapes do not tell, and what holds where nothing is said.
HELP = {
    "hidden": "widths of the hidden layers, to be compared with the file's [the file's]",
    "activation": "activation of the hidden layers [relu]",
    "context_alpha": "CAVIA's step size on its context values, which are the inputs after the "
    "first and begin at zero [1]",
}
NAMES = (LEARNER, FAMILY, *HELP)


def add_declared(parser: _ActionsContainer, *, whose: bool = True, prefix: str = DECLARED) -> None:
    """What can be said of weights whose file says nothing of itself.

    Args:
        parser: takes it.
        whose: whether learner and family are said here, or by flags of the command's own.
        prefix: of the names in the parsed arguments.
    """
    if whose:
        parser.add_argument(
            flag(LEARNER),
            dest=prefix + LEARNER,
            metavar="NAME",
            help="whose they are, such as cavia or oracle [maml, with one input]",
        )
        parser.add_argument(
            flag(FAMILY),
            dest=prefix + FAMILY,
            metavar="NAME",
            help=f"functions that they were trained on: {', '.join(FAMILIES)} "
            f"[{DEFAULT_FAMILY.name}]",
        )
    for name, text in HELP.items():
        parser.add_argument(flag(name), dest=prefix + name, help=text, **entry(DESCRIPTIONS[name]))


def declared(arguments: Namespace, prefix: str = DECLARED) -> dict[str, Any]:
    """What is said, by name; learner and family only where they are said by these flags."""
    values = {name: getattr(arguments, prefix + name, None) for name in NAMES}
    return {name: value for name, value in values.items() if value is not None}


def declaration(
    arguments: Namespace, learners: Iterable[str] = (), prefix: str = DECLARED
) -> Declaration:
    """What holds for files that say nothing of themselves, the tasks asked for included.

    Args:
        arguments: as parsed.
        learners: names given by a flag of the command's own; others than learners' are passed by.
        prefix: of the names in the parsed arguments.

    Raises:
        UserError: there is no such learner.
    """
    said = declared(arguments, prefix)
    name = said.pop(LEARNER, None)
    if name is not None and name not in LEARNERS:
        *others, last = LEARNERS
        raise UserError(
            f"{flag(LEARNER)}: unknown learner {name!r}: choose {', '.join(others)} or {last}."
        )
    names = [each for each in (name, *learners) if each in LEARNERS]
    return Declaration(tuple(names), given_settings(arguments) | said)


def check_needed(arguments: Namespace, any_bare: bool) -> None:
    """Check that what is said is said of some file.

    Raises:
        UserError: every file says it itself.
    """
    said = declared(arguments)
    if said and not any_bare:
        raise UserError(
            f"{', '.join(map(flag, said))}: for files that hold weights alone; those given say it "
            "themselves, so leave it out."
        )
