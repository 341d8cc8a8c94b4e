"""Do the 95 % intervals of evaluations hold the truth 95 times in 100?

``python -m tests.calibration`` evaluates every shipped network from many seeds, counts how often
the interval around the mean over all tasks, around the mean of the kept (where it is shown) and
around the paired difference to MAML holds the truth, and prints a table. The truth is one
evaluation from another seed on so many more tasks that its own error is small beside the intervals.
It takes most of an hour on one core; ``--seeds``, ``--truth``, ``--shots`` and ``--learners`` take
less.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import comb
from typing import NamedTuple

import numpy as np

from explorer.core.adaptation.starting_point import Start
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.evaluation import block_errors, summarise
from explorer.core.evaluation.paired_differences import paired
from explorer.core.evaluation.task_errors import TaskErrors
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import load
from explorer.core.learners import MAML
from explorer.resources import shipped_checkpoints

STEPS = (0, 1, 5, 10)
TRUTH_SEED = 1_000_000_000
LEAST, MOST = 0.92, 0.98  # coverage aimed for
SHOWN = 0.5  # the mean of the kept is judged where at least so many seeds show it


class Member(NamedTuple):
    """A shipped network."""

    name: str
    start: Start
    settings: Settings


class Cell(NamedTuple):
    """How often one kind of interval held the truth.

    Attributes:
        kind: "all tasks", "kept" or "pairs".
        name: the learner.
        shots: K.
        step: gradient steps.
        held: intervals that held it.
        seeds: intervals there were.
        truth_error: half-width of the truth's own interval over the median half-width.
    """

    kind: str
    name: str
    shots: int
    step: int
    held: int
    seeds: int
    truth_error: float

    @property
    def coverage(self) -> float:
        """Share of the intervals that held the truth."""
        return self.held / self.seeds

    @property
    def good(self) -> bool:
        """Whether that is what was aimed for."""
        return LEAST <= self.coverage <= MOST

    def text(self) -> str:
        """In a line."""
        return (
            f"{self.kind:<9}  {self.name:<15}  K = {self.shots:<2}  step {self.step:<2}  "
            f"{100 * self.coverage:5.1f} %"
        )


def members() -> list[Member]:
    """Every shipped network, MAML's first."""
    return [
        Member(name, start, found.settings)
        for found in map(load, shipped_checkpoints())
        for name, start in found.starting_points().items()
    ]


def errors_of(member: Member, shots: int, tasks: int, seed: int) -> TaskErrors:
    """What a network did on an evaluation's tasks, after the steps of `STEPS`."""
    blocks = block_errors(
        member.start,
        member.settings.family,
        shots=shots,
        steps=STEPS[-1],
        tasks=tasks,
        alpha=member.settings.effective_alpha,
        seed=seed,
    )
    every = TaskErrors.joined(blocks)
    at = list(STEPS)
    return replace(every, mse=every.mse[at], diverged=every.diverged[at], astray=every.astray[at])


def cells_of(
    member: Member, shots: int, tasks: int, truth_tasks: int, reference: list[TaskErrors]
) -> Iterator[Cell]:
    """All cells of a network at one K.

    Args:
        member: the network.
        shots: K.
        tasks: of each evaluation.
        truth_tasks: of the truth.
        reference: MAML's errors, the truth's first, then one for each seed.
    """
    truth, *runs = (
        errors_of(member, shots, truth_tasks if seed is None else tasks, seed or TRUTH_SEED)
        for seed in (None, *range(1, len(reference)))
    )
    known = summarise(truth, shots)
    found = [summarise(run, shots) for run in runs]
    pairs = [paired(mine, theirs) for mine, theirs in zip(runs, reference[1:], strict=True)]
    known_pairs = paired(truth, reference[0])
    for i, step in enumerate(STEPS):
        where = member.name, shots, step
        full = [(one.full[i], one.full_ci95[i]) for one in found]
        yield _cell("all tasks", where, full, known.full[i], known.full_ci95[i])
        kept = [(one.mse[i], one.ci95[i]) for one in found if np.isfinite(one.mse[i])]
        if len(kept) >= SHOWN * len(found) and any(one.lost[i] for one in found):
            mean = float(truth.mse[i][~truth.lost[i]].mean())
            yield _cell("kept", where, kept, mean, known.ci95[i])
        if member.name != MAML.name:
            gaps = [(pair[i].mean, pair[i].ci95) for pair in pairs]
            yield _cell("pairs", where, gaps, known_pairs[i].mean, known_pairs[i].ci95)


def _cell(
    kind: str,
    where: tuple[str, int, int],
    intervals: Sequence[tuple[float, float]],
    truth: float,
    own: float,
) -> Cell:
    held = sum(abs(mean - truth) <= half for mean, half in intervals)
    typical = float(np.median([half for _, half in intervals]))
    return Cell(kind, *where, held, len(intervals), own / typical)


def measured(
    chosen: Sequence[Member], shots: Sequence[int], tasks: int, seeds: int, truth: int
) -> Iterator[Cell]:
    """The cells of every network at every K, one after another."""
    maml = chosen[0]
    for k in shots:
        reference = [errors_of(maml, k, truth * tasks, TRUTH_SEED)]
        reference += [errors_of(maml, k, tasks, seed) for seed in range(1, seeds + 1)]
        for member in chosen:
            yield from cells_of(member, k, tasks, truth * tasks, reference)


def report(cells: Sequence[Cell]) -> str:
    """A line for each K, step and kind, then those that are not as aimed for."""
    lines = [
        f"{'K':>2}  {'step':>4}  {'interval':<9}  {'typical':>7}  {'least':>6}  {'most':>6}  "
        "not 92 to 98 %"
    ]
    ordered = sorted(cells, key=lambda cell: (cell.kind, cell.shots, cell.step))
    for (kind, shots, step), group in groupby(ordered, lambda c: (c.kind, c.shots, c.step)):
        here = list(group)
        shares = [100 * cell.coverage for cell in here]
        lines.append(
            f"{shots:>2}  {step:>4}  {kind:<9}  {np.median(shares):>7.1f}  {min(shares):>6.1f}  "
            f"{max(shares):>6.1f}  {sum(not cell.good for cell in here)} of {len(here)}"
        )
    wrong = [cell.text() for cell in ordered if not cell.good]
    chance = np.mean([_outside(cell.seeds) for cell in cells]) * len(cells)
    return "\n".join(
        [
            *lines,
            *wrong,
            f"{len(wrong)} of {len(cells)} are not between 92 and 98 %; if all were 95 %, counting "
            f"so few seeds would put {chance:.0f} there. Error of the truth over the interval: "
            f"median {np.median([cell.truth_error for cell in cells]):.3f}, "
            f"largest {max(cell.truth_error for cell in cells):.3f}.",
        ]
    )


def _outside(seeds: int) -> float:
    """The chance that intervals which hold 95 times in 100 are found outside 92 to 98 %."""
    inside = [n for n in range(seeds + 1) if LEAST <= n / seeds <= MOST]
    return 1 - sum(comb(seeds, n) * 0.95**n * 0.05 ** (seeds - n) for n in inside)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=200, help="evaluations of each network")
    parser.add_argument("--tasks", type=int, default=600, help="tasks of each of them")
    parser.add_argument(
        "--truth", type=int, default=200, help="how many times as many tasks are the truth"
    )
    parser.add_argument("--shots", type=int, nargs="+", default=[5, 10, 20], help="numbers K")
    parser.add_argument("--learners", nargs="+", help="those to check besides MAML; all by default")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    every = members()
    chosen = [m for m in every if m is every[0] or not given.learners or m.name in given.learners]
    cells = []
    for cell in measured(chosen, given.shots, given.tasks, given.seeds, given.truth):
        cells.append(cell)
        sys.stderr.write(f"{cell.text()}\n")
    sys.stdout.write(f"{report(cells)}\n")


if __name__ == "__main__":
    main()
