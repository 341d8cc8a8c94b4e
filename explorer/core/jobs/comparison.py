"""Loss against gradient steps of any competitors, and whether the gaps between them are noise."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from explorer.core.adaptation.inner_loop import Start
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.families import DEFAULT_FAMILY, Family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.comparison_figure import figure_of
from explorer.core.jobs.measuring import (
    TUNING_HALVINGS,
    TUNING_TASKS,
    Measured,
    Meter,
    measured,
    work_of,
)
from explorer.core.jobs.requests import (
    check_alpha,
    check_numbers,
    step_sizes_around,
)

StepSize = float | Literal["own", "tuned"]


@dataclass(frozen=True, eq=False)
class Competitor:
    """One of those that are compared.

    Attributes:
        label: what people read; no two competitors of a comparison share one.
        role: the learner's name, "random", or the name of one in closed form, which then follows
            from the task distribution of the comparison, whatever its start.
        start: where adaptation starts; None for a closed form.
        settings: of its training; None if it was not trained.
    """

    label: str
    role: str
    start: Start | None = None
    settings: Settings | None = None

    @property
    def own_alpha(self) -> float:
        """The effective α of its training; the paper's if it was not trained."""
        return (self.settings or Settings()).effective_alpha


@dataclass(frozen=True)
class Comparison:
    """What to compare competitors on.

    Attributes:
        shots: numbers of support points K, each with a panel of its own.
        steps: gradient steps S.
        tasks: fresh tasks for each K.
        seed: draws the tasks and their points.
        alpha: step size α of everyone; or "own" for each learner's effective α of training; or
            "tuned" for each learner's best at each K, found on other tasks.
        family: the task distribution.
        reference: label of the competitor that the others are measured against on the same tasks;
            None for no such differences.

    Raises:
        UserError: a value is out of bounds.
    """

    shots: tuple[int, ...] = (5, 10, 20)
    steps: int = 10
    tasks: int = 600
    seed: int = 0
    alpha: StepSize = 0.01
    family: Family = DEFAULT_FAMILY
    reference: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self.shots, self.steps, self.tasks, self.seed, self.steps + 1)
        if isinstance(self.alpha, str):
            if self.alpha not in {"own", "tuned"}:
                raise UserError('Step size α must be a number, "own" or "tuned".')
        else:
            check_alpha(self.alpha)

    @property
    def tuning_seed(self) -> int:
        """Draws the tasks that step sizes are tuned on: others than the comparison's."""
        return (self.seed + 2**30) % 2**31


def start_of(competitor: Competitor, request: Comparison) -> Start:
    """Where a competitor's adaptation starts.

    Raises:
        UserError: it has no start and is no closed form either.
    """
    if competitor.role in CLOSED_FORMS:
        start = CLOSED_FORMS[competitor.role].start(request.family)
        if start is None:
            raise UserError(
                f"{competitor.label} is not known for {request.family.label} tasks: leave it out."
            )
        return start
    if competitor.start is None:
        raise UserError(f"{competitor.label} has no network: train it or open a file with it.")
    return competitor.start


@dataclass(frozen=True, eq=False)
class Found:
    """How far a comparison has come.

    Attributes:
        done: share of the work, 0 to 1.
        doing: what is being done.
        results: by label and K; errors of single tasks only for a comparison with a reference.
    """

    done: float
    doing: str
    results: Mapping[tuple[str, int], Measured]


def measure(request: Comparison, competitors: Sequence[Competitor]) -> Iterator[Found]:
    """Evaluate every competitor at every K on the same tasks; the last item has it all.

    Raises:
        UserError: the reference is none of them, two share a label, one has no network, or all
            together take too much memory.
    """
    starts = _checked(request, competitors)
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    meter = Meter(sum(_work(request, start, k) for k in request.shots for start in starts))
    results: Mapping[tuple[str, int], Measured] = {}
    yield Found(0.0, "starting", results)
    for shots in request.shots:
        for competitor, start in zip(competitors, starts, strict=True):
            doing = f"{competitor.label}, K = {shots}"
            for part in _measured(request, start, competitor.own_alpha, shots, meter):
                if isinstance(part, Measured):
                    errors = part.errors if request.reference else part.errors.forgotten()
                    kept = replace(part, errors=errors)
                    results = {**results, (competitor.label, shots): kept}
                yield Found(meter.share, doing, results)
    yield Found(1.0, "done", results)


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
    return [start_of(each, request) for each in competitors]


def _tunes(request: Comparison, start: Start) -> bool:
    return request.alpha == "tuned" and request.steps > 0 and isinstance(start, StartingPoint)


def _work(request: Comparison, start: Start, shots: int) -> float:
    tasks = request.tasks
    if _tunes(request, start):
        tasks += TUNING_TASKS * (2 * TUNING_HALVINGS + 1)
    return work_of(start, shots=shots, steps=request.steps, tasks=tasks)


def _measured(
    request: Comparison,
    start: Start,
    own_alpha: float,
    shots: int,
    meter: Meter,
) -> Iterator[float | Measured]:
    """One competitor at one K: shares of the whole work done, and the result at last."""
    alpha = own_alpha if isinstance(request.alpha, str) else request.alpha
    if _tunes(request, start):
        alpha = yield from _tuned(request, start, own_alpha, shots, meter)
    yield (yield from _evaluated(request, start, shots, alpha, meter))


def _evaluated(
    request: Comparison,
    start: Start,
    shots: int,
    alpha: float,
    meter: Meter,
    *,
    tuning: bool = False,
) -> Generator[float, None, Measured]:
    tasks = TUNING_TASKS if tuning else request.tasks
    evaluation = measured(
        start,
        request.family,
        shots=shots,
        steps=request.steps,
        tasks=tasks,
        alpha=alpha,
        seed=request.tuning_seed if tuning else request.seed,
    )
    work = work_of(start, shots=shots, steps=request.steps, tasks=tasks)
    return (yield from meter.part(work, evaluation))


def _tuned(
    request: Comparison,
    start: Start,
    own_alpha: float,
    shots: int,
    meter: Meter,
) -> Generator[float, None, float]:
    """The step size that is best after the last step on tasks for that purpose."""
    scores: dict[float, float] = {}
    for alpha in step_sizes_around(own_alpha, TUNING_HALVINGS):
        tried = yield from _evaluated(request, start, shots, alpha, meter, tuning=True)
        scores[alpha] = float(tried.errors.with_penalty()[-1].mean())
    return min(scores, key=scores.__getitem__)


def compare(
    request: Comparison, competitors: Sequence[Competitor], command: str = ""
) -> Iterator[JobProgress]:
    """Compare competitors on the same tasks.

    Args:
        request: what to compare them on.
        competitors: at least one; their labels differ.
        command: the command that asks for the same, for the provenance; may be empty.

    Raises:
        UserError: as `measure`.
    """
    drawn = figure = None
    for found in measure(request, competitors):
        if drawn is not found.results:
            drawn, figure = found.results, figure_of(request, competitors, found.results, command)
        yield JobProgress(found.done, found.doing, figure)
