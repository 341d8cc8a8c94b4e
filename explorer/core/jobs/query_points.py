"""How many query points does MAML need? It is trained with few, many, and none of its own."""

from __future__ import annotations

from explorer.core.base.lazy_torch import torch
from explorer.core.jobs.metered_evaluation import evaluate_metered
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.query_points_figure import figure_of
from explorer.core.jobs.query_points_request import STEPS, Found, QueryPoints
from explorer.core.jobs.reproduction.store import trained
from explorer.core.jobs.reproduction.tasks import SECONDS


def query_points(request: QueryPoints, command: str = "") -> Job[Found]:
    """Train MAML with every number of query points from every seed, and measure each.

    All are measured on the same tasks, with the step size of their training.

    Args:
        request: how much, from which seed.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: the folder of the trainings cannot be used.
        CheckpointError: a file in it cannot be written.
        TrainingDivergedError: training left the finite numbers.
        CancelledWorkError: it is no longer wanted; what has been trained is kept.
    """
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    found: Found = {}
    trainings = {key: request.training(*key) for key in request.trainings()}
    waiting = {key: each.seconds_left(request.store) for key, each in trainings.items()}
    measuring = SECONDS * request.tasks / 600 * STEPS / 10
    total = sum(waiting.values()) + measuring * len(trainings)
    meter = Meter(total, figure_of(request, found, command))
    yield meter.at(0.0)
    for (judged, seed), training in trainings.items():
        kept = yield from trained(meter, waiting[judged, seed], training, request.store)
        meter.begin(measuring, f"measuring {judged.label}, seed {seed}")
        settings = training.settings
        result = yield from evaluate_metered(
            *(meter, kept.start, settings.family),
            shots=settings.shots,
            steps=STEPS,
            tasks=request.tasks,
            alpha=settings.effective_alpha,
            seed=request.seed,
        )
        found = {**found, (judged, seed): result.evaluation}
        meter.figure = figure_of(request, found, command)
        yield meter.at(1.0)
    yield meter.end()
    return found
