"""Meta-training again: the same numbers, whatever the chunks, the company and the threads."""

import numpy as np
import pytest
import torch

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS
from explorer.core.training import loop as training
from explorer.core.training.loop import advance, start, threads_for, train
from explorer.core.training.outer_loop import Chunk, plain_chunk
from tests.core.training.runs import (
    SMALL,
    assert_close_runs,
    assert_same_run,
    assert_same_state,
    finish,
)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_chunking_does_not_matter(noise: float) -> None:
    """20 iterations at once are 7 and then 13, bit for bit."""
    run = start(SMALL.changed(noise=noise))
    whole, losses = advance(run, 20)
    part, first = advance(run, 7)
    parts, second = advance(part, 13)
    assert_same_run(whole, parts)
    for name in run.learners:
        np.testing.assert_array_equal(losses[name], np.concatenate([first[name], second[name]]))


def test_same_seed_same_curve() -> None:
    """The seed decides everything; another seed decides otherwise."""
    one, losses = advance(start(SMALL), 10)
    same, same_losses = advance(start(SMALL), 10)
    other, other_losses = advance(start(SMALL.changed(seed=1)), 10)
    assert_same_run(one, same)
    for name in one.learners:
        np.testing.assert_array_equal(losses[name], same_losses[name])
        assert not np.isclose(losses[name], other_losses[name]).all()
        assert not torch.equal(one.learners[name].meta, other.learners[name].meta)


@pytest.mark.parametrize("learner", LEARNERS)
def test_company_does_not_matter(learner: str) -> None:
    """A learner trains the same alone as beside the others: all see one task stream."""
    together, _ = advance(start(SMALL, tuple(LEARNERS)), 15)
    alone, _ = advance(start(SMALL, (learner,)), 15)
    assert_same_state(together.learners[learner], alone.learners[learner])
    assert torch.equal(together.task_stream, alone.task_stream)


def test_threads_are_for_large_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cores but those to spare where there is work for them, one where there is little."""
    cores = set(range(8))
    monkeypatch.setattr(training.os, "sched_getaffinity", lambda _: cores, raising=False)
    large = Settings(hidden=(100, 100))
    assert threads_for(large) == threads_for(large, spare=1) == 6  # with two blocks of tasks each
    assert threads_for(large, spare=4) == 4
    assert threads_for(large, spare=8) == threads_for(SMALL) == 1
    assert threads_for(Settings()) == 2
    assert threads_for(Settings(hidden=(200, 200), meta_batch=2)) == 2
    cores = {0}
    assert threads_for(large, spare=1) == 1


def test_learners_see_the_same_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each learner's chunk gets the very batches the other gets."""
    seen: dict[str, Batch] = {}

    def spy(name: str) -> Chunk:
        def chunk(*args: object) -> object:
            seen[name] = args[4]  # type: ignore[assignment]
            return plain_chunk(name)(*args)  # type: ignore[arg-type]

        return chunk  # type: ignore[return-value]

    advance(start(SMALL), 3, spy)
    assert seen["maml"].support_x.shape == (3, 5, 3, 1)
    for one, other in zip(seen["maml"], seen["pretrained"], strict=True):
        assert torch.equal(one, other)


def test_interrupted_and_resumed_is_uninterrupted() -> None:
    """Stopping at any event and continuing from its run gives the same bits as never stopping."""
    whole = finish(start(SMALL), 60)
    generator = train(start(SMALL), 60)
    stopped = next(event.run for event in generator if event.run.iteration >= 20)
    generator.close()
    assert stopped.iteration < 60
    assert_same_run(finish(stopped, 60), whole)
    assert_close_runs(advance(start(SMALL), 60, plain_chunk)[0], whole)
