"""What may be trained together without making Pause wait."""

import time
from dataclasses import replace

import pytest
import torch

from explorer.core import training
from explorer.core.learners import LEARNERS
from explorer.core.outer_loop import compiled_chunk, plain_chunk
from explorer.core.presets import PRESETS
from explorer.core.schema import Settings
from explorer.core.training import Progress, Working, advance, start
from explorer.core.workload import MAX_SECONDS, iteration_seconds, too_much
from tests.trainers import SMALL

WIDE = Settings(hidden=(256, 256), meta_batch=60)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_trained_with_all_learners(name: str) -> None:
    """Nobody who compares everything on a known code's settings is turned away."""
    assert too_much(PRESETS[name].settings, tuple(LEARNERS)) == ""


@pytest.mark.parametrize(
    ("settings", "learners", "words"),
    [
        (WIDE, ("maml", "averaged"), ("Averaged", "number of averaged networks")),
        (Settings(meta_batch=1000, reptile_steps=100), ("reptile",), ("Reptile's steps",)),
        (Settings(inner_steps=20, meta_batch=180), tuple(LEARNERS)[:9], ("fewer learners",)),
    ],
)
def test_what_takes_too_long_is_refused(
    settings: Settings, learners: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """A sentence says how long and what to lower; without the slowest it goes."""
    sentence = too_much(settings, learners)
    for word in words:
        assert word in sentence
    assert too_much(settings, ("maml",)) == ""


def test_together_costs_the_sum_of_the_parts() -> None:
    """No learner is slower in company."""
    names = ("maml", "reptile", "averaged")
    parts = [iteration_seconds(WIDE, (name,)) for name in names]
    assert iteration_seconds(WIDE, names) == pytest.approx(sum(parts))


@pytest.mark.parametrize("learner", ["maml", "reptile"])
def test_the_estimate_is_of_the_right_size(learner: str) -> None:
    """Within a factor that leaves room for the machine, the clock agrees with it."""
    settings = Settings(meta_batch=200)
    run = advance(start(settings, (learner,)), 1)[0]
    measured = []
    for _ in range(3):
        begin = time.perf_counter()
        advance(run, 1)
        measured.append(time.perf_counter() - begin)
    estimate = iteration_seconds(settings, (learner,))
    assert estimate < MAX_SECONDS
    assert estimate / 5 < min(measured) < estimate * 5


def test_slow_learners_can_be_interrupted_between_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Training offers to stop between two learners that take long, and counts on all the same."""
    settings = replace(SMALL, iterations=2)
    names = ("maml", "anil", "cavia")
    expected = advance(start(settings, names), 2)[0]
    monkeypatch.setattr(training, "CHUNK_SECONDS", 0.0)
    events = list(training.train(start(settings, names)))
    assert [type(event) for event in events] == 2 * [Working, Working, Progress]
    last = events[-1]
    assert isinstance(last, Progress)
    for name in names:
        assert torch.equal(last.run.learners[name].meta, expected.learners[name].meta)


@pytest.mark.parametrize("tasks", [40, 131, 400])
def test_many_tasks_are_few_programs(tasks: int) -> None:
    """However large the meta-batch, its gradient is that of plain Python, for rounding."""
    settings = replace(SMALL, meta_batch=tasks)
    run = start(settings, ("maml",))
    compiled, plain = (advance(run, 2, chunk)[0] for chunk in (compiled_chunk, plain_chunk))
    torch.testing.assert_close(compiled.learners["maml"].meta, plain.learners["maml"].meta)


def test_the_first_iteration_of_many_tasks_does_not_take_long() -> None:
    """What is recorded before it does not grow with the meta-batch."""
    run = start(replace(SMALL, meta_batch=1000), ("maml",))
    begin = time.perf_counter()
    advance(run, 1)
    assert time.perf_counter() - begin < 0.5
