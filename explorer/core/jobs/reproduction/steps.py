"""Error against gradient steps: Figure 3, and whether the pretrained network would catch up."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.figures.figure import Curve, Figure, JobProgress, Panel, Row
from explorer.core.jobs.reproduction.measuring import (
    Course,
    diverged_protocol,
    evaluation_protocol,
    measured,
    provenance,
    seconds_of_measuring,
    seconds_of_tuning,
    seconds_protocol,
    training_protocol,
    tuned,
    tuning_protocol,
)
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.published import (
    TABLE2,
    TABLE2_SHOTS,
    disagreements,
    published,
    row,
)
from explorer.core.jobs.reproduction.store import Kept, plain, trained
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
class Question:
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


Found = dict[str, dict[int, Evaluation]]
Alphas = dict[str, dict[int, float]]


class State(NamedTuple):
    """What is known so far: trainings by learner, errors and step sizes by learner and K."""

    runs: dict[str, Kept]
    found: Found
    alphas: Alphas


def fig3(plan: Plan) -> Generator[JobProgress, None, None]:
    """Figure 3 of the paper (K = 10) and Figure 6 of its appendix (K = 5, 10 and 20)."""
    question = Question(
        "fig3",
        "Figures 3 and 6: error against gradient steps",
        (MAML.name, PRETRAINED.name, ORACLE.name),
        SHOTS,
        FEW_STEPS,
    )
    yield from _answer(plan, question)


def steps100(plan: Plan) -> Generator[JobProgress, None, None]:
    """Would the pretrained network catch up, given many steps?"""
    question = Question(
        "steps100",
        f"Does pretraining catch up within {plan.amount.many_steps} steps?",
        (MAML.name, PRETRAINED.name),
        (5, 10),
        plan.amount.many_steps,
    )
    yield from _answer(plan, question)


def _answer(plan: Plan, question: Question) -> Generator[JobProgress, None, None]:
    trainings = {learner: plain(plan, learner) for learner in question.learners}
    waiting = {name: each.seconds_left(plan.store) for name, each in trainings.items()}
    measuring = seconds_of_measuring(plan, question.steps)
    tuning = seconds_of_tuning(plan, question.steps)
    total = sum(waiting.values()) + len(question.shots) * sum(
        measuring + tuning * (learner in TUNED) for learner in question.learners
    )
    state = State({}, {name: {} for name in trainings}, {name: {} for name in trainings})
    course = Course(total, _figure(plan, question, state))
    for learner, training in trainings.items():
        kept = yield from course.part(waiting[learner], trained(training, plan.store))
        state.runs[learner] = kept
        label = LEARNERS[learner].label
        for shots in question.shots:
            alpha = plan.settings.alpha
            if learner in TUNED:
                work = tuned(kept.start, plan, shots, question.steps, label)
                alpha = yield from course.part(tuning, work)
            measure = measured(kept.start, plan, shots, question.steps, alpha, label)
            state.found[learner][shots] = yield from course.part(measuring, measure)
            state.alphas[learner][shots] = alpha
            course.figure = _figure(plan, question, state)
    yield JobProgress(1.0, "done", replace(course.figure, complete=True))


def _figure(plan: Plan, question: Question, state: State) -> Figure:
    found = state.found
    panels = tuple(
        Panel(
            f"K = {shots}",
            "gradient steps",
            "mean squared error",
            tuple(_curves(question, found, shots)),
            log_y=True,
        )
        for shots in question.shots
    )
    return Figure(
        question.item,
        question.title,
        panels,
        len(panels),
        _rows(question, found),
        _protocol(plan, question, state),
        tuple(_notes(plan, question, state)),
        provenance(plan, question.item),
    )


def _curves(question: Question, found: Found, shots: int) -> Iterator[Curve]:
    for learner in question.learners:
        if shots in found[learner]:
            yield curve(learner, found[learner][shots])
    for learner in question.learners:
        if shots == TABLE2_SHOTS and learner in TABLE2:
            steps, errors = zip(*TABLE2[learner].items(), strict=True)
            label = f"{LEARNERS[learner].label}, the paper's Table 2"
            places, heights = np.array(steps, np.float64), np.array(errors)
            yield Curve(learner, label, places, heights, markers=True, hollow=True)


def curve(learner: str, evaluation: Evaluation) -> Curve:
    """A learner's mean error with its interval, step by step."""
    mse, ci95 = np.array(evaluation.mse), np.array(evaluation.ci95)
    steps = np.arange(len(mse), dtype=np.float64)
    return Curve(learner, LEARNERS[learner].label, steps, mse, mse - ci95, mse + ci95)


def _rows(question: Question, found: Found) -> tuple[Row, ...]:
    last = question.steps
    steps = range(last + 1) if last <= FEW_STEPS else (0, 1, 5, 10, 20, 50, last)
    return tuple(
        row(
            question.item,
            learner,
            LEARNERS[learner].label,
            evaluation,
            step,
            published(learner, shots, step),
        )
        for shots in question.shots
        for learner in question.learners
        for k, evaluation in found[learner].items()
        if k == shots
        for step in sorted(set(steps))
        if step <= last
    )


def _protocol(plan: Plan, question: Question, state: State) -> tuple[str, ...]:
    lines = [training_protocol(plan), evaluation_protocol(plan)]
    for learner in question.learners:
        label, chosen = LEARNERS[learner].label, state.alphas[learner]
        if learner in TUNED and chosen:
            sizes = ", ".join(f"{alpha:g} at K = {shots}" for shots, alpha in chosen.items())
            lines.append(f"{label}: step size {sizes}, {tuning_protocol(plan, question.steps)}.")
        elif chosen:
            lines.append(f"{label}: step size {plan.settings.alpha:g}, as in training.")
        lines.append(diverged_protocol(label, state.found[learner]))
    lines += seconds_protocol(state.runs)
    return tuple(line for line in lines if line)


def _notes(plan: Plan, question: Question, state: State) -> Iterator[str]:
    if question.item == "steps100":
        yield from _catching_up(question, state.found)
        return
    yield from disagreements(_rows(question, state.found))
    oracle = state.alphas[ORACLE.name]
    if oracle and max(oracle.values()) < plan.settings.alpha:
        yield (
            "The oracle knows the task before the first step and gains next to nothing from "
            "further ones; longer steps throw it out, as its inputs A and φ make its loss steep. "
            "The paper does not say with which step size it was fine-tuned; ours is tuned like the "
            "pretrained network's."
        )


def _catching_up(question: Question, found: Found) -> Iterator[str]:
    for shots in question.shots:
        maml, other = (found[name].get(shots) for name in (MAML.name, PRETRAINED.name))
        if maml is None or other is None:
            continue
        mean, target = other.mse[-1], maml.mse[1]
        reached = next((step for step, mse in enumerate(other.mse) if mse <= target), None)
        if reached is None:
            yield (
                f"K = {shots}: no. After {question.steps} steps pretraining is at {mean:.2f}; "
                f"MAML was at {target:.2f} after its first step."
            )
        else:
            yield (
                f"K = {shots}: pretraining needs {reached} steps to come to {target:.2f}, where "
                f"MAML is after its first step; MAML is at {maml.mse[reached]:.2f} by then."
            )
