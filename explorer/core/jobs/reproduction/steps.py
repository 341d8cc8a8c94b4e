"""Error against gradient steps: Figure 3, and whether the pretrained network would catch up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.figures.figure import Curve, Figure, Panel, Row
from explorer.core.figures.provenance import provenance
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.plan import Plan
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
    TABLE2,
    TABLE2_SHOTS,
    disagreements,
    published,
    row,
)
from explorer.core.jobs.reproduction.store import Kept, plain, trained
from explorer.core.jobs.reproduction.tasks import (
    evaluate_on_plan,
    evaluation_seconds,
    tune_on_plan,
    tuning_seconds,
)
from explorer.core.learners import LEARNERS, MAML, ORACLE, PRETRAINED

SHOTS = (5, 10, 20)
FEW_STEPS = 10
# The paper tunes the step size of the pretrained network and of the averaged ones.
TUNED = (
    PRETRAINED.name,
    ORACLE.name,
    *(n for n, each in LEARNERS.items() if each.own_tasks is not None),
)


@dataclass(frozen=True)
class StepsFigure:
    """A figure of errors against steps.

    Attributes:
        item: its name.
        title: what stands above it.
        learners: whom it compares.
        shots: a panel for each K.
        steps: gradient steps.
    """

    item: str
    title: str
    learners: tuple[str, ...]
    shots: tuple[int, ...]
    steps: int


Errors = dict[str, dict[int, OverSeeds]]
Alphas = dict[str, dict[int, tuple[float, ...]]]


class StepsState(NamedTuple):
    """What is known so far: trainings by learner, errors and step sizes by learner and K.

    Of each there are as many as there are training seeds.
    """

    runs: dict[str, list[Kept]]
    found: Errors
    alphas: Alphas

    def add(self, learner: str, shots: int, alpha: float, evaluation: Evaluation) -> None:
        """One more network is measured."""
        before, alphas = self.found[learner].get(shots), self.alphas[learner]
        earlier = before.found if before else ()
        self.found[learner][shots] = OverSeeds((*earlier, evaluation))
        alphas[shots] = (*alphas.get(shots, ()), alpha)


def fig3(plan: Plan) -> Job[Figure]:
    """Figure 3 of the paper (K = 10) and Figure 6 of its appendix (K = 5, 10 and 20)."""
    asked = StepsFigure(
        "fig3",
        "Figures 3 and 6: error against gradient steps",
        (MAML.name, PRETRAINED.name, ORACLE.name),
        SHOTS,
        FEW_STEPS,
    )
    return (yield from _make(plan, asked))


def steps100(plan: Plan) -> Job[Figure]:
    """Would the pretrained network catch up, given many steps?"""
    asked = StepsFigure(
        "steps100",
        f"Does pretraining catch up within {plan.amount.many_steps} steps?",
        (MAML.name, PRETRAINED.name),
        (5, 10),
        plan.amount.many_steps,
    )
    return (yield from _make(plan, asked))


def _make(plan: Plan, asked: StepsFigure) -> Job[Figure]:
    trainings = {learner: plain(plan, learner) for learner in asked.learners}
    wanted = {
        (learner, seed): training.from_seed(seed)
        for seed in plan.training_seeds
        for learner, training in trainings.items()
    }
    waiting = {key: each.seconds_left(plan.store) for key, each in wanted.items()}
    measuring = evaluation_seconds(plan, asked.steps)
    tuning = tuning_seconds(plan, asked.steps)
    total = sum(waiting.values()) + plan.seeds * len(asked.shots) * sum(
        measuring + tuning * (learner in TUNED) for learner in asked.learners
    )
    names = list(trainings)
    state = StepsState({n: [] for n in names}, {n: {} for n in names}, {n: {} for n in names})
    figure = _figure(plan, asked, state)
    meter = Meter(total, figure)
    for (learner, seed), training in wanted.items():
        kept = yield from trained(meter, waiting[learner, seed], training, plan.store)
        state.runs[learner].append(kept)
        label, steps = LEARNERS[learner].label, asked.steps
        for shots in asked.shots:
            alpha = plan.settings.alpha
            if learner in TUNED:
                alpha = yield from tune_on_plan(meter, kept.start, plan, shots, steps, label)
            evaluation = yield from evaluate_on_plan(
                meter, kept.start, plan, shots, steps, alpha, label
            )
            state.add(learner, shots, alpha, evaluation)
            meter.figure = figure = _figure(plan, asked, state)
            yield meter.at(1.0)
    meter.figure = figure = replace(figure, complete=True)
    yield meter.end()
    return figure


def _figure(plan: Plan, asked: StepsFigure, state: StepsState) -> Figure:
    found = state.found
    panels = tuple(
        Panel(
            f"K = {shots}",
            "gradient steps",
            "mean squared error",
            tuple(_curves(asked, found, shots)),
            log_y=True,
        )
        for shots in asked.shots
    )
    return Figure(
        asked.item,
        asked.title,
        panels,
        len(panels),
        _rows(asked, found),
        _protocol(plan, asked, state),
        tuple(_notes(plan, asked, state)),
        provenance(plan.seed, plan.command(asked.item)),
    )


def _curves(asked: StepsFigure, found: Errors, shots: int) -> Iterator[Curve]:
    for learner in asked.learners:
        if shots in found[learner]:
            yield curve(learner, found[learner][shots])
    for learner in asked.learners:
        if shots == TABLE2_SHOTS and learner in TABLE2:
            steps, errors = zip(*TABLE2[learner].items(), strict=True)
            label = f"{LEARNERS[learner].label}, the paper's Table 2"
            places, heights = np.array(steps, np.float64), np.array(errors)
            yield Curve(learner, label, places, heights, markers=True, hollow=True)


def curve(learner: str, evaluation: OverSeeds) -> Curve:
    """A learner's mean error with its interval over tasks, step by step."""
    mean, ci95 = np.array(evaluation.full), np.array(evaluation.full_ci95)
    steps = np.arange(len(mean), dtype=np.float64)
    return Curve(learner, LEARNERS[learner].label, steps, mean, mean - ci95, mean + ci95)


def _rows(asked: StepsFigure, found: Errors) -> tuple[Row, ...]:
    last = asked.steps
    steps = range(last + 1) if last <= FEW_STEPS else (0, 1, 5, 10, 20, 50, last)
    return tuple(
        row(
            asked.item,
            learner,
            LEARNERS[learner].label,
            evaluation,
            step,
            published(learner, shots, step),
        )
        for shots in asked.shots
        for learner in asked.learners
        for k, evaluation in found[learner].items()
        if k == shots
        for step in sorted(set(steps))
        if step <= last
    )


def _protocol(plan: Plan, asked: StepsFigure, state: StepsState) -> tuple[str, ...]:
    lines = [training_protocol(plan), evaluation_protocol(plan)]
    for learner in asked.learners:
        label, chosen = LEARNERS[learner].label, state.alphas[learner]
        if learner in TUNED and chosen:
            sizes = ", ".join(f"{sizes_text(a)} at K = {shots}" for shots, a in chosen.items())
            lines.append(f"{label}: step size {sizes}, {tuning_protocol(plan, asked.steps)}.")
        elif chosen:
            lines.append(f"{label}: step size {plan.settings.alpha:g}, as in training.")
        lines.append(diverged_protocol(label, state.found[learner]))
    lines += [reach_protocol(plan), *seconds_protocol(state.runs)]
    return tuple(line for line in lines if line)


def _notes(plan: Plan, asked: StepsFigure, state: StepsState) -> Iterator[str]:
    if asked.item == "steps100":
        yield from _catching_up(asked, state.found)
        return
    yield from disagreements(_rows(asked, state.found))
    oracle = state.alphas[ORACLE.name]
    if oracle and max(map(max, oracle.values())) < plan.settings.alpha:
        yield (
            "The oracle knows the task before the first step and gains next to nothing from "
            "further ones; longer steps throw it out, as its inputs A and φ make its loss steep. "
            "The paper does not say with which step size it was fine-tuned; ours is tuned like the "
            "pretrained network's."
        )


def _catching_up(asked: StepsFigure, found: Errors) -> Iterator[str]:
    for shots in asked.shots:
        maml, other = (found[name].get(shots) for name in (MAML.name, PRETRAINED.name))
        if maml is None or other is None:
            continue
        mean, target = other.full[-1], maml.full[1]
        reached = next((step for step, mse in enumerate(other.full) if mse <= target), None)
        if reached is None:
            yield (
                f"K = {shots}: no. After {asked.steps} steps pretraining is at {mean:.2f}; "
                f"MAML was at {target:.2f} after its first step."
            )
        else:
            yield (
                f"K = {shots}: pretraining needs {reached} steps to come to {target:.2f}, where "
                f"MAML is after its first step; MAML is at {maml.full[reached]:.2f} by then."
            )
