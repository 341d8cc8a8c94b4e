"""A reproduction that takes moments: few iterations of small networks, few tasks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.jobs.progress import Job
from explorer.core.jobs.reproduction import ITEMS, Plan, Scale

Result = TypeVar("Result")

TINY = Scale(
    settings=Settings(iterations=40, meta_batch=3, hidden=(8,), shots=4, query=4, networks=5),
    averaged_iterations=10,
    shared_iterations=10,
    tasks=30,
    validation_tasks=10,
    many_steps=12,
)


def tiny_plan(store: Path, seed: int = 3, scale: Scale = TINY, seeds: int = 1) -> Plan:
    """A plan of that size."""
    return Plan(quick=False, seed=seed, store=store, scale=scale, seeds=seeds)


def course(item: str, plan: Plan) -> list[JobProgress]:
    """Every moment of a job that is left to finish."""
    return list(ITEMS[item].job(plan))


def result(item: str, plan: Plan) -> Figure:
    """What a job comes to."""
    figure = course(item, plan)[-1].figure
    assert figure is not None
    return figure


def outcome(job: Job[Result], seen: Callable[[JobProgress], object] = id) -> Result:
    """What a job returns in the end, with all that it says on the way shown to somebody."""
    found: list[Result] = []

    def keeping() -> Iterator[JobProgress]:
        found.append((yield from job))

    for progress in keeping():
        seen(progress)
    return found[0]


def numbers(figure: Figure) -> list[tuple[object, ...]]:
    """What must not differ between two ways to the same figure."""
    return [
        (row.item, row.label, row.shots, row.steps, repr(row.ours), repr(row.ci95), row.diverged)
        for row in figure.rows
    ]
