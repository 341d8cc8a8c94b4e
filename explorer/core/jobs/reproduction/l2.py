"""Which start, λ and α bring averaged networks closest to the paper's lines: a search.

Table 2 of the MAML paper has 4.19, 3.85 and 3.69 for the average of 500 networks and 7.18, 5.69 and
5.60 with l2, and says neither where the networks start nor what λ and the step size are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from explorer.core.figures.figure import Curve, Figure, HeatMap, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.protocol import (
    evaluation_protocol,
    reach_protocol,
    seeds_text,
)
from explorer.core.jobs.reproduction.published import (
    TABLE2,
    TABLE2_SHOTS,
    TABLE2_STEPS,
    Published,
    row,
)
from explorer.core.jobs.reproduction.steps import FEW_STEPS
from explorer.core.jobs.reproduction.store import Training, trained, with_shared_start
from explorer.core.jobs.reproduction.tasks import evaluate_on_plan, evaluation_seconds
from explorer.core.learners import LEARNERS
from explorer.core.learners.averaged import AVERAGED, AVERAGED_L2


class Begin(NamedTuple):
    """How the averaged networks begin."""

    label: str
    averaged_start: str
    initialisation: str


BEGINS = (
    Begin("own U(±1/√n)", "own", "uniform"),
    Begin("shared U(±1/√n)", "shared", "uniform"),
    Begin("shared N(0, 0.1)", "shared", "wide-normal"),
)
PENALTIES_SEARCHED = (0.0, 0.0003, 0.0005, 0.001, 0.003)
ALPHAS_SEARCHED = (0.005, 0.01, 0.02, 0.03, 0.05)
NETWORKS, QUICK_NETWORKS = 100, 30  # as good as 500, to within some percent
LOST = 0.05  # share of diverged tasks beyond which a mean over the rest says little
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 2))


class Choice(NamedTuple):
    """What the paper does not say."""

    begin: Begin
    penalty: float
    alpha: float


Tried = Mapping[Choice, OverSeeds]


def l2(plan: Plan) -> Job[Figure]:
    """Train with every start and λ, measure with every α, and show how far each is off."""
    wanted = {
        (begin, penalty, seed): _training(plan, begin, penalty).from_seed(seed)
        for seed in plan.training_seeds
        for begin in BEGINS
        for penalty in PENALTIES_SEARCHED
    }
    waiting = {key: each.seconds_left(plan.store) for key, each in wanted.items()}
    measuring = evaluation_seconds(plan, FEW_STEPS)
    total = sum(waiting.values()) + measuring * len(ALPHAS_SEARCHED) * len(wanted)
    found: dict[Choice, OverSeeds] = {}
    meter = Meter(total, _figure(plan, found))
    for (begin, penalty, seed), training in wanted.items():
        kept = yield from trained(meter, waiting[begin, penalty, seed], training, plan.store)
        for alpha in ALPHAS_SEARCHED:
            label = f"λ = {penalty:g}, {begin.label}"
            evaluation = yield from evaluate_on_plan(
                *(meter, kept.start, plan, TABLE2_SHOTS, FEW_STEPS, alpha, label)
            )
            choice = Choice(begin, penalty, alpha)
            before = found[choice].found if choice in found else ()
            found[choice] = OverSeeds((*before, evaluation))
        meter.figure = _figure(plan, found)
        yield meter.at(1.0)
    meter.figure = figure = _figure(plan, found, complete=True)
    yield meter.end()
    return figure


def _training(plan: Plan, begin: Begin, penalty: float) -> Training:
    networks = QUICK_NETWORKS if plan.quick else NETWORKS
    return with_shared_start(
        *(plan, _line(penalty)),
        averaged_start=begin.averaged_start,
        initialisation=begin.initialisation,
        penalty=penalty,
        networks=min(networks, int(plan.settings.value("networks"))),
    )


def _line(penalty: float) -> str:
    """The paper's line that networks with this penalty belong to."""
    return AVERAGED_L2.name if penalty else AVERAGED.name


def factor(found: OverSeeds, paper: Mapping[int, float]) -> float:
    """By how much the worst of the paper's numbers is off, 1 being not at all; NaN if unknown."""
    gaps = [abs(math.log(found.full[step] / error)) for step, error in paper.items()]
    return math.exp(max(gaps)) if all(map(math.isfinite, gaps)) else math.nan


def closest(found: Tried, line: str, begin: Begin | None = None) -> Choice | None:
    """The choice that comes closest to a line of the paper, of those that lose few tasks."""
    off = {
        choice: factor(one, TABLE2[line])
        for choice, one in found.items()
        if _line(choice.penalty) == line and begin in {None, choice.begin} and not _lossy(one)
    }
    known = {choice: value for choice, value in off.items() if math.isfinite(value)}
    return min(known, key=known.__getitem__, default=None)


def _lossy(found: OverSeeds) -> bool:
    return found.lost[-1] > LOST * found.tasks * found.seeds


def _figure(plan: Plan, found: Tried, complete: bool = False) -> Figure:
    return Figure(
        "l2",
        "Averaged networks: which start, λ and α come closest to the paper?",
        (*(_map(found, begin) for begin in BEGINS), _closest_panel(found)),
        len(BEGINS) + 1,
        tuple(_rows(found)),
        tuple(_protocol(plan)),
        tuple(_notes(found)),
        provenance(plan.seed, plan.command("l2")),
        complete,
    )


def _map(found: Tried, begin: Begin) -> Panel:
    """How far each λ and α is off the paper's line, as a factor."""
    shape = len(PENALTIES_SEARCHED), len(ALPHAS_SEARCHED)
    values, hatched = np.full(shape, np.nan), np.zeros(shape, np.bool_)
    for i, penalty in enumerate(PENALTIES_SEARCHED):
        for j, alpha in enumerate(ALPHAS_SEARCHED):
            one = found.get(Choice(begin, penalty, alpha))
            if one is not None:
                values[i, j] = factor(one, TABLE2[_line(penalty)])
                hatched[i, j] = _lossy(one)
    marks = tuple(
        tuple("" if math.isnan(value) else f"{value:.2f}" for value in line)
        for line in values.tolist()
    )
    across = tuple(f"{alpha:g}" for alpha in ALPHAS_SEARCHED)
    down = tuple(f"{penalty:g}" for penalty in PENALTIES_SEARCHED)
    heat = HeatMap(across, down, values, marks, hatched)
    return Panel(f"{begin.label}: factor off the paper", "α", "λ", heat_map=heat)


def _closest_panel(found: Tried) -> Panel:
    """The paper's line with l2, and the closest from each start."""
    curves = []
    for begin, dashes in zip(BEGINS, DASHES, strict=True):
        choice = closest(found, AVERAGED_L2.name, begin)
        if choice is None:
            continue
        y = np.array(found[choice].full)
        x = np.arange(len(y), dtype=np.float64)
        curves.append(Curve(AVERAGED_L2.name, begin.label, x, y, dashes=dashes))
    steps, errors = zip(*TABLE2[AVERAGED_L2.name].items(), strict=True)
    x, y = np.array(steps, np.float64), np.array(errors)
    curves.append(Curve(AVERAGED_L2.name, "the paper's", x, y, markers=True, hollow=True))
    return Panel("l2: the closest from each", "gradient steps", "mean squared error", tuple(curves))


def _rows(found: Tried) -> Iterator[Row]:
    for line in (AVERAGED.name, AVERAGED_L2.name):
        for begin in BEGINS:
            choice = closest(found, line, begin)
            if choice is None:
                continue
            for step in TABLE2_STEPS:
                paper = Published(TABLE2[line][step])
                label = f"{LEARNERS[line].label}, {_said(choice)}"
                yield row("l2", line, label, found[choice], step, paper)


def _said(choice: Choice) -> str:
    penalty = f", λ = {choice.penalty:g}" if choice.penalty else ""
    return f"{choice.begin.label}{penalty}, α = {choice.alpha:g}"


def _protocol(plan: Plan) -> Iterator[str]:
    training = _training(plan, BEGINS[0], 0.0)
    settings = training.settings
    yield (
        f"Averages of {settings.value('networks')} networks, one sine each, trained from "
        f"{seeds_text(plan)} for {settings.iterations:,} steps of Adam on "
        f"{settings.shots + settings.query} fresh points each. N(0, 0.1): normal with σ = 0.1, cut "
        "at 2σ, no biases."
    )
    yield evaluation_protocol(plan)
    yield (
        "Each cell: by what factor the worst of the errors after 1, 5 and 10 steps on "
        f"{TABLE2_SHOTS} points is off the paper's line, without l2 where λ = 0. Hatched: more "
        f"than {100 * LOST:.0f} % of the tasks diverged; such are not taken as the closest."
    )
    yield reach_protocol(plan) or "One start each: --seeds tells what another changes."


def _notes(found: Tried) -> Iterator[str]:
    for line in (AVERAGED.name, AVERAGED_L2.name):
        choice = closest(found, line)
        if choice is None:
            continue
        ours = _errors([found[choice].full[step] for step in TABLE2_STEPS])
        off = factor(found[choice], TABLE2[line])
        yield (
            f"{LEARNERS[line].label}, the paper's {_errors(list(TABLE2[line].values()))}: closest "
            f"are {_said(choice)} with {ours}, off by a factor of {off:.2f} at most."
        )
    one = closest(found, AVERAGED_L2.name)
    if one is not None and one.begin.averaged_start == "shared":
        yield (
            "So networks that start from the same weights, and a first step that is too long, "
            "overshoot as the paper's line with l2 would have it. This is consistent with the "
            "paper, not proven: it names none of the three."
        )


def _errors(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
