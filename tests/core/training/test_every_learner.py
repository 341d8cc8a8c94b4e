"""Every learner trains on the machine, as it would in plain Python and by Adam."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.base.random_streams import stream
from explorer.core.engine import Loop
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch, sample
from explorer.core.learners import LEARNERS, InnerLoop
from explorer.core.learners.maml import meta_gradient as maml_gradient
from explorer.core.network.mlp import Network, initialise
from explorer.core.training.loop import advance, held_out, start
from explorer.core.training.outer_loop import TASKS_AT_ONCE, compiled_chunk, plain_chunk
from tests.core.families.toy import make_known
from tests.core.training.runs import ROUNDING, SMALL, assert_close_runs, assert_same_state


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
    for length in (4, 7, 7, 1):
        compiled, compiled_losses = advance(compiled, length)
        plain, plain_losses = advance(plain, length, plain_chunk)
        assert_close_runs(compiled, plain)
        np.testing.assert_allclose(compiled_losses[learner], plain_losses[learner], rtol=ROUNDING)


@pytest.mark.parametrize("tasks_in_batch", [4, 2 * TASKS_AT_ONCE + 3])
@pytest.mark.parametrize("learner", LEARNERS)
def test_the_outer_loop_is_adam(learner: str, tasks_in_batch: int) -> None:
    """In float64, 20 iterations from iteration 0 are those of torch.optim.Adam.

    However many tasks a batch has: the gradient is that of all of them at once.
    """
    iterations, beta = 20, 0.003
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

    parameter = torch.nn.Parameter(begin.clone())
    adam = torch.optim.Adam([parameter], lr=beta)
    for i in range(iterations):
        batch = Batch(*(part[i] for part in batches))
        parameter.grad, _ = rule.meta_gradient(parameter.detach(), batch, network, inner)
        adam.step()
    assert (parameter.detach() - begin).norm() > 0.1
    for chunk in (plain_chunk(learner), compiled_chunk(learner)):
        (meta, *_), _ = chunk(begin, zero, zero, 0, batches, network, inner, beta)
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
