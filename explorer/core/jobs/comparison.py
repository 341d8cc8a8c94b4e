"""Loss against gradient steps of any competitors, and whether the gaps between them are noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.evaluation.coverage import coverage
from explorer.core.evaluation.task_errors import TaskErrors
from explorer.core.evaluation.verdict import Yardstick, verdict_of
from explorer.core.families.base import Estimator
from explorer.core.figures.figure import Figure
from explorer.core.jobs.comparison_figure import figure_of
from explorer.core.jobs.comparison_request import (
    TUNING_TASKS,
    Comparison,
    Results,
    tuning_alphas,
)
from explorer.core.jobs.competitor import Competitor, closed_form, start_of
from explorer.core.jobs.metered_evaluation import LearnerResult, evaluate_metered, work_of
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.requests import check_numbers
from explorer.core.jobs.tuning import all_tasks, best_step_size


def compare(
    request: Comparison, competitors: Sequence[Competitor], command: str = ""
) -> Job[Results]:
    """Compare competitors on the same tasks.

    Args:
        request: what to compare them on.
        competitors: at least one; their labels differ.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: as `evaluate_competitors`.
    """
    draw = partial(figure_of, request, competitors, command=command)
    return (yield from evaluate_competitors(request, competitors, draw))


def evaluate_competitors(
    request: Comparison,
    competitors: Sequence[Competitor],
    draw: Callable[[Results], Figure | None] = lambda _: None,
) -> Job[Results]:
    """Evaluate every competitor at every K on the same tasks.

    Args:
        request: what to compare them on.
        competitors: at least one; their labels differ.
        draw: makes the figure that goes along, of the results so far.

    Returns:
        Results by label and K; errors of single tasks only for a comparison with a reference.

    Raises:
        UserError: the reference is none of them, two share a label, one has no network, or all
            together take too much memory.
        CancelledWorkError: it is no longer wanted.
    """
    starts = _checked(request, competitors)
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    results: Results = {}
    total = sum(_yardstick_work(request, k) for k in request.shots)
    total += sum(
        _work(request, start, k) + _tuning_work(request, each, start, k)
        for k in request.shots
        for each, start in zip(competitors, starts, strict=True)
    )
    meter = Meter(total, draw(results))
    yield meter.at(0.0)
    for shots in request.shots:
        yardstick = yield from _yardstick(meter, request, shots)
        for competitor, start in zip(competitors, starts, strict=True):
            found = yield from _evaluate(meter, request, competitor, start, shots)
            errors = found.errors if request.reference else found.errors.forgotten()
            kept = replace(
                found,
                errors=errors,
                verdict=verdict_of(found.errors, yardstick),
                coverage=coverage(
                    *(start, request.family),
                    shots=shots,
                    tasks=request.tasks,
                    seed=request.seed,
                ),
            )
            results = {**results, (competitor.label, shots): kept}
            meter.figure = draw(results)
            yield meter.at(1.0)
    yield meter.end()
    return results


def _checked(request: Comparison, competitors: Sequence[Competitor]) -> list[Start]:
    """The starts of all."""
    labels = [each.label for each in competitors]
    if not labels:
        raise UserError("Choose at least one learner to compare.")
    for label in labels:
        if labels.count(label) > 1:
            raise UserError(f"{label} is there twice: give each competitor a name of its own.")
    if request.reference is not None and request.reference not in labels:
        raise UserError(
            f"{request.reference} is not among those compared: choose {' or '.join(labels)}."
        )
    kept = request.steps + 1
    if request.reference is not None:
        kept *= len(labels) * len(request.shots)
    check_numbers(request.shots, request.steps, request.tasks, request.seed, kept)
    return [start_of(each, request.family) for each in competitors]


def _tunes(request: Comparison, start: Start) -> bool:
    return request.alpha == "tuned" and request.steps > 0 and isinstance(start, StartingPoint)


def _yardstick_work(request: Comparison, shots: int) -> float:
    """That of one of its two parts is half of it."""
    return 2 * work_of(_single(request), shots=shots, steps=1, tasks=request.tasks)


def _single(request: Comparison) -> Estimator:
    return closed_form("single", request.family)


def _yardstick(meter: Meter, request: Comparison, shots: int) -> Job[Yardstick]:
    """What there is to be learned at one K, on the tasks that the competitors meet."""
    work, doing = _yardstick_work(request, shots) / 2, f"what there is to learn, K = {shots}"

    def errors(start: Start, steps: int) -> Job[TaskErrors]:
        meter.begin(work, doing)
        found = yield from evaluate_metered(
            *(meter, start, request.family),
            shots=shots,
            steps=steps,
            tasks=request.tasks,
            alpha=1.0,  # neither takes gradient steps
            seed=request.seed,
        )
        return found.errors

    single = yield from errors(_single(request), 0)
    ideal = request.family.ideal()
    if ideal is None:
        meter.begin(work, doing)
        return Yardstick(single.counted[0], None)
    best = yield from errors(ideal, 1)
    return Yardstick(single.counted[0], float(best.counted[1].mean()))


def _work(request: Comparison, start: Start, shots: int) -> float:
    return work_of(start, shots=shots, steps=request.steps, tasks=request.tasks)


def _tuning_work(request: Comparison, competitor: Competitor, start: Start, shots: int) -> float:
    if not _tunes(request, start):
        return 0.0
    tasks = TUNING_TASKS * len(tuning_alphas(competitor.own_alpha))
    return work_of(start, shots=shots, steps=request.steps, tasks=tasks)


def _evaluate(
    meter: Meter, request: Comparison, competitor: Competitor, start: Start, shots: int
) -> Job[LearnerResult]:
    """One competitor at one K."""
    doing = f"{competitor.label}, K = {shots}"
    alpha = competitor.own_alpha if isinstance(request.alpha, str) else request.alpha
    if _tunes(request, start):
        alpha = yield from best_step_size(
            meter,
            _tuning_work(request, competitor, start, shots),
            doing,
            start,
            request.family,
            tuning_alphas(competitor.own_alpha),
            all_tasks,
            shots=shots,
            steps=request.steps,
            tasks=TUNING_TASKS,
            seed=request.tuning_seed,
        )
    meter.begin(_work(request, start, shots), doing)
    return (
        yield from evaluate_metered(
            meter,
            start,
            request.family,
            shots=shots,
            steps=request.steps,
            tasks=request.tasks,
            alpha=alpha,
            seed=request.seed,
        )
    )
