"""How much of a meta-gradient is noise: against what many draws scatter by."""

import math

import pytest
import torch

from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.errors import UserError
from explorer.core.files.checkpoint import load
from explorer.core.insight.gradient_noise import (
    COUNTS,
    Noise,
    fit_of,
    noise_of,
    query_noise,
)
from explorer.core.insight.task_gradients import take_apart
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.loop import start
from explorer.resources import MAML_CHECKPOINT, resource
from tests.core.insight.batches import prototype
from tests.core.training.runs import SMALL


def test_it_is_without_bias() -> None:
    """Over many batches, noise and signal come to what the draws were made with."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    sigma = torch.tensor([3.0, 1.0, 2.0], dtype=torch.float64)
    draws = torch.randn(20_000, 5, 3, generator=generator, dtype=torch.float64)
    found = [noise_of(truth + sigma * batch) for batch in draws]
    noise = sum(each.noise for each in found) / len(found)
    signal = sum(each.signal for each in found) / len(found)
    assert noise == pytest.approx(float(sigma.square().sum()) / 5, rel=0.02)
    assert signal == pytest.approx(float(truth.square().sum()), rel=0.03)
    assert found[0].tasks == 5


def test_shares() -> None:
    """No noise, noise that hides everything, and what one task cannot tell."""
    same = noise_of(torch.ones(4, 2))
    assert (same.noise, same.share) == (0.0, 0.0)
    assert Noise(25, 4.0, 2.0).signal == -2.0
    assert Noise(25, 1.0, 4.0).share == 0.25
    assert math.isnan(noise_of(torch.ones(1, 2)).noise)
    assert math.isnan(noise_of(torch.zeros(3, 2)).share)


def test_the_fit_finds_what_it_was_made_of() -> None:
    """And says beyond how many points the tasks are most of it."""
    noise = [1.7 + 10.4 / count for count in COUNTS]
    fit = fit_of(COUNTS, noise)
    assert fit == pytest.approx((1.7, 10.4))
    assert fit.even == pytest.approx(10.4 / 1.7)
    assert fit._replace(tasks=-0.1).even == math.inf


def test_the_shipped_network() -> None:
    """About 1.7 + 10.4/Q for a meta-batch of 25, as measured: most of the step is noise."""
    file = load(resource(MAML_CHECKPOINT))
    assert file.run is not None
    meta = file.run.learners["maml"].meta
    found = query_noise(MAML, file.settings, meta, sampled=2048)
    assert (found.tasks, found.counts) == (25, COUNTS)
    assert found.fit.tasks == pytest.approx(1.7, rel=0.15)
    assert found.fit.points == pytest.approx(10.4, rel=0.2)
    for count, noise in zip(COUNTS, found.noise, strict=True):
        assert noise == pytest.approx(found.fit.tasks + found.fit.points / count, rel=0.1)
    assert found.signal < 0.25 * found.noise[3]
    assert found.support_again > found.noise[-1]


def test_a_batch_tells_about_itself() -> None:
    """The noise that batches of 25 show is by how much their means scatter, task by task drawn."""
    file = load(resource(MAML_CHECKPOINT))
    assert file.run is not None
    meta = file.run.learners["maml"].meta.double()
    gradients = take_apart(MAML, file.settings, meta, prototype(500)).full
    batches = gradients.view(20, 25, -1)
    shown = sum(noise_of(batch).noise for batch in batches) / 20
    assert shown == pytest.approx(20 * noise_of(batches.mean(1)).noise, rel=0.3)


@pytest.mark.parametrize("name", [n for n, rule in LEARNERS.items() if rule.hessians is not None])
def test_every_learner_that_can_be_taken_apart(name: str) -> None:
    """Has noise, which more points lower; the same seed gives the same."""
    state = start(SMALL, (name,)).learners[name]
    first = query_noise(LEARNERS[name], SMALL, state.meta, sampled=100)
    assert first.noise[0] > first.noise[-1] > 0
    again = query_noise(LEARNERS[name], SMALL, state.meta, sampled=100)
    assert first.noise == again.noise
    other = query_noise(LEARNERS[name], SMALL, state.meta, sampled=100, seed=1)
    assert first.noise != other.noise


def test_the_others_are_refused() -> None:
    """As by the meta-iteration."""
    state = start(SMALL, ("reptile",)).learners["reptile"]
    with pytest.raises(UserError, match="Reptile"):
        query_noise(LEARNERS["reptile"], SMALL, state.meta)


def test_it_can_be_cancelled() -> None:
    """Between blocks of tasks."""
    state = start(SMALL, ("maml",)).learners["maml"]
    with cancelled_when(lambda: True), pytest.raises(CancelledWorkError):
        query_noise(MAML, SMALL, state.meta)
