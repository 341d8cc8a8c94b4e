"""The arguments of every command and their help. Nothing here imports torch or Qt."""

import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, Protocol

import explorer
from explorer.cli import texts
from explorer.cli.declared_arguments import TITLE, WINDOW, add_declared
from explorer.cli.evaluation_arguments import (
    add_alpha,
    add_evaluate,
    add_grid,
    add_inspect,
    add_query_points,
    add_steps,
)
from explorer.cli.family_arguments import SETTING, add_family, entry, family_settings, flag
from explorer.cli.output import PROGRAM
from explorer.cli.task_arguments import add_task
from explorer.cli.values import coordinates, learners, preset, real, whole
from explorer.core.base.errors import UserError
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY, Settings
from explorer.core.jobs.reproduction import ITEMS
from explorer.core.jobs.requests import MOST_SEEDS

MAX_COORDINATE = 1e6
MAX_THREADS = 256
ALL = "all"  # items to reproduce

_SEED = DESCRIPTIONS["seed"]


class Parser(ArgumentParser):
    """An ArgumentParser whose complaints are `UserError`s of one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False, **options)
        # As in Python 3.14: also -1e-3 and -3.2,-1 are values, not flags.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UserError: always.
        """
        raise UserError(f"{message} (see {self.prog} --help)")


class _Commands(Protocol):
    """What ``add_subparsers`` returns, as far as it is used here."""

    def add_parser(self, name: str, **options: Any) -> Parser: ...


def parse(argv: list[str] | None) -> Namespace:
    """The arguments of one command.

    Raises:
        UserError: they make no sense.
    """
    arguments = build_parser().parse_args(argv)
    arguments.words = sys.argv[1:] if argv is None else argv
    given = [
        name
        for name, value in vars(arguments).items()
        if name.startswith(WINDOW) and value is not None and value is not False
    ]
    if given and arguments.command != "window":
        raise UserError(
            f"{flag(given[0].removeprefix(WINDOW))} belongs to the window: options of "
            f"{arguments.command} come after its name"
        )
    return arguments


def build_parser() -> Parser:
    """The whole command line; `command` in its result names the module that runs it."""
    parser = Parser(prog=PROGRAM, description=texts.WINDOW_HELP, epilog=texts.WINDOW_EXAMPLES)
    parser.set_defaults(command="window")
    version = f"MAML Explorer {explorer.__version__}"
    parser.add_argument("--version", action="version", version=version)
    _add_window_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog=PROGRAM)
    _add_train(commands)
    _add_evaluate(commands)
    _add_grid(commands)
    _add_inspect(commands)
    _add_adapt(commands)
    _add_reproduce(commands)
    _add_query_points(commands)
    return parser


def _add_command(commands: _Commands, name: str, help_texts: Mapping[str, str]) -> Parser:
    parser = commands.add_parser(name, **help_texts)
    parser.set_defaults(command=name)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _add_window_options(parser: Parser) -> None:
    options = parser.add_argument_group("options of the window")
    options.add_argument(
        "--open", dest=WINDOW + "open", type=Path, metavar="FILE", help="open a checkpoint"
    )
    options.add_argument(
        "--preset", dest=WINDOW + "preset", type=preset, metavar="NAME", help="choose a preset"
    )
    options.add_argument(
        "--seed",
        dest=WINDOW + "seed",
        type=whole(int(_SEED.low), int(_SEED.high)),
        metavar="N",
        help="choose the seed",
    )
    options.add_argument(
        "--demo",
        dest=WINDOW + "demo",
        action="store_true",
        help="play a demonstration until a key is pressed",
    )
    options.add_argument(
        "--screenshot",
        dest=WINDOW + "screenshot",
        type=Path,
        metavar="PNG",
        help="save a picture of the window and close it",
    )
    add_declared(parser.add_argument_group(f"{TITLE}, to --open"), prefix=WINDOW)


def _add_train(commands: _Commands) -> None:
    help_texts = {
        "help": "train learners and save a checkpoint",
        "description": texts.TRAIN_HELP,
        "epilog": texts.TRAIN_EXAMPLES,
    }
    parser = _add_command(commands, "train", help_texts)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="checkpoint to write: the whole run, with the weights of the first learner for other "
        "programs; with {learner} in its name, one file for each learner",
    )
    parser.add_argument(
        "--preset", type=preset, metavar="NAME", help="one of those listed above [paper]"
    )
    parser.add_argument(
        "--learner",
        type=learners,
        metavar="NAME,NAME",
        help="one or several of those listed above, trained on the same tasks [the preset's, else "
        "maml]",
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="continue this checkpoint exactly; only --iterations may be changed; or, from a file "
        "that holds weights alone, begin a new run of the learners and settings given with them",
    )
    parser.add_argument(
        "--threads",
        type=whole(1, MAX_THREADS),
        metavar="N",
        help="threads that share the work [as many as gain from it]; the same seed gives the same "
        "bits for every N",
    )
    tasks = parser.add_argument_group("tasks: the family of functions and its ranges")
    add_family(tasks, "the preset's")
    of_families = {FAMILY, *family_settings()}
    settings = {name: d for name, d in DESCRIPTIONS.items() if name not in of_families}
    groups = {
        heading: parser.add_argument_group(f"settings: {heading} [the paper's values]")
        for heading in dict.fromkeys(d.group for d in settings.values())
    }
    for name, description in settings.items():
        groups[description.group].add_argument(
            flag(name),
            dest=SETTING + name,
            help=f"{description.label}: {description.help} [{_default(name)}]",
            **entry(description),
        )


def _default(name: str) -> str:
    value = Settings().value(name)
    separator = "," if DESCRIPTIONS[name].kind == "layers" else " "
    parts = value if isinstance(value, tuple) else (value,)
    return separator.join(f"{part:g}" if isinstance(part, float) else f"{part}" for part in parts)


def _add_evaluate(commands: _Commands) -> None:
    help_texts = {
        "help": "measure and compare networks on many fresh tasks",
        "description": texts.EVALUATE_HELP,
        "epilog": texts.EVALUATE_EXAMPLES,
    }
    add_evaluate(_add_command(commands, "evaluate", help_texts))


def _add_grid(commands: _Commands) -> None:
    help_texts = {
        "help": "test one network at every K, step and step size",
        "description": texts.GRID_HELP,
        "epilog": texts.GRID_EXAMPLES,
    }
    add_grid(_add_command(commands, "grid", help_texts))


def _add_inspect(commands: _Commands) -> None:
    help_texts = {
        "help": "why networks adapt as they do: kernel, modes, fan and layers",
        "description": texts.INSPECT_HELP,
        "epilog": texts.INSPECT_EXAMPLES,
    }
    add_inspect(_add_command(commands, "inspect", help_texts))


def _add_adapt(commands: _Commands) -> None:
    help_texts = {
        "help": "adapt a network to points of one task",
        "description": texts.ADAPT_HELP,
        "epilog": texts.ADAPT_EXAMPLES,
    }
    parser = _add_command(commands, "adapt", help_texts)
    parser.add_argument("file", type=Path, metavar="FILE", help="checkpoint")
    coordinate = real(-MAX_COORDINATE, MAX_COORDINATE)
    points = coordinates(MAX_COORDINATE)
    add_task(parser, coordinate, points)
    parser.add_argument(
        "--x", type=points, required=True, metavar="X,X", help="inputs of the support points"
    )
    parser.add_argument(
        "--y", type=points, metavar="Y,Y", help="their targets [on the function, without noise]"
    )
    add_steps(parser)
    add_alpha(parser)
    add_declared(parser.add_argument_group(TITLE))


def _add_reproduce(commands: _Commands) -> None:
    help_texts = {
        "help": "papers' figures and tables, from training to picture",
        "description": texts.REPRODUCE_HELP,
        "epilog": texts.REPRODUCE_EXAMPLES,
    }
    parser = _add_command(commands, "reproduce", help_texts)
    names = (*ITEMS, ALL)
    parser.add_argument("item", choices=names, metavar="ITEM", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="train less, for a first look")
    parser.add_argument(
        "--seed",
        type=whole(int(_SEED.low), int(_SEED.high)),
        default=0,
        metavar="N",
        help="start of every random stream, of training as of evaluation [0]",
    )
    parser.add_argument(
        "--seeds",
        type=whole(1, MOST_SEEDS),
        default=1,
        metavar="N",
        help="train each learner from N seeds, --seed the first, and say how far they differ [1]",
    )
    parser.add_argument(
        "--export", type=Path, metavar="DIR", help="write each figure as SVG, PNG and CSV here"
    )


def _add_query_points(commands: _Commands) -> None:
    help_texts = {
        "help": "MAML trained with few and many query points",
        "description": texts.QUERY_POINTS_HELP,
        "epilog": texts.QUERY_POINTS_EXAMPLES,
    }
    parser = _add_command(commands, "query-points", help_texts)
    parser.set_defaults(command="query_points")
    add_query_points(parser)
