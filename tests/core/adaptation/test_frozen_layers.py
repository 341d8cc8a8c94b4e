"""Layers that do not adapt, whatever the learner."""

import pytest
import torch
from torch import Tensor

from explorer.core.adaptation.divergence import curvature
from explorer.core.adaptation.freezing import mask_of, part_sizes, with_frozen_layers
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.ridge_head import RidgeHead
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.adaptation.trajectory import Trajectory, trajectories_of
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.families.sine import Sine
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import parameter_count
from tests.core import reference
from tests.core.learners.problems import Problem, problem

ALPHA, STEPS, LAYERS = 0.03, 3, 3  # two hidden layers and the last
GRID = torch.linspace(-2, 2, 9, dtype=torch.float64)
STEPPING = [name for name in LEARNERS if isinstance(problem(name).start, StartingPoint)]
ALL = range(LAYERS)


def thetas(case: Problem, start: StartingPoint) -> list[Tensor]:
    """θ of each step of the first task, ``(P + C,)``."""
    x, y, *_, task = (part[:1] for part in case.batch)
    steps = adapt(start, x, y, GRID, alpha=ALPHA, steps=STEPS, task=task)
    return [step.theta[0] for step in steps if step.theta is not None]


def way(case: Problem, starts: list[Start]) -> list[Trajectory]:
    """How several get on with the first task, together, in the precision of training."""
    x, y, *_, task = (part[:1].float() for part in case.batch)
    grid = GRID.float()
    return trajectories_of(starts, x, y, grid, grid.sin(), alpha=ALPHA, steps=STEPS, task=task)


def by_layer(case: Problem, theta: Tensor) -> list[Tensor]:
    """Weights and biases of each layer, and the context, if there is one."""
    layers = reference.weights_and_biases(theta, case.network.sizes)
    parts = [torch.cat([weight.flatten(), bias]) for weight, bias in layers]
    return [*parts, theta[parameter_count(case.network) :]]


@pytest.mark.parametrize("name", STEPPING)
@pytest.mark.parametrize("frozen", [{0}, {1}, {2}, {0, 2}], ids=str)
def test_frozen_layers_stay_and_the_others_take_the_plain_step(name: str, frozen: set[int]) -> None:
    """The first step of what is free is the step without freezing, bit for bit."""
    case = problem(name)
    free, held = thetas(case, case.start), thetas(case, with_frozen_layers(case.start, frozen))
    for layer in frozen:
        for theta in held[1:]:
            assert torch.equal(by_layer(case, theta)[layer], by_layer(case, held[0])[layer])
    for layer, part in enumerate(by_layer(case, held[1])):
        if layer not in frozen:
            assert torch.allclose(part, by_layer(case, free[1])[layer], rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["maml", "meta-curvature", "step-rates", "imaml", "cavia"])
def test_every_step_is_autograds(name: str) -> None:
    """θ − α(m ⊙ Mₛ∇L + λ(θ − θ₀)), with the gradient of the reference."""
    case = problem(name)
    start = case.start
    found = thetas(case, with_frozen_layers(start, {1}))
    free = [part != 1 for part in range(len(part_sizes(start)))]
    mask = mask_of(start, free)
    theta, home = start.theta.clone(), start.theta
    for step in range(STEPS):
        at = theta.clone().requires_grad_()
        descent = torch.autograd.grad(loss(case, at), at)[0].unsqueeze(0)
        preconditioner = start.preconditioner(step)
        if preconditioner is not None:
            descent = preconditioner.apply(descent, start.network)
        theta = theta - ALPHA * (mask * descent[0] + start.pull * (theta - home))
        assert torch.allclose(found[step + 1], theta, rtol=1e-10, atol=1e-12)


def loss(case: Problem, theta: Tensor) -> Tensor:
    """The reference's support loss of the first task, with the context as inputs."""
    count = parameter_count(case.network)
    x, y = case.batch.support_x[0], case.batch.support_y[0]
    inputs = torch.cat([x, theta[count:].expand(len(x), -1)], 1)
    return reference.loss(theta[:count], inputs, y, case.network.sizes, "tanh")


@pytest.mark.parametrize("name", [*LEARNERS])
def test_with_every_layer_frozen_nothing_changes(name: str) -> None:
    """But for CAVIA, whose context is no layer."""
    case = problem(name).to(torch.float32)
    (held,) = way(case, [with_frozen_layers(case.start, ALL)])
    still = (held.prediction == held.prediction[0]).all()
    assert still == (name != "cavia")
    if name == "cavia":
        (free,) = way(case, [case.start])
        assert (held.prediction == free.prediction).all()


@pytest.mark.parametrize("name", [*LEARNERS])
@pytest.mark.parametrize("frozen", [set(), {3, 7}], ids=["none", "beyond the last"])
def test_without_frozen_layers_it_is_the_same_start(name: str, frozen: set[int]) -> None:
    """So that nothing at all can change."""
    start = problem(name).start
    assert with_frozen_layers(start, frozen) is start


def test_all_learners_together_get_on_as_alone() -> None:
    """Those of one shape go as one batch through the engine, masks and all."""
    cases = [problem(name).to(torch.float32) for name in LEARNERS]
    starts = [with_frozen_layers(case.start, {0}) for case in cases]
    for start, together in zip(starts, way(cases[0], starts), strict=True):
        (alone,) = way(cases[0], [start])
        assert together.prediction == pytest.approx(alone.prediction, rel=1e-4, abs=1e-4)


def test_a_masked_map_and_its_transpose_belong_together() -> None:
    """⟨u, m ⊙ Mv⟩ = ⟨(m ⊙ M)ᵀu, v⟩, and learned step sizes stay known as such."""
    case = problem("meta-curvature")
    start = with_frozen_layers(case.start, {1})
    assert isinstance(start, StartingPoint)
    (found,) = start.preconditioners
    u, v = torch.randn(2, 1, len(start.theta), dtype=torch.float64)
    one = (u * found.apply(v, case.network)).sum()
    other = (found.transposed(u, case.network) * v).sum()
    assert float(one) == pytest.approx(float(other), rel=1e-12)
    assert start.has_own_steps
    assert type(found) is type(with_frozen_layers(case.start, {0}).preconditioners[0])


def test_the_curvature_that_matters_is_that_of_what_is_free() -> None:
    """The largest eigenvalue of the free block of the Hessian."""
    case = problem("maml")
    x, y = case.batch.support_x[:1], case.batch.support_y[:1]
    hessian = torch.autograd.functional.hessian(lambda theta: loss(case, theta), case.start.theta)
    mask = mask_of(case.start, [False, True, True]).bool()
    expected = torch.linalg.eigvalsh(hessian[mask][:, mask]).abs().max()
    found = curvature(with_frozen_layers(case.start, {0}), x, y, rounds=400)
    assert abs(found) == pytest.approx(float(expected), rel=1e-3)


def test_a_held_head_knows_no_more_than_before() -> None:
    """Neither prediction nor band depend on the points; what is below the head never adapts."""
    case = problem("ridge")
    start = case.start
    assert isinstance(start, RidgeHead)
    assert with_frozen_layers(start, {0, 1}) is start
    held = with_frozen_layers(start, {2})
    assert isinstance(held, RidgeHead)
    x, y, inputs = case.batch.support_x, case.batch.support_y, case.batch.query_x
    assert torch.equal(held.after(x, y, inputs), start.before(inputs))
    assert torch.equal(held.deviation(x, inputs), start.deviation(x[:, :0], inputs))
    assert not torch.allclose(start.after(x, y, inputs), start.before(inputs))


def test_closed_forms_have_no_layers() -> None:
    """They stay what they are."""
    for form in CLOSED_FORMS.values():
        start = form.start(Sine())
        assert start is not None
        assert with_frozen_layers(start, ALL) is start
