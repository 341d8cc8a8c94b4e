"""The arguments of what measures networks. Nothing here imports torch, numpy or Qt."""

from __future__ import annotations

from argparse import ArgumentParser, _ActionsContainer
from pathlib import Path

from explorer.cli.declared_arguments import TITLE, add_declared
from explorer.cli.family_arguments import add_family
from explorer.cli.values import real, whole
from explorer.core.jobs.requests import (
    DESCRIPTIONS,
    MAX_STEPS,
    MAX_TASKS,
    MOST_SEEDS,
    STEP_SIZES,
)


def add_evaluate(parser: ArgumentParser) -> None:
    """Everything that ``evaluate`` can be asked for."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="checkpoint")
    _add_shots(parser, [5, 10, 20])
    add_steps(parser)
    alpha = parser.add_mutually_exclusive_group()
    add_alpha(alpha)
    alpha.add_argument(
        "--own-alpha",
        dest="alpha",
        action="store_const",
        const="own",
        help="each network with the α that it was trained with",
    )
    alpha.add_argument(
        "--tuned-alpha",
        dest="alpha",
        action="store_const",
        const="tuned",
        help="each network with the α that is best for it at each K, found on other tasks",
    )
    _add_tasks(parser)
    compared = parser.add_argument_group("comparing")
    compared.add_argument(
        "--learner",
        type=names,
        default=(),
        metavar="NAME,NAME",
        help="only these learners of the files, and any of zero, single, ideal (closed forms) and "
        "random besides; a file that holds weights alone is taken for the first whose network it "
        "can be",
    )
    compared.add_argument(
        "--against",
        metavar="NAME",
        help="differences to this learner (or file) on the same tasks, and whether they could be "
        "chance",
    )
    _add_export(compared)
    add_declared(parser.add_argument_group(TITLE), whose=False)


def add_grid(parser: ArgumentParser) -> None:
    """Everything that ``grid`` can be asked for."""
    parser.add_argument("file", type=Path, metavar="FILE", help="checkpoint")
    parser.add_argument(
        "--learner",
        metavar="NAME",
        help="which of the file's learners [the one it names]; whose the weights are where it "
        "names none",
    )
    _add_shots(parser, [1, 2, 3, 5, 10, 20, 40])
    add_steps(parser, 20)
    parser.add_argument(
        "--alphas",
        nargs="+",
        type=real(STEP_SIZES.low, STEP_SIZES.high),
        metavar="VALUE",
        help="step sizes α to try beside its own [its own times ⅛, ¼, ½, 2, 4 and 8]",
    )
    _add_tasks(parser)
    _add_export(parser)
    add_declared(parser.add_argument_group(TITLE), whose=False)


def add_inspect(parser: ArgumentParser) -> None:
    """Everything that ``inspect`` can be asked for."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="checkpoint")
    bounds = DESCRIPTIONS["shots"]
    parser.add_argument(
        "--shots",
        type=whole(int(bounds.low), int(bounds.high)),
        default=10,
        metavar="K",
        help="support points [10]",
    )
    add_steps(parser, 5)
    add_alpha(parser)
    _add_count(parser, 200, "fresh tasks")
    _add_seed(parser, "draws the tasks and their points")
    add_declared(parser.add_argument_group(TITLE))


def add_query_points(parser: ArgumentParser) -> None:
    """Everything that ``query-points`` can be asked for."""
    parser.add_argument("--quick", action="store_true", help="train less, for a first look")
    parser.add_argument(
        "--seeds",
        type=whole(1, MOST_SEEDS),
        default=3,
        metavar="N",
        help="trainings with each number of query points [3]",
    )
    _add_count(parser, 1000, "held-out tasks, the same for all")
    _add_seed(parser, "seed of the first trainings, which also draws the tasks")
    _add_export(parser)


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",")))


def add_steps(parser: ArgumentParser, default: int = 10) -> None:
    """How many gradient steps."""
    parser.add_argument(
        "--steps",
        type=whole(0, MAX_STEPS),
        default=default,
        metavar="N",
        help=f"gradient steps [{default}]",
    )


def add_alpha(parser: _ActionsContainer) -> None:
    """The step size."""
    parser.add_argument(
        "--alpha",
        type=real(STEP_SIZES.low, STEP_SIZES.high),
        default=0.01,
        metavar="VALUE",
        help="step size α of the gradient steps; scales step sizes that a learner has of its "
        "own, which are as learned at the α of its training [0.01]",
    )


def _add_shots(parser: ArgumentParser, default: list[int]) -> None:
    bounds = DESCRIPTIONS["shots"]
    parser.add_argument(
        "--shots",
        nargs="+",
        type=whole(int(bounds.low), int(bounds.high), "; name the files before --shots"),
        default=default,
        metavar="K",
        help=f"support points, one or several numbers [{' '.join(map(str, default))}]",
    )


def _add_tasks(parser: ArgumentParser) -> None:
    """How many tasks, which seed, and from which distribution."""
    _add_count(parser, 600, "fresh tasks for each number of support points")
    _add_seed(parser, "draws the tasks and their points")
    add_family(parser.add_argument_group("tasks"), "that of its training")


def _add_count(parser: ArgumentParser, default: int, explanation: str) -> None:
    parser.add_argument(
        "--tasks",
        type=whole(1, MAX_TASKS),
        default=default,
        metavar="N",
        help=f"{explanation} [{default}]",
    )


def _add_seed(parser: ArgumentParser, explanation: str) -> None:
    seed = DESCRIPTIONS["seed"]
    parser.add_argument(
        "--seed",
        type=whole(int(seed.low), int(seed.high)),
        default=0,
        metavar="N",
        help=f"{explanation} [0]",
    )


def _add_export(parser: _ActionsContainer) -> None:
    parser.add_argument(
        "--export", type=Path, metavar="DIR", help="write the figure as SVG, PNG and CSV"
    )
