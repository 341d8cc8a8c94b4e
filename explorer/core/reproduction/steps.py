"""Error against gradient steps: Figure 3, and whether the pretrained network would catch up."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from explorer.core.evaluation import Evaluation
from explorer.core.figure import Curve, Figure, JobProgress, Panel, Row
from explorer.core.learners import LEARNERS, MAML, ORACLE, PRETRAINED
from explorer.core.reproduction.measuring import (
    diverged_protocol,
    evaluation_protocol,
    measured,
    part,
    provenance,
    training_protocol,
    tuned,
)
from explorer.core.reproduction.plan import Plan
from explorer.core.reproduction.published import published, verdict
from explorer.core.reproduction.store import plain, trained
from explorer.core.training import Run

SHOTS = (5, 10, 20)
FEW_STEPS = 10
TUNED = (PRETRAINED.name, ORACLE.name)
TRAINING_SHARE = 0.8  # of a job's time


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


def fig3(plan: Plan) -> Iterator[JobProgress]:
    """Figure 3 of the paper, for K = 5, 10 and 20."""
    question = Question(
        "fig3",
        "Figure 3: error against gradient steps",
        (MAML.name, PRETRAINED.name, ORACLE.name),
        SHOTS,
        FEW_STEPS,
    )
    yield from _answer(plan, question)


def steps100(plan: Plan) -> Iterator[JobProgress]:
    """Would the pretrained network catch up, given many steps?"""
    question = Question(
        "steps100",
        f"Does pretraining catch up within {plan.amount.many_steps} steps?",
        (MAML.name, PRETRAINED.name),
        (5, 10),
        plan.amount.many_steps,
    )
    yield from _answer(plan, question)


def train_all(
    plan: Plan, learners: tuple[str, ...], end: float, figure: Figure | None
) -> Generator[JobProgress, None, dict[str, Run]]:
    """Train learners one after another, up to a share of the whole job."""
    trainings = [plain(plan, learner) for learner in learners]
    total = sum(training.work for training in trainings)
    runs, begun = {}, 0.0
    for training in trainings:
        until = begun + end * training.work / total
        work = trained(training, plan.store)
        runs[training.learner] = yield from part(work, begun, until, figure)
        begun = until
    return runs


def _answer(plan: Plan, question: Question) -> Iterator[JobProgress]:
    runs = yield from train_all(plan, question.learners, TRAINING_SHARE, None)
    found: Found = {learner: {} for learner in question.learners}
    alphas: Alphas = {learner: {} for learner in question.learners}
    figure = _figure(plan, question, runs, found, alphas)
    parts = [(learner, shots) for shots in question.shots for learner in question.learners]
    each = (1 - TRAINING_SHARE) / len(parts)
    for i, (learner, shots) in enumerate(parts):
        begin = TRAINING_SHARE + i * each
        start, label = runs[learner].starting_point(learner), LEARNERS[learner].label
        alpha = plan.settings.alpha
        if learner in TUNED:
            work = tuned(start, plan, shots, min(question.steps, FEW_STEPS), label)
            alpha = yield from part(work, begin, begin + each / 2, figure)
        alphas[learner][shots] = alpha
        measuring = measured(start, plan, shots, question.steps, alpha, label)
        found[learner][shots] = yield from part(measuring, begin + each / 2, begin + each, figure)
        figure = _figure(plan, question, runs, found, alphas)
    yield JobProgress(1.0, "done", replace(figure, complete=True))


def _figure(
    plan: Plan, question: Question, runs: Mapping[str, Run], found: Found, alphas: Alphas
) -> Figure:
    panels = tuple(
        Panel(
            f"K = {shots}",
            "gradient steps",
            "mean squared error",
            tuple(
                curve(learner, found[learner][shots])
                for learner in question.learners
                if shots in found[learner]
            ),
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
        _protocol(plan, question, runs, found, alphas),
        tuple(_notes(plan, question, found, alphas)),
        provenance(plan, question.item),
    )


def curve(learner: str, evaluation: Evaluation) -> Curve:
    """A learner's mean error with its interval, step by step."""
    mse, ci95 = np.array(evaluation.mse), np.array(evaluation.ci95)
    steps = np.arange(len(mse), dtype=np.float64)
    return Curve(learner, LEARNERS[learner].label, steps, mse, mse - ci95, mse + ci95)


def row(item: str, learner: str, evaluation: Evaluation, step: int) -> Row:
    """One number of an evaluation, beside the paper's."""
    ours, ci95 = evaluation.mse[step], evaluation.ci95[step]
    paper = published(learner, evaluation.shots, step)
    return Row(
        item,
        learner,
        LEARNERS[learner].label,
        evaluation.shots,
        step,
        paper,
        ours,
        ci95,
        evaluation.diverged[step],
        verdict(ours, ci95, paper),
    )


def _rows(question: Question, found: Found) -> tuple[Row, ...]:
    last = question.steps
    steps = range(last + 1) if last <= FEW_STEPS else (0, 1, 5, 10, 20, 50, last)
    return tuple(
        row(question.item, learner, evaluation, step)
        for shots in question.shots
        for learner in question.learners
        for k, evaluation in found[learner].items()
        if k == shots
        for step in sorted(set(steps))
        if step <= last
    )


def _protocol(
    plan: Plan, question: Question, runs: Mapping[str, Run], found: Found, alphas: Alphas
) -> tuple[str, ...]:
    lines = [training_protocol(plan), evaluation_protocol(plan)]
    for learner in question.learners:
        label, chosen = LEARNERS[learner].label, alphas[learner]
        if learner in TUNED and chosen:
            sizes = ", ".join(f"{alpha:g} at K = {shots}" for shots, alpha in chosen.items())
            lines.append(
                f"{label}: step size {sizes}, the best after {min(question.steps, FEW_STEPS)} "
                f"steps on {plan.amount.validation_tasks} other tasks."
            )
        elif chosen:
            lines.append(f"{label}: step size {plan.settings.alpha:g}, as in training.")
        lines.append(diverged_protocol(label, found[learner]))
    seconds = ", ".join(
        f"{LEARNERS[name].label} {run.learners[name].seconds:.0f} s" for name, run in runs.items()
    )
    lines.append(f"Training took: {seconds}.")
    return tuple(line for line in lines if line)


def _notes(plan: Plan, question: Question, found: Found, alphas: Alphas) -> Iterator[str]:
    if question.item == "steps100":
        yield from _catching_up(question, found)
        return
    oracle = alphas.get(ORACLE.name, {})
    if oracle and max(oracle.values()) < plan.settings.alpha:
        yield (
            "The oracle is at its best before the first step, and longer steps throw it out: it "
            "knows the task already, and its inputs A and φ make its loss steep. The paper does "
            "not say with which step size it was fine-tuned; ours is tuned like the pretrained "
            "network's."
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
