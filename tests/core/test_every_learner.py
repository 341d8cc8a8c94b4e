"""Every learner's closed form against autograd through its algorithm, and its own property."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.core.adaptation import adapt
from explorer.core.learners import LEARNERS, MAML, PRETRAINED, Batch, InnerLoop, unrolling
from explorer.core.learners.averaged import start as averaged_start
from explorer.core.network import Network, make_network, parameter_count
from explorer.core.outer_loop import ANNEALED_OVER, LEAST_WEIGHT, step_weights
from explorer.core.schema import Settings
from tests.core import reference
from tests.core.test_learners import NO_CURVATURE

T, K, Q, C = 3, 4, 5, 2
ALPHA, CONTEXT_ALPHA = 0.05, 0.3
RELATIVE = 1e-9
STEP, DIFFERENCE_TOLERANCE = 1e-6, 1e-5


@pytest.fixture(params=[(6,), (5, 6), (5, 4, 6)], ids=str)
def hidden(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture(params=["relu", "tanh"])
def activation(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[1, 2, 5])
def steps(request: pytest.FixtureRequest) -> int:
    return request.param


class Problem:
    """A learner with random meta-parameters and a batch, in float64."""

    def __init__(self, learner: str, hidden: tuple[int, ...], activation: str, steps: int) -> None:
        generator = torch.Generator().manual_seed(7)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self.settings = Settings(
            hidden=hidden, activation=activation, alpha=ALPHA, inner_steps=steps, context=C,
            context_alpha=CONTEXT_ALPHA, networks=T, reptile_steps=steps + 1, penalty=0.02,
        )  # fmt: skip
        self.rule = LEARNERS[learner]
        self.network: Network = self.rule.network(self.settings)
        theta = 0.7 * normal(parameter_count(self.network))
        self.meta = self.rule.begin(theta.float(), self.settings).double()
        extra = len(self.meta) - len(theta)
        if 0 < extra <= len(theta):  # step sizes that differ
            self.meta[len(theta) :] *= 1 + 0.5 * torch.rand(extra, generator=generator)
        self.batch = Batch(
            2 * normal(T, K, 1), normal(T, K, 1), 2 * normal(T, Q, 1), normal(T, Q, 1),
            normal(T, 1, 2),
        )  # fmt: skip
        self.inner = InnerLoop(
            ALPHA, steps, CONTEXT_ALPHA, self.settings.reptile_steps, False, self.settings.penalty
        )

    def closed(self, weights: Tensor | None = None) -> Tensor:
        """The learner's own meta-gradient."""
        return self.rule.meta_gradient(self.meta, self.batch, self.network, self.inner, weights)[0]

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The reference's loss of one task."""
        sizes, activation = self.network.sizes, self.settings.activation
        return reference.loss(theta, x, y, sizes, activation)


def through(problem: Problem, meta: Tensor, weights: Tensor | None) -> Tensor:
    """The query loss after adaptation, as each paper writes it, one task at a time."""
    size = parameter_count(problem.network)
    theta, extra = meta[:size], meta[size:]
    rates = rates_of(problem, extra)
    total = torch.zeros((), dtype=torch.float64)
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):
        adapted, context = theta, torch.zeros(C, dtype=torch.float64, requires_grad=True)
        for step in range(problem.inner.steps):
            if problem.rule.name == "cavia":
                loss = problem.loss(adapted, with_context(support_x, context), support_y)
                (g,) = torch.autograd.grad(loss, context, create_graph=True)
                context = context - CONTEXT_ALPHA * g
                judged = problem.loss(adapted, with_context(query_x, context), query_y)
            else:
                loss = problem.loss(adapted, support_x, support_y)
                (g,) = torch.autograd.grad(loss, adapted, create_graph=True)
                adapted = adapted - rates * g
                judged = problem.loss(adapted, query_x, query_y)
            if weights is not None:
                total = total + weights[step] * judged
        if weights is None:
            total = total + judged
    return total / T


def with_context(x: Tensor, context: Tensor) -> Tensor:
    return torch.cat([x, context.expand(len(x), C)], -1)


def rates_of(problem: Problem, extra: Tensor) -> Tensor:
    """The step size of every parameter, written down layer by layer."""
    layers = reference.weights_and_biases(
        torch.arange(parameter_count(problem.network)).double(), problem.network.sizes
    )
    counts = [weight.numel() + bias.numel() for weight, bias in layers]
    if problem.rule.name == "meta-sgd":
        return extra
    if problem.rule.name == "layer-rates":
        return torch.cat([extra[i].expand(n) for i, n in enumerate(counts)])
    if problem.rule.name == "anil":
        body = torch.zeros(sum(counts[:-1]), dtype=torch.float64)
        return torch.cat([body, torch.full((counts[-1],), ALPHA, dtype=torch.float64)])
    return torch.tensor(ALPHA, dtype=torch.float64)


SECOND_ORDER = ("maml", "anil", "meta-sgd", "layer-rates", "cavia")


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("learner", SECOND_ORDER)
def test_equals_autograd_and_finite_differences(
    learner: str, hidden: tuple[int, ...], activation: str, steps: int, every: bool
) -> None:
    """θ and learned step sizes alike, with the last loss and with MAML++'s weights."""
    problem = Problem(learner, hidden, activation, steps)
    weights = step_weights(500, 1, steps, torch.float64)[0] if every else None
    closed = problem.closed(weights)
    meta = problem.meta.clone().requires_grad_()
    (expected,) = torch.autograd.grad(through(problem, meta, weights), meta)
    assert float((closed - expected).norm() / expected.norm()) < RELATIVE
    if activation == "tanh":  # without kinks between the two points
        direction = torch.randn(len(meta), generator=torch.Generator().manual_seed(2)).double()
        direction /= direction.norm()
        ahead, behind = (
            float(
                through(problem, (problem.meta + h * direction).requires_grad_(), weights).detach()
            )
            for h in (STEP, -STEP)
        )
        slope = (ahead - behind) / (2 * STEP)
        assert abs(float(closed @ direction) - slope) < DIFFERENCE_TOLERANCE * closed.norm()


def test_first_order_is_maml_without_the_hessian(
    monkeypatch: pytest.MonkeyPatch, hidden: tuple[int, ...], activation: str, steps: int
) -> None:
    """It equals MAML once the Hessian is removed from it, and differs from it before."""
    problem = Problem("first-order", hidden, activation, steps)
    closed = problem.closed()
    full = MAML.meta_gradient(problem.meta, problem.batch, problem.network, problem.inner)[0]
    assert (closed - full).norm() > 0.01 * full.norm()
    for name, zero in NO_CURVATURE.items():
        monkeypatch.setattr(unrolling, name, zero)
    without = MAML.meta_gradient(problem.meta, problem.batch, problem.network, problem.inner)[0]
    torch.testing.assert_close(closed, without, rtol=1e-10, atol=1e-12)


def test_reptile_follows_its_way(hidden: tuple[int, ...], activation: str, steps: int) -> None:
    """(θ − φ)/α after gradient steps on support and query points in turn, by autograd."""
    problem = Problem("reptile", hidden, activation, steps)
    total = torch.zeros_like(problem.meta)
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):
        theta = problem.meta
        for step in range(problem.inner.reptile_steps):
            x, y = ((support_x, support_y), (query_x, query_y))[step % 2]
            at = theta.detach().requires_grad_()
            (g,) = torch.autograd.grad(problem.loss(at, x, y), at)
            theta = theta - ALPHA * g
        total += (problem.meta - theta) / ALPHA
    torch.testing.assert_close(problem.closed(), total / T, rtol=1e-8, atol=1e-10)


def test_reptile_with_one_step_is_joint_training(hidden: tuple[int, ...], activation: str) -> None:
    """Its one step, on all points, points along the joint gradient."""
    problem = Problem("reptile", hidden, activation, 1)
    one = problem.inner._replace(reptile_steps=1)
    args = problem.meta, problem.batch, problem.network
    reptile, joint = (rule.meta_gradient(*args, one)[0] for rule in (problem.rule, PRETRAINED))
    assert float(torch.cosine_similarity(reptile, joint, 0)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("learner", ["meta-sgd", "layer-rates"])
def test_constant_frozen_step_sizes_are_maml(
    learner: str, hidden: tuple[int, ...], activation: str, steps: int
) -> None:
    """With every step size α, what θ follows is MAML's meta-gradient, and so is adaptation."""
    problem = Problem(learner, hidden, activation, steps)
    size = parameter_count(problem.network)
    problem.meta[size:] = ALPHA
    maml = MAML.meta_gradient(problem.meta[:size], problem.batch, problem.network, problem.inner)
    torch.testing.assert_close(problem.closed()[:size], maml[0], rtol=1e-10, atol=1e-12)
    start = problem.rule.starting_point(problem.meta, problem.settings)
    assert start.scale is not None
    torch.testing.assert_close(start.scale, torch.ones_like(start.scale))


def test_a_layers_rate_collects_those_of_its_parameters(
    hidden: tuple[int, ...], activation: str, steps: int
) -> None:
    """The derivative by a layer's α is the sum of Meta-SGD's over the layer."""
    one = Problem("layer-rates", hidden, activation, steps)
    size = parameter_count(one.network)
    other = Problem("meta-sgd", hidden, activation, steps)
    other.batch = one.batch
    other.meta = torch.cat([one.meta[:size], rates_of(one, one.meta[size:])])
    layered, single = one.closed()[size:], other.closed()[size:]
    sums, begin = [], 0
    for weight, bias in reference.weights_and_biases(one.meta[:size], one.network.sizes):
        end = begin + weight.numel() + bias.numel()
        sums.append(single[begin:end].sum())
        begin = end
    torch.testing.assert_close(layered, torch.stack(sums), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("learner", "kept"),
    [
        ("anil", lambda network: parameter_count(network) - (network.sizes[-2] + 1)),
        ("cavia", parameter_count),
    ],
)
def test_what_the_inner_loop_leaves_alone(
    learner: str, kept: Callable[[Network], int], activation: str
) -> None:
    """ANIL's body and CAVIA's weights are the same bit for bit after adaptation; the rest moves."""
    problem = Problem(learner, (5, 6), activation, 1)
    start = problem.rule.starting_point(problem.meta, problem.settings)
    *_, last = adapt(
        start, problem.batch.support_x, problem.batch.support_y, torch.linspace(-2, 2, 7).double(),
        alpha=ALPHA, steps=3,
    )  # fmt: skip
    assert last.theta is not None
    count = kept(problem.network)
    for theta in last.theta:
        assert torch.equal(theta[:count], start.theta[:count])
        assert not torch.equal(theta[count:], start.theta[count:])


@pytest.mark.parametrize("learner", [*SECOND_ORDER, "first-order", "pretrained", "reptile"])
def test_adaptation_is_the_inner_loop_of_training(learner: str, activation: str) -> None:
    """What the sandbox shows after S steps at training's α has the loss that training records."""
    problem = Problem(learner, (5, 6), activation, 2)
    start = problem.rule.starting_point(problem.meta, problem.settings)
    course = adapt(
        start, problem.batch.support_x, problem.batch.support_y, torch.zeros(1).double(),
        alpha=ALPHA, steps=2,
    )  # fmt: skip
    thetas = [step.theta for step in course]
    assert thetas[-1] is not None
    size = parameter_count(problem.network)
    rates = rates_of(problem, problem.meta[size:])
    for task in range(T):
        theta, context = problem.meta[:size], torch.zeros(C).double()
        for _ in range(2):
            x, y = problem.batch.support_x[task], problem.batch.support_y[task]
            if learner == "cavia":
                at = context.detach().requires_grad_()
                loss = problem.loss(theta, with_context(x, at), y)
                context = context - CONTEXT_ALPHA * torch.autograd.grad(loss, at)[0]
            else:
                at = theta.detach().requires_grad_()
                theta = theta - rates * torch.autograd.grad(problem.loss(at, x, y), at)[0]
        expected = torch.cat([theta, context]) if learner == "cavia" else theta
        torch.testing.assert_close(thetas[-1][task], expected, rtol=1e-6, atol=1e-8)


def test_the_oracle_is_joint_training_on_the_task(hidden: tuple[int, ...], activation: str) -> None:
    """The gradient of the joint loss of a network on [x, A, φ], by autograd."""
    problem = Problem("oracle", hidden, activation, 1)
    meta = problem.meta.clone().requires_grad_()
    total = torch.zeros((), dtype=torch.float64)
    for support_x, support_y, query_x, query_y, task in zip(*problem.batch, strict=True):
        x = torch.cat([support_x, query_x])
        told = torch.cat([x, task.expand(len(x), 2)], -1)
        total = total + problem.loss(meta, told, torch.cat([support_y, query_y]))
    (expected,) = torch.autograd.grad(total / T, meta)
    torch.testing.assert_close(problem.closed(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("learner", ["averaged", "averaged-l2", "averaged-pulled"])
def test_averaged_networks_follow_their_own_losses(
    learner: str, hidden: tuple[int, ...], activation: str
) -> None:
    """Each network the gradient of its own loss and penalty, by autograd."""
    problem = Problem(learner, hidden, activation, 1)
    thetas = problem.meta.view(T, -1)
    mean = thetas.mean(0)
    for i, part in enumerate(problem.closed().view(T, -1)):
        theta = thetas[i].clone().requires_grad_()
        batch = [tensor[i] for tensor in problem.batch]
        loss = problem.loss(theta, torch.cat([batch[0], batch[2]]), torch.cat([batch[1], batch[3]]))
        if learner == "averaged-l2":
            loss = loss + problem.settings.penalty * theta.square().sum()
        elif learner == "averaged-pulled":
            loss = loss + problem.settings.penalty * (theta - mean).square().sum()
        torch.testing.assert_close(part, torch.autograd.grad(loss, theta)[0], rtol=1e-9, atol=1e-11)


def test_averaging_identical_networks_changes_nothing() -> None:
    """The start is each network, and adapts like it."""
    network = make_network((5,))
    theta = torch.randn(parameter_count(network), generator=torch.Generator().manual_seed(1))
    start = averaged_start(theta.repeat(4), network, Settings(hidden=(5,), networks=4))
    torch.testing.assert_close(start.theta, theta, rtol=1e-6, atol=1e-7)
    assert start.scale is None


def test_step_weights() -> None:
    """They sum to 1, begin alike, follow MAML++'s formula, and end at the last step."""
    weights = step_weights(0, ANNEALED_OVER + 10, 4, torch.float64)
    torch.testing.assert_close(weights.sum(1), torch.ones(len(weights), dtype=torch.float64))
    torch.testing.assert_close(weights[0], torch.full((4,), 0.25, dtype=torch.float64))
    middle = weights[ANNEALED_OVER // 2]
    torch.testing.assert_close(middle[0], torch.tensor(0.125, dtype=torch.float64))
    assert weights[-1][0] == pytest.approx(LEAST_WEIGHT / 4)
    assert weights[-1][-1] == pytest.approx(1 - 3 * LEAST_WEIGHT / 4)
    later = step_weights(700, 5, 4, torch.float64)
    assert torch.equal(later, weights[700:705])


@pytest.mark.parametrize(("reduction", "factor"), [("mean", 1), ("sum", 7), ("mean/K", 1 / 7)])
def test_effective_alpha(reduction: str, factor: float) -> None:
    """A sum over K points is K times the mean's step, a mean divided by K again a K-th."""
    settings = replace(Settings(), shots=7, alpha=0.02, reduction=reduction)
    assert settings.effective_alpha == pytest.approx(0.02 * factor)
