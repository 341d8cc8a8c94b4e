"""Meta-training: a run from its start, by chunks, with evaluations in between, to its end."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from explorer.core.base.errors import TrainingDivergedError
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch, sample
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import initialise, make_network
from explorer.core.training import loop as training
from explorer.core.training.loop import (
    HELD_OUT_STEPS,
    MAX_CHUNK,
    HeldOut,
    Progress,
    advance,
    held_out,
    start,
    train,
)
from tests.core.training.runs import SMALL, assert_same_run, finish


def test_start() -> None:
    """Iteration 0, every learner from the same fresh θ, Adam at rest."""
    run = start(SMALL)
    assert run.iteration == 0
    assert list(run.learners) == ["maml", "pretrained"]
    theta = initialise(make_network((8, 8)), stream(SMALL.seed, "initialisation"))
    for name, state in run.learners.items():
        assert torch.equal(state.meta, theta)
        assert not state.first_moment.any()
        assert not state.second_moment.any()
        assert run.starting_point(name).network == make_network((8, 8))


def test_advance_leaves_the_run_it_was_given_alone() -> None:
    """A run is a value: advancing it twice gives the same, and it is what it was before."""
    run = start(SMALL)
    copies = [run.task_stream.clone(), run.noise_stream.clone()]
    thetas = {name: state.meta.clone() for name, state in run.learners.items()}
    one, first_losses = advance(run, 5)
    other, second_losses = advance(run, 5)
    assert run.iteration == 0
    assert torch.equal(run.task_stream, copies[0])
    assert torch.equal(run.noise_stream, copies[1])
    for name, theta in thetas.items():
        assert torch.equal(run.learners[name].meta, theta)
        assert not torch.equal(one.learners[name].meta, theta)
        np.testing.assert_array_equal(first_losses[name], second_losses[name])
    assert_same_run(one, other)


def test_losses_are_the_learners_own() -> None:
    """One row per meta-iteration, in float32, the first of them at the θ one started from."""
    run = start(SMALL)
    _, losses = advance(run, 6)
    tasks = sample(SMALL.family, 5, 7, stream(SMALL.seed, "tasks"), stream(SMALL.seed, "noise"))
    batch = Batch(*(part[0] for part in tasks.split(SMALL.shots)))
    for name, recorded in losses.items():
        assert recorded.shape == (6, len(LEARNERS[name].losses))
        assert recorded.dtype == np.float32
        _, expected = LEARNERS[name].meta_gradient(
            run.learners[name].meta, batch, make_network((8, 8)), LEARNERS[name].inner_loop(SMALL)
        )
        np.testing.assert_allclose(recorded[0], expected.numpy(), rtol=1e-6)


def test_train_stops_where_it_should() -> None:
    """The last event is at `until`, the settings' iterations by default, and nothing follows."""
    events = list(train(start(SMALL, ("maml",)), 17))
    assert all(isinstance(event, Progress) for event in events)
    assert events[-1].run.iteration == 17
    assert sum(len(event.losses["maml"]) for event in events) == 17
    short = SMALL.changed(iterations=5)
    assert list(train(start(short, ("maml",))))[-1].run.iteration == 5
    assert list(train(events[-1].run, 17)) == []
    assert list(train(events[-1].run, 3)) == []


def test_events_join_up() -> None:
    """Each event carries the run after exactly the iterations whose losses it reports."""
    at = 0
    for event in train(start(SMALL), 40):
        assert isinstance(event, Progress)
        assert event.seconds > 0
        for losses in event.losses.values():
            assert len(losses) == event.run.iteration - at
        at = event.run.iteration
    assert at == 40


def use_clock(monkeypatch: pytest.MonkeyPatch, tick: float) -> None:
    """Make every look at the clock find it `tick` seconds later."""
    clock = itertools.count()
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: tick * next(clock)))


def test_chunks_grow_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast iterations come in chunks that double up to the limit; the end is exact."""
    use_clock(monkeypatch, 1e-5)
    monkeypatch.setattr(training, "marks", lambda *_: (0,))  # chunks end wherever a rung belongs
    doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert doubled[-1] < MAX_CHUNK < 2 * doubled[-1]
    until = sum(doubled) + 2 * MAX_CHUNK + 63
    lengths = [len(e.losses["maml"]) for e in train(start(SMALL, ("maml",)), until)]
    assert lengths == [*doubled, MAX_CHUNK, MAX_CHUNK, 63]


def test_slow_iterations_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """When an iteration takes longer than a chunk should, Pause waits for one alone."""
    use_clock(monkeypatch, 1.0)
    assert [len(e.losses["maml"]) for e in train(start(SMALL, ("maml",)), 5)] == [1] * 5


def test_held_out_evaluation_does_not_change_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """With evaluations in between, training goes on to the same bits."""
    undisturbed = finish(start(SMALL), 45)
    use_clock(monkeypatch, 1.0)
    events = list(train(start(SMALL), 45, held_out_seconds=2.0))
    evaluations = [event for event in events if isinstance(event, HeldOut)]
    assert len(evaluations) >= 2
    assert evaluations[0].iteration < 45
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert_same_run(last.run, undisturbed)


def test_held_out_evaluation_comes_at_the_end() -> None:
    """However short the run, it ends with an evaluation of its final state; never, if unwanted."""
    *_, last = train(start(SMALL), 3, held_out_seconds=1000.0)
    assert isinstance(last, HeldOut)
    assert last.iteration == 3
    assert not any(isinstance(event, HeldOut) for event in train(start(SMALL), 3))


def test_held_out_is_an_evaluation_of_each_learner() -> None:
    """Its numbers are `evaluate`'s, with the experiment's own α, K and seed."""
    run = finish(start(SMALL.changed(seed=3, alpha=0.02)), 5)
    result = held_out(run)
    for name in run.learners:
        expected = evaluate(
            run.starting_point(name),
            run.settings.family,
            shots=3,
            steps=HELD_OUT_STEPS,
            tasks=training.HELD_OUT_TASKS,
            alpha=0.02,
            seed=3,
        )
        assert result.mse[name] == expected.full
        assert result.lost[name] == expected.lost


@pytest.mark.parametrize("learner", LEARNERS)
def test_leaving_the_finite_numbers_is_an_error(learner: str) -> None:
    """Training that overflows stops with a sentence, and the events before it are all finite."""
    wild = Settings(
        hidden=(40, 40, 40), alpha=1.0, beta=1.0, x=Range(-100.0, 100.0), amplitude=Range(99, 100)
    )
    run = start(wild, (learner,))
    state = run.learners[learner]
    run = replace(run, learners={learner: replace(state, meta=state.meta * 1e7)})
    seen = [run]

    def follow() -> None:
        for event in train(run, 1000):
            assert isinstance(event, Progress)
            seen.append(event.run)

    with pytest.raises(TrainingDivergedError, match="left the finite numbers") as caught:
        follow()
    message = str(caught.value)
    assert LEARNERS[learner].label in message
    assert f"{seen[-1].iteration} and" in message
    assert "lower α or β" in message
    assert "\n" not in message
    assert all(torch.isfinite(r.learners[learner].meta).all() for r in seen)
