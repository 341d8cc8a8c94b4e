"""Table 2 of the paper: 5-shot errors of MAML, the multi-task baselines and the other learners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from explorer.core.evaluation.evaluation import MOST_LOST
from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Curve, Figure, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.plan import (
    FULL,
    PENALTIES,
    PENALTIES_TRIED,
    SHARED_START,
    Plan,
)
from explorer.core.jobs.reproduction.protocol import (
    diverged_protocol,
    evaluation_protocol,
    reach_protocol,
    seconds_protocol,
    sizes_text,
    training_protocol,
    tuning_protocol,
)
from explorer.core.jobs.reproduction.published import (
    TABLE2_SHOTS,
    TABLE2_STEPS,
    Published,
    disagreements,
    row,
)
from explorer.core.jobs.reproduction.steps import FEW_STEPS
from explorer.core.jobs.reproduction.store import trained
from explorer.core.jobs.reproduction.table_lines import (
    AUTHORS,
    AUTHORS_ALPHA,
    LEFT_OUT,
    PAPERS,
    SHARED,
    SHARED_LABEL,
    TableEntry,
    TableResult,
    entries,
)
from explorer.core.jobs.reproduction.tasks import (
    evaluate_on_plan,
    evaluation_seconds,
    tune_on_plan,
    tuning_seconds,
)
from explorer.core.learners import FIRST_ORDER, LEARNERS, MAML
from explorer.core.learners.averaged import AveragedOptions


def table2(plan: Plan) -> Job[Figure]:
    """Table 2 with the paper's numbers beside ours."""
    lines = entries(plan)
    # The averaged networks take longest: something is to be seen before.
    order = sorted(lines, key=lambda e: LEARNERS[e.training.learner].own_tasks is not None)
    wanted = [(e, e.training.from_seed(seed)) for seed in plan.training_seeds for e in order]
    waiting = [training.seconds_left(plan.store) for _, training in wanted]
    measuring = evaluation_seconds(plan, FEW_STEPS)
    tuning = tuning_seconds(plan, FEW_STEPS)
    total = sum(waiting) + sum(measuring + tuning * entry.tuned for entry, _ in wanted)
    found: dict[str, TableResult] = {}
    figure = _figure(plan, lines, found)
    meter = Meter(total, figure)
    for (entry, training), work in zip(wanted, waiting, strict=True):
        kept = yield from trained(meter, work, training, plan.store)
        asked = kept.start, plan, TABLE2_SHOTS, FEW_STEPS
        alpha = training.settings.alpha if entry.alpha is None else entry.alpha
        if entry.tuned:
            alpha = yield from tune_on_plan(meter, *asked, entry.label)
        evaluation = yield from evaluate_on_plan(meter, *asked, alpha, entry.label)
        before = found.get(entry.name) or TableResult(entry, (), (), OverSeeds(()))
        found[entry.name] = before.and_one_more(kept, alpha, evaluation)
        meter.figure = figure = _figure(plan, lines, found)
        yield meter.at(1.0)
    meter.figure = figure = replace(figure, complete=True)
    yield meter.end()
    return figure


def _row(found: TableResult, step: int) -> Row:
    entry, error = found.entry, found.entry.paper.get(step)
    paper = None if error is None else Published(error)
    return row("table2", entry.name, entry.label, found.evaluation, step, paper)


def _figure(plan: Plan, lines: Sequence[TableEntry], found: Mapping[str, TableResult]) -> Figure:
    known = [found[entry.name] for entry in lines if entry.name in found]
    rows = [_row(each, step) for each in known for step in TABLE2_STEPS]
    return Figure(
        "table2",
        "Table 2: 5-shot error, the paper's and ours",
        tuple(_panel(lines, rows, step) for step in TABLE2_STEPS),
        len(TABLE2_STEPS),
        tuple(rows),
        _protocol(plan, known),
        tuple(_notes(plan, rows, known)),
        provenance(plan.seed, plan.command("table2")),
    )


def _panel(lines: Sequence[TableEntry], rows: Sequence[Row], step: int) -> Panel:
    """Ours with intervals and the paper's as outlines, one column for each line of the table."""
    here = {row.learner: row for row in rows if row.steps == step}
    curves = []
    for place, entry in enumerate(lines):
        x = np.array([float(place)])
        row = here.get(entry.name)
        if row is not None:
            y = np.array([row.ours])
            low, high = y - row.ci95, y + row.ci95
            curves.append(Curve(entry.name, entry.label, x, y, low, high, markers=True))
        if step in entry.paper:
            paper = np.array([entry.paper[step]])
            curves.append(Curve(entry.name, "", x, paper, markers=True, hollow=True))
    title = f"{step} gradient step{'s' * (step > 1)}"
    return Panel(title, "", "mean squared error", tuple(curves), log_y=True)


def _protocol(plan: Plan, known: Sequence[TableResult]) -> tuple[str, ...]:
    tuned_sizes = "; ".join(
        f"{each.entry.label} {sizes_text(each.alphas)}" for each in known if each.entry.tuned
    )
    lines = [
        training_protocol(plan),
        *_averaged_protocol(plan),
        evaluation_protocol(plan),
        f"Step size {plan.settings.alpha:g}, as in training; learners that learn their steps take "
        "those, CAVIA the step that its paper sets, and the ridge head solves instead.",
        f"Left out: {', '.join(LEARNERS[name].label for name in LEFT_OUT)}, whose inner steps do "
        "not stay stable in so long a training.",
        f"Tuned step size, {tuning_protocol(plan, FEW_STEPS)}: {tuned_sizes}."
        if tuned_sizes
        else "",
        "Filled: ours with 95 % interval over tasks. Outlined: the paper's.",
        reach_protocol(plan)
        or "A verdict is “agrees” while our interval holds the paper's number.",
    ]
    lines += [diverged_protocol(f.entry.label, {TABLE2_SHOTS: f.evaluation}) for f in known]
    lines += seconds_protocol({f.entry.label: f.kept for f in known})
    return tuple(line for line in lines if line)


def _averaged_protocol(plan: Plan) -> Iterator[str]:
    s, networks = plan.settings, _networks(plan.settings)
    tried = ", ".join(f"{each:g}" for each in PENALTIES_TRIED)
    yield (
        f"Averaged: {networks} networks, one sine each, {plan.amount.averaged_iterations:,} "
        f"steps of Adam on {s.shots} + {s.query} fresh points each, from initial weights of their "
        f"own. λ = {PENALTIES['averaged-l2']:g} for l2 and {PENALTIES['averaged-pulled']:g} for "
        f"the pull, the strongest of {tried} with which their mean error comes below the paper's "
        f"0.02 in {FULL.averaged_iterations:,} steps. Those that are pulled are trained one after "
        "the other, each pulled to the mean of those before it."
    )
    yield (
        f"{SHARED_LABEL}: all networks start from the same weights and take "
        f"{plan.amount.shared_iterations:,} steps with λ = {SHARED_START['penalty']:g} (`l2`)."
    )
    if plan.quick:
        yield f"The full version averages {_networks(FULL.settings)} networks, as the paper does."


def _networks(settings: Settings) -> int:
    return settings.options_of(AveragedOptions).networks


def _notes(plan: Plan, rows: Sequence[Row], known: Sequence[TableResult]) -> Iterator[str]:
    first = {row.learner: row for row in rows if row.steps == 1}
    if all(name in first for name in PAPERS):
        yield from _order([first[name] for name in PAPERS])
    averaged = {name for name in PAPERS if LEARNERS[name].own_tasks is not None}
    apart = {*averaged, AUTHORS, SHARED}
    yield from disagreements(row for row in rows if row.learner not in apart)
    if AUTHORS in first and MAML.name in first:
        yield from _which_alpha(rows)
    if {*averaged, SHARED} <= set(first):
        yield from _averaged(rows)
    maml, first_order = first.get(MAML.name), first.get(FIRST_ORDER.name)
    if maml is not None and first_order is not None:
        gap = first_order.ours - maml.ours
        yield (
            f"After one step MAML is {'ahead of' if gap > 0 else 'behind'} first-order MAML by "
            f"{abs(gap):.2f}."
        )
    for each in known:
        lost = each.evaluation.lost[-1]
        met = each.evaluation.tasks * each.evaluation.seeds
        if lost > MOST_LOST * met:
            yield (
                f"{each.entry.label} was trained for {plan.settings.inner_steps} step at K = "
                f"{plan.settings.shots}; after {FEW_STEPS} at K = {TABLE2_SHOTS} it has lost "
                f"{lost} of {met} tasks, which its mean has as predicting zero."
            )


def _averaged(rows: Sequence[Row]) -> Iterator[str]:
    """Where the averaged networks stand, as far as we know why."""
    stands = []
    papers = {name: LEARNERS[name] for name in PAPERS}
    labels = {name: rule.label for name, rule in papers.items() if rule.own_tasks is not None}
    for name, label in {**labels, SHARED: SHARED_LABEL}.items():
        ours = ", ".join(f"{row.ours:.2f}" for row in rows if row.learner == name)
        theirs = ", ".join(f"{row.paper:.2f}" for row in rows if row.learner == name and row.paper)
        stands.append(f"{label} {ours} ({theirs})")
    yield (
        "Averaged networks after 1, 5 and 10 steps, the paper's in brackets: "
        f"{'; '.join(stands)}. The paper gives neither λ nor the initial weights. Networks that "
        "start apart end far apart, and their average predicts almost 0 (error 4.25) with weight "
        "decay or without. From the same weights a longer first step overshoots, as the paper's "
        "line with l2 would have it: consistent with it, not proven. Those that are pulled do come "
        "together."
    )


def _order(ours: Sequence[Row]) -> Iterator[str]:
    """Whether the paper's lines are in the paper's order after one step."""
    wanted = sorted(ours, key=lambda row: row.paper or 0.0)
    yield (
        "After one step the paper's order, best first, is "
        f"{'; '.join(row.label for row in wanted)}."
    )
    out_of_order = [
        f"{one.label} behind {other.label}"
        for one, other in pairwise(wanted)
        if one.ours - one.ci95 > other.ours + other.ci95
    ]
    ties = [
        f"{one.label} and {other.label}"
        for one, other in pairwise(wanted)
        if abs(one.ours - other.ours) <= min(one.ci95, other.ci95)
    ]
    if out_of_order:
        yield f"Ours has {'; '.join(out_of_order)}."
    if ties:
        yield f"Ours cannot tell apart, within their intervals: {'; '.join(ties)}."
    if not out_of_order and not ties:
        yield "Ours is the same."


def _which_alpha(rows: Sequence[Row]) -> Iterator[str]:
    """With which step size the paper's line for MAML was made, as far as ours can tell."""
    agreeing = {
        name: [row.steps for row in rows if row.learner == name and row.verdict == "agrees"]
        for name in (MAML.name, AUTHORS)
    }
    text = {
        name: f"after {' and '.join(map(str, steps))} {'step' if steps == [1] else 'steps'}"
        if steps
        else "nowhere"
        for name, steps in agreeing.items()
    }
    yield (
        f"The paper says α = {Settings.alpha:g}, the authors' documented command line leaves it at "
        f"{AUTHORS_ALPHA:g}. With {Settings.alpha:g} ours agrees with the paper "
        f"{text[MAML.name]}, with {AUTHORS_ALPHA:g} {text[AUTHORS]}."
    )
