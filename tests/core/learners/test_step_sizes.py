"""Learned step sizes: Meta-SGD's, one per parameter, and one per layer."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.adaptation.divergence import curvature
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS, MAML, InnerLoop
from explorer.core.network.mlp import Network
from explorer.core.training.loop import advance, start
from explorer.core.training.outer_loop import plain_chunk
from tests.core.learners import plain
from tests.core.learners.problems import RELATIVE, Problem, problem, relative_error

LEARNED = ("meta-sgd", "layer-rates", "step-rates")


def counts(case: Problem) -> list[int]:
    """How many parameters each layer has."""
    return [inputs * outputs + outputs for inputs, outputs in pairwise(case.network.sizes)]


def factors(case: Problem) -> Tensor:
    """The step size of each parameter as a multiple of α, the same in every step."""
    (scale,) = case.start.preconditioners
    assert isinstance(scale, Scale)
    return scale.factors


@pytest.mark.parametrize("name", LEARNED)
def test_with_alpha_everywhere_it_is_maml(
    name: str, hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """With each step size α, the derivative by θ is MAML's; the step sizes have one as well."""
    maml = problem("maml", hidden, activation, steps, every_step)
    case = problem(name, hidden, activation, steps, every_step)
    meta = case.learner.begin(maml.meta, case.settings)
    gradient, losses = replace(case, meta=meta).run()
    expected, same_losses = maml.run()
    assert relative_error(gradient[: len(expected)], expected) < 1e-12
    torch.testing.assert_close(losses, same_losses, rtol=1e-13, atol=0)
    layers = 1 + len(hidden)
    rates = {"meta-sgd": case.parameters, "layer-rates": layers, "step-rates": steps * layers}
    assert len(gradient) == case.parameters + rates[name]
    assert gradient[case.parameters :].any()


def test_a_rate_per_layer_is_meta_sgd_with_equal_rates_in_each_layer(
    hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """The derivative by θ is the same, and by a layer's step size the sum of Meta-SGD's."""
    layers = problem("layer-rates", hidden, activation, steps, every_step)
    theta, rates = layers.meta.split([layers.parameters, len(hidden) + 1])
    assert len(rates.unique()) == len(rates)
    each = torch.cat([rate.expand(n) for rate, n in zip(rates, counts(layers), strict=True)])
    alike = replace(
        problem("meta-sgd", hidden, activation, steps, every_step), meta=torch.cat([theta, each])
    )
    by_theta, by_rate = layers.gradient().split([len(theta), len(rates)])
    expected_by_theta, by_each = alike.gradient().split([len(theta), len(theta)])
    summed = torch.stack([part.sum() for part in by_each.split(counts(layers))])
    assert relative_error(by_theta, expected_by_theta) < 1e-12
    assert relative_error(by_rate, summed) < RELATIVE
    assert torch.equal(factors(layers), factors(alike))


def test_a_rate_per_step_is_one_per_layer_with_equal_rates_in_all_steps(
    hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """The derivative by θ is the same, and those by the steps' sizes sum to that of the layer's."""
    layers = problem("layer-rates", hidden, activation, steps, every_step)
    theta, rates = layers.meta.split([layers.parameters, len(hidden) + 1])
    alike = replace(
        problem("step-rates", hidden, activation, steps, every_step),
        meta=torch.cat([theta, rates.repeat(steps)]),
    )
    expected_by_theta, expected = layers.gradient().split([len(theta), len(rates)])
    by_theta, by_step = alike.gradient().split([len(theta), steps * len(rates)])
    assert relative_error(by_theta, expected_by_theta) < 1e-12
    assert relative_error(by_step.view(steps, -1).sum(0), expected) < RELATIVE


def test_steps_beyond_those_of_training_are_like_the_last() -> None:
    """Adaptation that goes on takes the last step's sizes; shorter, it takes the first ones."""
    case = problem("step-rates", steps=2)
    first, last = case.start.preconditioners
    assert relative_error(*first, *last) > 0.1
    b, alpha = case.batch, case.settings.effective_alpha
    grid = torch.zeros(1, dtype=torch.float64)

    def steps_of(start: StartingPoint, steps: int) -> list[Tensor]:
        course = adapt(start, b.support_x, b.support_y, grid, alpha=alpha, steps=steps)
        return [step.theta for step in course if step.theta is not None]

    seen = steps_of(case.start, 5)
    assert len(seen) == 6
    for at, state in enumerate(seen[1:], start=1):
        scale = first if at == 1 else last
        rows = [
            steps_of(replace(case.start, theta=theta, preconditioners=(scale,)), 1)[1][i]
            for i, theta in enumerate(seen[at - 1])
        ]
        assert relative_error(torch.stack(rows), state) < RELATIVE
    for one, other in zip(steps_of(case.start, 1), seen, strict=False):
        assert torch.equal(one, other)


def test_the_curvature_is_that_of_the_first_step() -> None:
    """Its sizes decide whether the first step is too long."""
    case = problem("step-rates", steps=2)
    points = case.batch.support_x[:1], case.batch.support_y[:1]
    alone = replace(case.start, preconditioners=case.start.preconditioners[:1])
    assert curvature(case.start, *points) == curvature(alone, *points)
    hessian = torch.autograd.functional.hessian(
        lambda theta: plain.mse(case, theta, points[0][0], points[1][0]), case.start.theta
    )
    (scale,) = alone.preconditioners
    assert isinstance(scale, Scale)
    values = torch.linalg.eigvals(scale.factors.unsqueeze(1) * hessian)
    assert curvature(alone, *points, rounds=500) == pytest.approx(
        float(values.real.max()), rel=1e-6
    )


def test_a_parameter_without_a_step_stays() -> None:
    """A step size of 0 keeps a parameter where it is, and a negative one moves it uphill."""
    case = problem("meta-sgd", steps=1)
    case.meta[case.parameters] = 0.0
    still = factors(case)
    assert still[0] == 0
    assert (still[1:] > 0).all()


@pytest.mark.parametrize("name", LEARNED)
def test_frozen_it_trains_as_maml(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its step sizes held at α through training it goes MAML's way, but for rounding."""
    settings = Settings(hidden=(6, 5), shots=3, query=4, meta_batch=4, inner_steps=2, alpha=0.05)
    learned = LEARNERS[name]

    def frozen(
        meta: Tensor,
        batch: Batch,
        network: Network,
        inner: InnerLoop,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        gradient, losses = learned.meta_gradient(meta, batch, network, inner, weights)
        return torch.cat([gradient[:53], torch.zeros_like(gradient[53:])]), losses

    own = f"frozen {name}"
    monkeypatch.setitem(LEARNERS, own, replace(learned, name=own, meta_gradient=frozen))
    run, losses = advance(start(settings, (MAML.name, own, name)), 25, plain_chunk)
    maml, held, free = (run.learners[each].meta for each in (MAML.name, own, name))
    assert len(maml) == 53
    torch.testing.assert_close(held[:53], maml, rtol=1e-4, atol=1e-6)
    assert torch.equal(held[53:], torch.full_like(held[53:], 0.05))
    assert relative_error(free[:53], maml) > 1e-3
    assert relative_error(free[53:], held[53:]) > 1e-2
    np.testing.assert_allclose(losses[own], losses[MAML.name], rtol=1e-4)
