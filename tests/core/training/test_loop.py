"""Meta-training: exact repetition, exact resumption, and what it learns."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.base.errors import TrainingDivergedError
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.engine import Loop
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch, sample
from explorer.core.learners import LEARNERS, InnerLoop
from explorer.core.learners.maml import meta_gradient as maml_gradient
from explorer.core.network.derivatives import predict
from explorer.core.network.mlp import Network, initialise, make_network
from explorer.core.training import loop as training
from explorer.core.training.loop import (
    HELD_OUT_STEPS,
    MAX_CHUNK,
    HeldOut,
    LearnerState,
    Progress,
    Run,
    advance,
    held_out,
    start,
    threads_for,
    train,
)
from explorer.core.training.outer_loop import TASKS_AT_ONCE, Chunk, compiled_chunk, plain_chunk
from tests.core.families.toy import make_known

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


# --- a run and its start


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


# --- bit for bit


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        SMALL.changed(inner_steps=3, activation="tanh", hidden=(6,), noise=0.0),
        SMALL.changed(inner_steps=2, outer_loss="every"),
    ],
    ids=["relu", "tanh", "every step"],
)
def test_compiled_equals_plain(learner: str, settings: Settings) -> None:
    """The machine and plain Python give the same numbers but for rounding."""
    compiled = plain = start(settings, (learner,))
    for length in (4, 7, 7, 7, 1):
        compiled, compiled_losses = advance(compiled, length)
        plain, plain_losses = advance(plain, length, plain_chunk)
        assert_close_runs(compiled, plain)
        np.testing.assert_allclose(compiled_losses[learner], plain_losses[learner], rtol=ROUNDING)


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


@pytest.mark.parametrize("threads", [2, 3, 50])
def test_threads_give_the_same_numbers(threads: int) -> None:
    """As one thread but for rounding, and for each number of threads the same bits every time."""
    settings = SMALL.changed(meta_batch=2 * TASKS_AT_ONCE + 1)
    one, losses = advance(start(settings), 20)
    several, other_losses = advance(start(settings), 20, threads=threads)
    assert_close_runs(several, one)
    for name, recorded in losses.items():
        np.testing.assert_allclose(other_losses[name], recorded, rtol=ROUNDING)
    part, _ = advance(start(settings), 7, threads=threads)
    assert_same_run(advance(part, 13, threads=threads)[0], several)


def test_threads_are_for_large_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cores but those to spare where there is work for them, one where there is little."""
    cores = set(range(8))
    monkeypatch.setattr(training.os, "sched_getaffinity", lambda _: cores, raising=False)
    large = Settings(hidden=(100, 100))
    assert threads_for(large) == 8
    assert threads_for(large, spare=1) == 7
    assert threads_for(large, spare=8) == threads_for(SMALL) == 1
    assert threads_for(large.changed(meta_batch=2)) == 2
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


@pytest.mark.parametrize("tasks_in_batch", [4, 2 * TASKS_AT_ONCE + 3])
@pytest.mark.parametrize("chunk_of", [plain_chunk, compiled_chunk])
@pytest.mark.parametrize("learner", LEARNERS)
def test_the_outer_loop_is_adam(
    learner: str, chunk_of: Callable[[str], Chunk], tasks_in_batch: int
) -> None:
    """In float64, 60 iterations from iteration 0 are those of torch.optim.Adam.

    However many tasks a batch has: the gradient is that of all of them at once.
    """
    iterations, beta = 60, 0.003
    settings = SMALL.changed(
        hidden=(6, 6),
        activation="tanh",
        alpha=0.02,
        inner_steps=2,
        query=4,
        networks=tasks_in_batch,
    )
    rule = LEARNERS[learner]
    network, inner = rule.network(settings), rule.inner_loop(settings)
    streams = stream(0, "tasks"), stream(0, "noise")
    tasks = sample(SMALL.family, tasks_in_batch, 7, *streams, iterations)
    batches = Batch(*(part.double() for part in tasks.split(3)))
    begin = rule.begin(initialise(network, stream(0, "initialisation")).double(), settings)
    zero = torch.zeros_like(begin)
    (meta, *_), _ = chunk_of(learner)(begin, zero, zero, 0, batches, network, inner, beta)

    parameter = torch.nn.Parameter(begin.clone())
    adam = torch.optim.Adam([parameter], lr=beta)
    for i in range(iterations):
        batch = Batch(*(part[i] for part in batches))
        parameter.grad, _ = rule.meta_gradient(parameter.detach(), batch, network, inner)
        adam.step()
    assert (parameter.detach() - begin).norm() > 0.1
    torch.testing.assert_close(meta, parameter.detach(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("learner", LEARNERS)
def test_every_learner_trains_on_any_family(learner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks may have another number of parameters than sines have."""
    make_known(monkeypatch)
    settings = SMALL.changed(family="steep", networks=4)
    run, losses = advance(start(settings, (learner,)), 3)
    plain, _ = advance(start(settings, (learner,)), 3, plain_chunk)
    assert_close_runs(run, plain)
    assert np.isfinite(losses[learner]).all()
    result = held_out(run)
    assert math.isfinite(result.mse[learner][0])


# --- the generator


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


def test_interrupted_and_resumed_is_uninterrupted() -> None:
    """Stopping at any event and continuing from its run gives the same bits as never stopping."""
    whole = finish(start(SMALL), 60)
    generator = train(start(SMALL), 60)
    stopped = next(event.run for event in generator if event.run.iteration >= 20)
    generator.close()
    assert stopped.iteration < 60
    assert_same_run(finish(stopped, 60), whole)
    assert_close_runs(advance(start(SMALL), 60, plain_chunk)[0], whole)


def use_clock(monkeypatch: pytest.MonkeyPatch, tick: float) -> None:
    """Make every look at the clock find it `tick` seconds later."""
    clock = itertools.count()
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: tick * next(clock)))


def test_chunks_grow_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast iterations come in chunks that double up to the limit; the end is exact."""
    use_clock(monkeypatch, 1e-5)
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
        assert result.mse[name] == expected.mse
        assert result.diverged[name] == expected.diverged


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


# --- the machine


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("outer_loss", ["last", "every"])
def test_the_machine_knows_every_learner(
    learner: str, steps: int, outer_loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No learner trains as ordinary Python because it makes a call without an instruction."""

    def refuse(*_: object) -> None:
        raise AssertionError("ran as ordinary Python")

    monkeypatch.setattr(Loop, "run_plainly", refuse)
    settings = SMALL.changed(inner_steps=steps, outer_loss=outer_loss)
    run, _ = advance(start(settings, (learner,)), 2)
    assert run.iteration == 2


def strange_gradient(
    meta: Tensor,
    batch: Batch,
    network: Network,
    inner: InnerLoop,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """MAML's meta-gradient after a call that the machine does not know and that changes nothing."""
    return maml_gradient(meta.flip(0).flip(0), batch, network, inner, weights)


def test_a_learner_that_the_machine_does_not_know_trains_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs as ordinary Python, to the same numbers."""
    learner = replace(LEARNERS["maml"], name="strange", meta_gradient=strange_gradient)
    monkeypatch.setitem(LEARNERS, "strange", learner)
    strange, _ = advance(start(SMALL, ("strange",)), 5)
    plain, _ = advance(start(SMALL, ("maml",)), 5, plain_chunk)
    assert_same_state(strange.learners["strange"], plain.learners["maml"])


# --- what it learns


@pytest.fixture(scope="module")
def trained() -> Run:
    """Both learners after 1,500 iterations of the paper's experiment."""
    torch.set_num_threads(1)
    return finish(start(Settings()), 1500)


def test_maml_beats_the_baseline_after_one_step(trained: Run) -> None:
    """One gradient step helps MAML's θ far more than the pretrained one, beyond all doubt."""
    results = {
        name: evaluate(trained.starting_point(name), trained.settings.family, shots=10, steps=1)
        for name in trained.learners
    }
    maml, pretrained = results["maml"], results["pretrained"]
    assert maml.mse[1] + maml.ci95[1] < pretrained.mse[1] - pretrained.ci95[1]
    assert maml.mse[1] < 0.6 * maml.mse[0]
    assert math.isfinite(pretrained.mse[1])


def test_the_baseline_becomes_the_best_single_function(trained: Run) -> None:
    """Joint training ends near −1.623·cos x, much nearer than it began or than zero is."""
    x = trained.settings.family.grid(200)
    best = torch.from_numpy(trained.settings.family.expected(x.double().numpy())[0])

    def distance(run: Run) -> float:
        found = run.starting_point("pretrained")
        curve = predict(found.theta, x.view(1, -1, 1), found.network).flatten()
        return float((curve - best).square().mean().sqrt())

    begin = distance(start(Settings()))
    zero = float(best.square().mean().sqrt())
    end = distance(trained)
    assert end < 0.35 * min(begin, zero)


def test_training_losses_fall() -> None:
    """What training reports as its losses comes down with it."""
    run = start(Settings(), ("maml", "pretrained"))
    _, losses = advance(run, 600)
    for recorded in losses.values():
        assert np.isfinite(recorded).all()
        assert recorded[-100:, -1].mean() < 0.9 * recorded[:100, -1].mean()
