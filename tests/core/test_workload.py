"""What may be trained together without making Pause wait."""

import time

import pytest

from explorer.core.learners import LEARNERS
from explorer.core.presets import PRESETS
from explorer.core.schema import Settings
from explorer.core.training import advance, start
from explorer.core.workload import MAX_SECONDS, iteration_seconds, too_much

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
