"""Training and held-out evaluation end where they are once they are no longer wanted."""

from collections.abc import Callable

import pytest
import torch

from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.evaluation.evaluation import BLOCK
from explorer.core.training.loop import (
    HELD_OUT_TASKS,
    Progress,
    Run,
    advance,
    held_out,
    start,
    train,
)
from tests.trainers import SMALL

NAMES = ("maml", "anil", "cavia")


@pytest.fixture(scope="module")
def run() -> Run:
    """Three learners whose loops are prepared, which would ask too."""
    begun, _ = advance(start(SMALL, NAMES), 1)
    held_out(begun)
    return begun


def after(times: int) -> tuple[Callable[[], bool], list[int]]:
    """No longer wanted once it was asked so often; and the times it was."""
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(1)
        return len(asked) > times

    return is_cancelled, asked


@pytest.mark.parametrize("times", [0, 1])
def test_slow_learners_are_cancelled_between_each_other(run: Run, times: int) -> None:
    """Never within one, and never before the first: a chunk in hand comes to something."""
    is_cancelled, asked = after(times)
    with pytest.raises(CancelledWorkError), cancelled_when(is_cancelled):
        advance(run, 1)
    assert len(asked) == times + 1
    is_cancelled, asked = after(len(NAMES) - 1)
    with cancelled_when(is_cancelled):
        done, _ = advance(run, 1)
    assert len(asked) == len(NAMES) - 1
    again, _ = advance(run, 1)
    for name in NAMES:
        assert torch.equal(done.learners[name].meta, again.learners[name].meta)


@pytest.mark.parametrize("times", [0, 1, 5])
def test_held_out_evaluation_is_cancelled_at_any_block(run: Run, times: int) -> None:
    """Nothing comes of it then; undisturbed it asks at least once for each block."""
    is_cancelled, asked = after(times)
    with pytest.raises(CancelledWorkError), cancelled_when(is_cancelled):
        held_out(run)
    assert len(asked) == times + 1
    is_cancelled, asked = after(10_000)
    with cancelled_when(is_cancelled):
        held_out(run)
    assert len(asked) >= len(NAMES) * HELD_OUT_TASKS // BLOCK


def test_training_keeps_what_it_had_handed_over(run: Run) -> None:
    """The last event before it was cancelled is a good run, from which it can go on."""
    last = run

    def follow() -> None:
        nonlocal last
        for event in train(run):
            assert isinstance(event, Progress)
            last = event.run

    with pytest.raises(CancelledWorkError), cancelled_when(lambda: last.iteration > 5):
        follow()
    assert 5 < last.iteration < SMALL.iterations
    expected, _ = advance(run, last.iteration - run.iteration)
    for name in NAMES:
        assert torch.equal(last.learners[name].meta, expected.learners[name].meta)
