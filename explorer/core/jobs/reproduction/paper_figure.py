"""What is known of a paper's networks so far, drawn and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.verdict import Yardstick
from explorer.core.figures.figure import Curve, Figure, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.paper import Cell, Entry, Paper
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.protocol import (
    reach_protocol,
    seconds_protocol,
    seeds_text,
)
from explorer.core.jobs.reproduction.published import disagreements, row
from explorer.core.jobs.reproduction.store import Kept
from explorer.core.learners import LEARNERS

SINGLE = "single"  # the closed form that no adaptation is needed for
ASIDE = 0.12  # of the room of a cell, between two of whom it has


@dataclass
class PaperState:
    """What is known so far.

    Attributes:
        kept: trainings by the entry's label, one for each seed.
        found: errors by entry and K.
        yardsticks: what there is to learn, by panel and K.
        judgements: sentences on what was learned.
    """

    kept: dict[str, list[Kept]] = field(default_factory=dict)
    found: dict[tuple[tuple[str, str], int], OverSeeds] = field(default_factory=dict)
    yardsticks: dict[tuple[str, int], Yardstick] = field(default_factory=dict)
    judgements: list[str] = field(default_factory=list)

    def add(self, entry: Entry, shots: int, evaluation: Evaluation, added: float) -> None:
        """One more network of an entry is measured."""
        before = self.found.get((entry.key, shots))
        earlier = before.found if before else ()
        self.found[entry.key, shots] = OverSeeds((*earlier, evaluation), added)


def noise_of(paper: Paper, entry: Entry) -> float:
    """The variance of the noise in the targets on which the paper judges."""
    return entry.settings.noise**2 if paper.noisy else 0.0


def figure_of(plan: Plan, paper: Paper, state: PaperState, complete: bool = False) -> Figure:
    """The paper's numbers beside ours."""
    rows = tuple(
        each
        for entry in paper.entries
        for cell in paper.cells
        if (each := _row(paper, entry, cell, state)) is not None
    )
    return Figure(
        paper.item,
        paper.title,
        tuple(_panel(paper, state, title) for title in paper.panels),
        min(len(paper.panels), 3),
        rows,
        tuple(_protocol(plan, paper, state)),
        tuple(_notes(paper, state, rows)),
        provenance(plan.seed, plan.command(paper.item)),
        complete,
    )


def _row(paper: Paper, entry: Entry, cell: Cell, state: PaperState) -> Row | None:
    found = state.found.get((entry.key, cell.shots))
    if found is None:
        return None
    number = entry.numbers.get(cell)
    return row(paper.item, entry.name, entry.full_label, found, cell.steps, number)


def _panel(paper: Paper, state: PaperState, title: str) -> Panel:
    """Ours with intervals over tasks beside the paper's as outlines, cell by cell."""
    entries = [entry for entry in paper.entries if entry.panel == title]
    curves = [
        curve
        for place, entry in enumerate(entries)
        for curve in _curves(paper, state, entry, (place - (len(entries) - 1) / 2) * ASIDE)
    ]
    curves += _floor(paper, state, entries[0])
    across, names = _along(paper)
    return Panel(title, across, "mean squared error", tuple(curves), log_y=True, names=names)


def _along(paper: Paper) -> tuple[str, tuple[str, ...]]:
    """What all cells share, and what tells them apart."""
    cells = paper.cells
    if len({cell.steps for cell in cells}) == 1:
        return f"after {cells[0].taken}", tuple(cell.points for cell in cells)
    if len(paper.shots) == 1:
        return cells[0].points, tuple(cell.taken for cell in cells)
    return "", tuple(f"{cell.points}, {cell.taken}" for cell in cells)


def _curves(paper: Paper, state: PaperState, entry: Entry, aside: float) -> Iterator[Curve]:
    known = [
        (place, each)
        for place, cell in enumerate(paper.cells)
        if (each := _row(paper, entry, cell, state)) is not None
    ]
    if known:
        x = np.array([place + aside for place, _ in known])
        y, ci95 = (np.array([getattr(each, n) for _, each in known]) for n in ("ours", "ci95"))
        yield Curve(entry.name, entry.label, x, y, y - ci95, y + ci95, markers=True)
    given = [(p, entry.numbers[c]) for p, c in enumerate(paper.cells) if c in entry.numbers]
    if given:
        x = np.array([place + aside for place, _ in given])
        y = np.array([number.mse for _, number in given])
        label = f"{entry.label}, the paper's"
        yield Curve(entry.name, label, x, y, markers=True, hollow=True)


def _floor(paper: Paper, state: PaperState, entry: Entry) -> Iterator[Curve]:
    """The error of the best single function, which is no adaptation's doing."""
    known = [
        (place, state.yardsticks[entry.panel, cell.shots].start + noise_of(paper, entry))
        for place, cell in enumerate(paper.cells)
        if (entry.panel, cell.shots) in state.yardsticks
    ]
    for i, (place, error) in enumerate(known):
        label = "" if i else "Best single function"
        yield Curve(SINGLE, label, np.array([place - 0.4, place + 0.4]), np.full(2, error))


def _protocol(plan: Plan, paper: Paper, state: PaperState) -> Iterator[str]:
    yield from paper.protocol
    trained = "; ".join(_training_text(plan, paper, entry) for entry in paper.entries)
    text = f"Trained from {seeds_text(plan)}, {paper.iterations(plan):,} meta-iterations with "
    yield f"{text}Adam: {trained}."
    if plan.quick:
        yield "This is the quick version, which trains less than the paper."
    noise = "; the variance of the noise is added, as the paper judges on noisy targets"
    yield (
        f"Ours: {plan.amount.tasks} held-out tasks for each K, the same for all, spread evenly "
        f"over their parameters and x (seed {plan.seed}); mean squared error on {GRID_POINTS} "
        f"evenly spaced x{noise * paper.noisy}."
    )
    if paper.floors:
        without = ", without that noise" * paper.noisy
        yield f"What was learned is judged of the networks from seed {plan.seed}{without}."
    yield (
        "Filled: ours with 95 % interval over tasks. Outlined: the paper's. A verdict is “agrees” "
        "while the paper's number lies within our interval, and the paper's where it gives one."
    )
    yield reach_protocol(plan) or "One training each: --seeds tells how far trainings differ."
    for entry in paper.entries:
        lost = {k: f.lost[-1] for (key, k), f in state.found.items() if key == entry.key}
        counts = ", ".join(f"{count} at K = {k}" for k, count in lost.items() if count)
        if counts:
            yield f"{entry.full_label}: lost {counts} by the last step."
    yield from seconds_protocol(state.kept)


def _training_text(plan: Plan, paper: Paper, entry: Entry) -> str:
    """What a network was trained with, in few words."""
    s = paper.training(plan, entry, plan.seed).settings
    layers = "-".join(map(str, s.hidden))
    steps = f"{s.inner_steps} inner step{'s' * (s.inner_steps != 1)}"
    alpha = "" if LEARNERS[entry.learner].hessians is None else f" of α = {_alpha(entry)}"
    return (
        f"{entry.full_label}: {s.meta_batch} tasks, K = {s.shots} and {s.query} query points, "
        f"{steps}{alpha}, {layers} {s.activation}"
    )


def _alpha(entry: Entry) -> str:
    own = entry.settings.value("context_alpha") if entry.learner == "cavia" else None
    return f"{own or entry.settings.alpha:g}"


def _notes(paper: Paper, state: PaperState, rows: tuple[Row, ...]) -> Iterator[str]:
    said = list(disagreements(rows))
    yield from said
    if said:
        yield from paper.reasons
    elif any(row.paper is not None for row in rows):
        yield "Wherever the paper has a number, ours agrees."
    yield from paper.remarks(rows)
    yield from _published_progress(paper, state)
    yield from state.judgements


def _published_progress(paper: Paper, state: PaperState) -> Iterator[str]:
    """How far the paper's own numbers lie below what needs no adaptation."""
    for entry in paper.entries:
        for cell, number in entry.numbers.items():
            yardstick = state.yardsticks.get((entry.panel, cell.shots))
            if yardstick is None or cell.steps == 0:
                continue
            floor = yardstick.start + noise_of(paper, entry)
            share = (floor - number.mse) / (floor - yardstick.goal - noise_of(paper, entry))
            yield (
                f"The paper's {entry.label} ({number.mse:.2f}) has come {100 * share:.0f} % of the "
                f"way from the best single function ({floor:.3f}), which needs no adaptation."
            )
