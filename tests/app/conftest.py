"""What the tests of the evaluation tab share: the panel alone, and jobs under control."""

from collections.abc import Callable, Iterator

import pytest

from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.reproduction import Item
from explorer.panels.evaluation.panel import EvaluationPanel
from tests.jobs import GatedJob
from tests.stages import EvaluationStage


@pytest.fixture
def panel(evaluation_stage: EvaluationStage) -> EvaluationPanel:
    """The evaluation panel alone."""
    return evaluation_stage.evaluation


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], Iterator[JobProgress]]]]:
    """Jobs that every reproduction is instead, the next one first."""
    queue: list[Callable[[], Iterator[JobProgress]]] = []
    monkeypatch.setattr(Item, "job", lambda _item, _plan: queue.pop(0)())
    yield queue
    for job in queue:
        if isinstance(job, GatedJob):
            job.open(100)
