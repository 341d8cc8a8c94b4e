"""The job that reproduces a paper other than MAML's: train, measure, draw."""

from __future__ import annotations

from explorer.core.adaptation.starting_point import Start
from explorer.core.evaluation.verdict import Yardstick, verdict_of, verdict_sentence
from explorer.core.figures.figure import Figure
from explorer.core.jobs.competitor import closed_form
from explorer.core.jobs.metered_evaluation import LearnerResult, evaluate_metered
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.reproduction.paper import Entry, Paper
from explorer.core.jobs.reproduction.paper_figure import SINGLE, PaperState, figure_of, noise_of
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.store import Training, trained
from explorer.core.jobs.reproduction.tasks import SECONDS


def reproduce_paper(plan: Plan, paper: Paper) -> Job[Figure]:
    """Train every network from every seed, and measure each on the same tasks.

    Raises:
        UserError: the folder of the trainings cannot be used.
        CheckpointError: a file in it cannot be written.
        TrainingDivergedError: training left the finite numbers.
        CancelledWorkError: it is no longer wanted; what has been trained is kept.
    """
    wanted = [
        (entry, paper.training(plan, entry, seed))
        for seed in plan.training_seeds
        for entry in paper.entries
    ]
    waiting = [training.seconds_left(plan.store) for _, training in wanted]
    measuring = SECONDS * plan.amount.tasks / 600 * paper.steps / 10
    total = sum(waiting) + measuring * len(paper.shots) * len(wanted)
    state = PaperState()
    meter = Meter(total, figure_of(plan, paper, state))
    yield meter.at(0.0)
    for (entry, training), work in zip(wanted, waiting, strict=True):
        kept = yield from trained(meter, work, training, plan.store)
        state.kept.setdefault(entry.full_label, []).append(kept)
        for shots in paper.shots:
            meter.begin(measuring, f"measuring {entry.full_label} at K = {shots}")
            found = yield from _measured(meter, plan, paper.steps, kept.start, training, shots)
            state.add(entry, shots, found.evaluation, noise_of(paper, entry))
            if paper.floors and training.settings.seed == plan.seed:
                yield from _judge(meter, plan, entry, training, found, state)
        meter.figure = figure_of(plan, paper, state)
        yield meter.at(1.0)
    meter.figure = figure = figure_of(plan, paper, state, complete=True)
    yield meter.end()
    return figure


def _measured(
    meter: Meter, plan: Plan, steps: int, start: Start, training: Training, shots: int
) -> Job[LearnerResult]:
    """A network, or who needs none, on the tasks of a training's family."""
    settings = training.settings
    return (
        yield from evaluate_metered(
            *(meter, start, settings.family),
            shots=shots,
            steps=steps,
            tasks=plan.amount.tasks,
            alpha=settings.effective_alpha,
            seed=plan.seed,
        )
    )


def _judge(
    meter: Meter,
    plan: Plan,
    entry: Entry,
    training: Training,
    found: LearnerResult,
    state: PaperState,
) -> Job[None]:
    """What a network has learned, measured by what there is to learn."""
    shots, family = found.evaluation.shots, training.settings.family
    if (entry.panel, shots) not in state.yardsticks:
        single = closed_form(SINGLE, family)
        floor = yield from _measured(meter, plan, 0, single, training, shots)
        ideal = family.ideal()
        goal = None
        if ideal is not None:
            best = yield from _measured(meter, plan, 1, ideal, training, shots)
            goal = float(best.errors.counted[1].mean())
        yardstick = Yardstick(floor.errors.counted[0], goal)
        state.yardsticks[entry.panel, shots] = yardstick
    verdict = verdict_of(found.errors, state.yardsticks[entry.panel, shots])
    state.judgements.append(verdict_sentence(verdict, shots, entry.full_label))
