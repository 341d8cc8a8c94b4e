"""``maml-explorer reproduce``: papers' figures and tables, trained, measured and exported."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from explorer.cli.interruption import INTERRUPTED, interruptible
from explorer.cli.jobs import run_job, write
from explorer.cli.output import emit, emit_json, say, table
from explorer.cli.parser import ALL
from explorer.cli.values import check_folder
from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import plain_loss_text
from explorer.core.figures.figure import Figure, Row
from explorer.core.jobs.reproduction import ITEMS, Item, Plan, standard_store
from explorer.core.jobs.requests import DESCRIPTIONS


def run(arguments: Namespace) -> int:
    """Reproduce what was asked for and print it; what is finished is printed in any case."""
    check_folder("--export", arguments.export)
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    wanted = _wanted(arguments.item)
    _check_seeds(arguments, wanted)
    plan = Plan(arguments.quick, arguments.seed, standard_store(), seeds=arguments.seeds)
    figures: list[Figure] = []
    begin = time.perf_counter()
    with interruptible() as interruption, cancelled_when(lambda: interruption.asked):
        try:
            for item in wanted:
                own = plan if item.seeds else replace(plan, seeds=1)
                figures.append(run_job(item.job(own), item.name))
                _hand_over(figures[-1], arguments)
        except CancelledWorkError:
            pass  # what has been trained is kept
        finally:
            if arguments.json and figures:
                emit_json(_result(figures, plan, time.perf_counter() - begin))
    if len(figures) == len(wanted):
        return 0
    say(
        f"interrupted; what has been trained is kept in {plan.store}, and the same command goes "
        "on from there."
    )
    return INTERRUPTED


def _wanted(name: str) -> list[Item]:
    if name == ALL:
        return [item for item in ITEMS.values() if not item.apart]
    return [ITEMS[name]]


def _check_seeds(arguments: Namespace, wanted: list[Item]) -> None:
    """Check that so many seeds can be had.

    Raises:
        UserError: there are not so many from the first on, or nothing asked for judges learners.
    """
    if arguments.seeds > 1 and not any(item.seeds for item in wanted):
        raise UserError(
            f"{arguments.item} shows single networks, of one seed: leave out --seeds, or ask for "
            f"{' or '.join(name for name, item in ITEMS.items() if item.seeds)}."
        )
    most = int(DESCRIPTIONS["seed"].high)
    if arguments.seed + arguments.seeds - 1 > most:
        raise UserError(f"--seed and --seeds: the last seed may be {most:,} at most.")


def _hand_over(figure: Figure, arguments: Namespace) -> None:
    write(figure, arguments.export)
    if not arguments.json:
        emit(_text(figure) + "\n")
        sys.stdout.flush()


def _text(figure: Figure) -> str:
    """Title, numbers, notes and protocol."""
    several = any(row.seeds > 1 for row in figure.rows)
    widths = ["± 95 %", *["± seeds"] * several]
    header = [
        "learner",
        "K",
        "steps",
        "paper",
        "ours",
        *widths,
        "median",
        "kept",
        "lost",
        "verdict",
    ]
    cells = [_cells(row, several) for row in figure.rows]
    width = max((len(row[0]) for row in cells), default=0)
    lines = table(header, [[row[0].ljust(width), *row[1:]] for row in cells])
    parts = [figure.title, lines, *_listed(figure.notes), *_listed(figure.protocol)]
    return "\n".join([*parts, figure.provenance])


def _listed(sentences: Iterable[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _cells(row: Row, several: bool) -> list[str]:
    return [
        row.label,
        str(row.shots),
        str(row.steps),
        plain_loss_text(row.paper) if row.paper is not None else "",
        plain_loss_text(row.ours),
        plain_loss_text(row.ci95),
        *[plain_loss_text(row.ci95_seeds)] * several,
        *("" if each is None else plain_loss_text(each) for each in (row.median, row.kept)),
        str(row.diverged + row.astray),
        row.verdict,
    ]


def _result(figures: Iterable[Figure], plan: Plan, seconds: float) -> dict[str, Any]:
    rows = [asdict(row) for figure in figures for row in figure.rows]
    return {
        "quick": plan.quick,
        "seed": plan.seed,
        "seeds": plan.seeds,
        "seconds": seconds,
        "rows": rows,
        "figures": [
            {
                "item": figure.item,
                "title": figure.title,
                "notes": figure.notes,
                "protocol": figure.protocol,
                "provenance": figure.provenance,
            }
            for figure in figures
        ],
    }
