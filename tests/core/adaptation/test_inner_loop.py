"""The inner loop against plain PyTorch, where it diverges, and the curvature behind that."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from explorer.core.adaptation.divergence import (
    DIVERGENCE_FACTOR,
    curvature,
    diverged,
    divergence_sentence,
)
from explorer.core.adaptation.inner_loop import AdaptStep, adapt
from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.network.mlp import (
    Network,
    initialise,
    make_network,
    parameter_count,
    to_state_dict,
)
from tests.core import reference

GRID = torch.linspace(-5, 5, 21, dtype=torch.float64)
TASKS, POINTS = 3, 6


def sequential(theta: Tensor, network: Network) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(network.sizes):
        layers += [nn.Linear(inputs, outputs), nn.Tanh() if network.tanh else nn.ReLU()]
    net = nn.Sequential(*layers[:-1]).to(theta.dtype)
    net.load_state_dict(to_state_dict(theta, network))
    return net


def problem(network: Network, tasks: int = TASKS) -> tuple[Tensor, Tensor, Tensor]:
    """θ and the support points of some sines, in float64."""
    generator = torch.Generator().manual_seed(3)
    theta = initialise(network, generator).double()
    x = 10 * torch.rand(tasks, POINTS, 1, generator=generator, dtype=torch.float64) - 5
    phase = 3 * torch.rand(tasks, 1, 1, generator=generator, dtype=torch.float64)
    return theta, x, 2 * torch.sin(x - phase)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(8,), (10, 10), (5, 6, 7)])
@pytest.mark.parametrize("per_task", [False, True], ids=["shared", "per task"])
def test_every_step_is_a_plain_gradient_step(
    hidden: tuple[int, ...], activation: str, per_task: bool
) -> None:
    """After k steps θ, support loss and predictions are those of an nn.Sequential's k steps."""
    network = make_network(hidden, activation)
    theta, x, y = problem(network)
    if per_task:
        theta = theta * torch.tensor([[1.0], [0.8], [1.2]], dtype=torch.float64)
    trajectory = list(adapt(StartingPoint(network, theta), x, y, GRID, alpha=0.02, steps=4))
    assert [step.step for step in trajectory] == [0, 1, 2, 3, 4]
    for task in range(TASKS):
        net = sequential(theta[task] if per_task else theta, network)
        for step in trajectory:
            loss = nn.functional.mse_loss(net(x[task]), y[task])
            torch.testing.assert_close(step.support_loss[task], loss.detach())
            with torch.no_grad():
                prediction = net(GRID.unsqueeze(1)).squeeze(1)
            torch.testing.assert_close(step.prediction[task], prediction)
            adapted = to_state_dict(step.theta[task], network)
            torch.testing.assert_close(adapted, dict(net.state_dict()))
            gradients = torch.autograd.grad(loss, list(net.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(net.parameters(), gradients, strict=True):
                    parameter.sub_(0.02 * gradient)
    assert not torch.allclose(trajectory[0].theta, trajectory[-1].theta)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_kept(dtype: torch.dtype) -> None:
    """What comes in as float64 is adapted in float64, and float32 in float32."""
    network = make_network((5,))
    theta, x, y = (tensor.to(dtype) for tensor in problem(network))
    for step in adapt(StartingPoint(network, theta), x, y, GRID.to(dtype), alpha=0.01, steps=2):
        for tensor in (step.theta, step.support_loss, step.prediction):
            assert tensor.dtype == dtype
            assert not tensor.requires_grad


def test_shapes() -> None:
    """T tasks give T parameter vectors, losses and curves, before the first step already."""
    network = make_network((5,))
    theta, x, y = problem(network)
    for step in adapt(StartingPoint(network, theta), x, y, GRID, alpha=0.01, steps=1):
        assert step.theta.shape == (TASKS, parameter_count(network))
        assert step.support_loss.shape == (TASKS,)
        assert step.prediction.shape == (TASKS, len(GRID))


def test_theta_given_is_left_alone() -> None:
    """Adaptation never writes into the meta-learned θ, nor into an earlier step's."""
    network = make_network((5,))
    theta, x, y = problem(network)
    before = theta.clone()
    steps = adapt(StartingPoint(network, theta), x, y, GRID, alpha=0.05, steps=3)
    first = next(steps)
    kept = first.theta.clone()
    list(steps)
    assert torch.equal(theta, before)
    assert torch.equal(first.theta, kept)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_without_points_nothing_changes(activation: str) -> None:
    """K = 0: no loss to speak of, the same θ and curve at every step, and no divergence."""
    network = make_network((5, 5), activation)
    theta, _, _ = problem(network)
    none = torch.zeros(2, 0, 1, dtype=torch.float64)
    trajectory = list(adapt(StartingPoint(network, theta), none, none, GRID, alpha=0.1, steps=3))
    assert len(trajectory) == 4
    for step in trajectory:
        assert step.support_loss.isnan().all()
        assert torch.equal(step.theta, theta.expand(2, -1))
        assert torch.equal(step.prediction, trajectory[0].prediction)
        assert torch.isfinite(step.prediction).all()
    flags = diverged(losses_of(trajectory), none)
    assert flags.shape == (4, 2)
    assert not flags.any()
    assert curvature(StartingPoint(network, theta), none[:1], none[:1]) == 0


def losses_of(trajectory: list[AdaptStep]) -> Tensor:
    return torch.stack([step.support_loss for step in trajectory])


def test_too_long_a_step_diverges_and_a_fair_one_does_not() -> None:
    """With α far too large every task is flagged, for good; with the paper's none is."""
    network = make_network((40, 40))
    theta, x, y = (tensor.float() for tensor in problem(network))
    flags = {}
    for alpha in (0.01, 3.0):
        trajectory = list(
            adapt(StartingPoint(network, theta), x, y, GRID.float(), alpha=alpha, steps=30)
        )
        flags[alpha] = diverged(losses_of(trajectory), y)
        assert flags[alpha].shape == (31, TASKS)
        assert flags[alpha].dtype == torch.bool
    assert not flags[0.01].any()
    assert not flags[3.0][0].any()
    assert flags[3.0][-1].all()
    for before, after in pairwise(flags[3.0]):
        assert not (before & ~after).any()


def columns(*losses: list[float]) -> Tensor:
    return torch.tensor(losses).T


ONES = torch.ones(1, 4, 1)  # predicting zero costs 1


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0, 0.5, 0.1], [False, False, False]),
        ([1.0, 99.0, 0.1], [False, True, True]),
        ([1.0, math.inf, math.nan], [False, True, True]),
        ([1.0, math.nan, 0.5], [False, True, True]),
        ([math.inf, 1.0, 1.0], [True, True, True]),
        ([1.0, 0.99 * DIVERGENCE_FACTOR, 0.1], [False, False, False]),
        ([1.0, 1.01 * DIVERGENCE_FACTOR, 0.1], [False, True, True]),
        # A lucky start is measured against predicting zero, an unlucky one against itself.
        ([1e-6, 0.99 * DIVERGENCE_FACTOR, 1.0], [False, False, False]),
        ([1e-6, 1.01 * DIVERGENCE_FACTOR, 1.0], [False, True, True]),
        ([5.0, 4.9 * DIVERGENCE_FACTOR, 1.0], [False, False, False]),
        ([5.0, 5.1 * DIVERGENCE_FACTOR, 1.0], [False, True, True]),
    ],
)
def test_rule_of_divergence(losses: list[float], expected: list[bool]) -> None:
    """Not finite or ten times the reference, and flagged from then on."""
    assert diverged(columns(losses), ONES).squeeze(1).tolist() == expected


def test_tasks_diverge_each_on_its_own() -> None:
    """One task's divergence flags no other, and each has its own reference."""
    losses = columns([1.0, 50.0, 1.0], [1.0, 1.0, 1.0], [9.0, 50.0, 1.0])
    flags = diverged(losses, ONES.expand(3, -1, -1))
    assert flags.tolist() == [[False] * 3, [True, False, False], [True, False, False]]


def loss_at(network: Network, activation: str, x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda theta: reference.loss(theta, x[0], y[0], network.sizes, activation)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(6,), (5, 4)])
def test_curvature_is_the_top_eigenvalue(hidden: tuple[int, ...], activation: str) -> None:
    """Power iteration finds the largest eigenvalue of autograd's Hessian."""
    network = make_network(hidden, activation)
    theta, x, y = problem(network, tasks=1)
    hessian = torch.autograd.functional.hessian(loss_at(network, activation, x, y), theta)
    top = float(torch.linalg.eigvalsh(hessian)[-1])
    assert top > 0.1
    found = curvature(StartingPoint(network, theta), x, y, rounds=400)
    assert found == pytest.approx(top, rel=1e-6)
    assert curvature(StartingPoint(network, theta), x, y) == pytest.approx(top, rel=0.05)


def test_two_over_curvature_is_the_limit_of_stability() -> None:
    """Near a minimum, α·curvature just below 2 settles back and just above 2 leaves."""
    network = make_network((5,), "tanh")
    theta, x, y = problem(network, tasks=1)
    *_, last = adapt(StartingPoint(network, theta), x, y, GRID, alpha=0.1, steps=20_000)
    minimum = last.theta[0]
    top = curvature(StartingPoint(network, minimum), x, y, rounds=500)
    hessian = torch.autograd.functional.hessian(loss_at(network, "tanh", x, y), minimum)
    direction = torch.linalg.eigh(hessian).eigenvectors[:, -1]
    ends = {}
    for product in (1.8, 2.2):
        nudged = minimum + 1e-4 * direction
        trajectory = list(
            adapt(StartingPoint(network, nudged), x, y, GRID, alpha=product / top, steps=20)
        )
        ends[product] = float((trajectory[-1].theta[0] - minimum) @ direction) / 1e-4
    # Each step multiplies the distance by 1 − α·curvature: (−0.8)²⁰ and (−1.2)²⁰.
    assert abs(ends[1.8]) < 0.1
    assert abs(ends[2.2]) > 10


def test_divergence_is_told_with_its_reason() -> None:
    """The sentence names learner, step and the product that passed 2."""
    sentence = divergence_sentence("MAML", 4, 0.01, 250.0)
    assert sentence.startswith("MAML diverged at step 4: ")
    assert "α × largest curvature = 2.5, " in sentence
    assert "below 2" in sentence
    assert "lower α" in sentence


@pytest.mark.parametrize("found", [150.0, -300.0, math.inf, -math.inf, math.nan])
def test_a_reason_that_is_none_is_not_told(found: float) -> None:
    """Where the product explains nothing or is not finite, the sentence does without."""
    sentence = divergence_sentence("Pretrained", 2, 0.01, found)
    assert sentence.startswith("Pretrained diverged at step 2: ")
    assert "curvature" not in sentence
    assert "inf" not in sentence
    assert "nan" not in sentence
    assert "lower" in sentence


def test_learned_step_sizes_are_named_as_such() -> None:
    """Who takes steps of other sizes than α is not said to take steps of α."""
    sentence = divergence_sentence("Meta-SGD", 3, 0.01, 250.0, own_steps=True)
    assert "its step sizes × largest curvature = 2.5, stable only below 2" in sentence
    assert sentence.endswith("lower α, which scales them.")
    sentence = divergence_sentence("Meta-SGD", 3, 0.01, 50.0, own_steps=True)
    assert "step sizes that it learned are too long" in sentence


@pytest.mark.parametrize(
    ("scale", "own"), [(None, False), ([1, 1, 1], False), ([0, 0, 1], False), ([0.5, 1, 1], True)]
)
def test_who_has_step_sizes_of_its_own(scale: list[float] | None, own: bool) -> None:
    """A parameter that takes none, as ANIL's body, or that takes α, is nothing of one's own."""
    steps = () if scale is None else (Scale(torch.tensor(scale)),)
    start = StartingPoint(make_network((1,), "relu"), torch.zeros(3), steps)
    assert start.has_own_steps is own
