"""A small experiment, and what makes two of its runs the same."""

import torch

from explorer.core.experiment.settings import Settings
from explorer.core.training.learner_state import LearnerState
from explorer.core.training.loop import Progress, Run, train

SMALL = Settings(
    hidden=(8, 8), shots=3, query=4, meta_batch=5, noise=0.3, networks=20, implicit_steps=4
)
ROUNDING = 1e-4  # what a few dozen iterations may make of different orders of summation


def assert_same_run(one: Run, other: Run) -> None:
    """Equality bit for bit of all that decides what comes next."""
    assert (one.settings, one.iteration) == (other.settings, other.iteration)
    assert list(one.learners) == list(other.learners)
    assert torch.equal(one.task_stream, other.task_stream)
    assert torch.equal(one.noise_stream, other.noise_stream)
    for name, state in one.learners.items():
        assert_same_state(state, other.learners[name])


def assert_same_state(one: LearnerState, other: LearnerState) -> None:
    assert torch.equal(one.meta, other.meta)
    assert torch.equal(one.first_moment, other.first_moment)
    assert torch.equal(one.second_moment, other.second_moment)


def assert_close_runs(one: Run, other: Run) -> None:
    """Equality but for rounding."""
    assert (one.settings, one.iteration) == (other.settings, other.iteration)
    assert torch.equal(one.task_stream, other.task_stream)
    for name, state in one.learners.items():
        near = other.learners[name]
        torch.testing.assert_close(state.meta, near.meta, rtol=ROUNDING, atol=ROUNDING)
        for part in ("first_moment", "second_moment"):
            expected = getattr(near, part)
            atol = ROUNDING * float(expected.abs().max())
            torch.testing.assert_close(getattr(state, part), expected, rtol=0, atol=atol)


def finish(run: Run, until: int) -> Run:
    """The run after training up to an iteration with `train`."""
    for event in train(run, until):
        if isinstance(event, Progress):
            run = event.run
    return run
