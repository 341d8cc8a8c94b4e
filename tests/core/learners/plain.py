"""The learners as their papers write them, by autograd, one task at a time."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from explorer.core.learners.ridge import LEAST_PENALTY
from tests.core import reference
from tests.core.learners.plain_steps import adapted_loss, descended, mse, predict
from tests.core.learners.problems import Problem

# --- meta-losses by learner, from the meta-parameters


def maml(problem: Problem, meta: Tensor) -> Tensor:
    """Finn et al. 2017, Algorithm 2; with weights, Antoniou et al. 2019, equation (4)."""
    return adapted_loss(
        problem, meta, lambda theta, x, y: mse(problem, theta, x, y), problem.settings.alpha
    )


def anil(problem: Problem, meta: Tensor) -> Tensor:
    """Raghu et al. 2020: the inner loop knows the head alone."""
    inputs, outputs = problem.network.sizes[-2:]
    head = inputs * outputs + outputs
    body = meta[:-head]
    return adapted_loss(
        problem,
        meta[-head:],
        lambda state, x, y: mse(problem, torch.cat([body, state]), x, y),
        problem.settings.alpha,
    )


def boil(problem: Problem, meta: Tensor) -> Tensor:
    """Oh et al. 2021: the inner loop knows the body alone."""
    inputs, outputs = problem.network.sizes[-2:]
    head = inputs * outputs + outputs
    return adapted_loss(
        problem,
        meta[:-head],
        lambda state, x, y: mse(problem, torch.cat([state, meta[-head:]]), x, y),
        problem.settings.alpha,
    )


def meta_sgd(problem: Problem, meta: Tensor) -> Tensor:
    """Li et al. 2017, equation (2): θ′ = θ − α ∘ ∇L, minimised over θ and α."""
    theta, rates = meta[: problem.parameters], meta[problem.parameters :]
    return adapted_loss(problem, theta, lambda state, x, y: mse(problem, state, x, y), rates)


def _spread(problem: Problem, by_layer: Tensor) -> Tensor:
    """One α for the weight matrix and the biases of each layer, for each parameter."""
    counts = [inputs * outputs + outputs for inputs, outputs in pairwise(problem.network.sizes)]
    return torch.cat([rate.expand(n) for rate, n in zip(by_layer, counts, strict=True)])


def step_rates(problem: Problem, meta: Tensor) -> Tensor:
    """Antoniou et al. 2019: an α for each layer and inner step."""
    theta, *rates = meta.split(
        [problem.parameters, *[len(problem.network.sizes) - 1] * problem.settings.inner_steps]
    )
    steps = [_spread(problem, rate) for rate in rates]
    return adapted_loss(problem, theta, lambda state, x, y: mse(problem, state, x, y), steps)


def curvature(problem: Problem, matrices: Tensor) -> Tensor:
    """M as a whole matrix ``(P, P)``: in each layer, G becomes M_in·G·M_out."""
    blocks, at = [], 0
    for inputs, outputs in pairwise(problem.network.sizes):
        both = []
        for side in (inputs + 1, outputs):
            both.append(matrices[at : at + side * side].view(side, side))
            at += side * side
        blocks.append(torch.kron(both[0], both[1].T.contiguous()))
    assert at == len(matrices)
    return torch.block_diag(*blocks)


def meta_curvature(problem: Problem, meta: Tensor) -> Tensor:
    """Park and Oliva 2019: a step along a matrix times the gradient."""
    theta, matrices = meta[: problem.parameters], meta[problem.parameters :]
    bend = problem.settings.alpha * curvature(problem, matrices)
    return adapted_loss(
        problem, theta, lambda state, x, y: mse(problem, state, x, y), lambda g: bend @ g
    )


def features(problem: Problem, theta: Tensor, x: Tensor) -> Tensor:
    """What the last layer of a network is given at the points of a task, and a one."""
    *hidden, _ = reference.weights_and_biases(theta, problem.network.sizes)
    for weight, bias in hidden:
        x = reference.NONLINEARITIES[problem.settings.activation](
            functional.linear(x, weight, bias)
        )
    return torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)


def ridge_fit(problem: Problem, theta: Tensor, penalty: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The last layer and its bias that minimise ‖Φw − y‖² + λ‖w − w₀‖², by the normal equations."""
    seen = features(problem, theta, x)
    head = theta[-seen.shape[1] :].unsqueeze(1)
    matrix = seen.T @ seen + penalty * torch.eye(seen.shape[1], dtype=seen.dtype)
    return head + torch.linalg.solve(matrix, seen.T @ (y - seen @ head))


def ridge(problem: Problem, meta: Tensor) -> Tensor:
    """Bertinetto et al. 2019, equation (4): the query loss of the fitted head.

    To it comes what fits σ: the likelihood of the targets, everything else being given.
    """
    theta, log_penalty, log_variance = meta.split([problem.parameters, 1, 1])
    penalty = torch.exp(log_penalty) + LEAST_PENALTY
    losses, surprises = [], []
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):
        fitted = ridge_fit(problem, theta, penalty, support_x, support_y)
        seen, asked = (features(problem, theta, x) for x in (support_x, query_x))
        squares = (asked @ fitted - query_y).square()
        losses.append(squares.mean())
        matrix = seen.T @ seen + penalty * torch.eye(seen.shape[1], dtype=seen.dtype)
        spread = (asked * torch.linalg.solve(matrix, asked.T).T).sum(1, keepdim=True)
        variance = torch.exp(log_variance) * (1 + spread.detach())
        surprises.append((torch.log(variance) + squares.detach() / variance).mean() / 2)
    return torch.stack(losses).mean() + torch.stack(surprises).mean()


def layer_rates(problem: Problem, meta: Tensor) -> Tensor:
    """Antoniou et al. 2019: one α for each layer."""
    theta, by_layer = meta.split([problem.parameters, len(problem.network.sizes) - 1])
    rates = _spread(problem, by_layer)
    return adapted_loss(problem, theta, lambda state, x, y: mse(problem, state, x, y), rates)


def cavia(problem: Problem, meta: Tensor) -> Tensor:
    """Zintgraf et al. 2019, equations (4) and (5): the context adapts from 0, θ stays."""
    context = torch.zeros(problem.settings.value("context"), dtype=meta.dtype, requires_grad=True)

    def loss(state: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return mse(problem, meta, torch.cat([x, state.expand(len(x), -1)], 1), y)

    return adapted_loss(problem, context, loss, problem.settings.value("context_alpha"))


def _joint(problem: Problem, meta: Tensor, told: bool) -> Tensor:
    xs, ys = [], []
    on_all = problem.settings.value("pretrain_on") == "all"
    for support_x, support_y, query_x, query_y, task in zip(*problem.batch, strict=True):
        x = torch.cat([support_x, query_x]) if on_all else support_x
        xs.append(torch.cat([x, task.expand(len(x), 2)], 1) if told else x)
        ys.append(torch.cat([support_y, query_y]) if on_all else support_y)
    return mse(problem, meta, torch.cat(xs), torch.cat(ys))


def pretrained(problem: Problem, meta: Tensor) -> Tensor:
    """Regression over the points of all tasks together."""
    return _joint(problem, meta, told=False)


def oracle(problem: Problem, meta: Tensor) -> Tensor:
    """The same of a network on [x, A, φ]."""
    return _joint(problem, meta, told=True)


META_LOSSES: dict[str, Callable[[Problem, Tensor], Tensor]] = {
    "maml": maml,
    "anil": anil,
    "boil": boil,
    "meta-sgd": meta_sgd,
    "layer-rates": layer_rates,
    "ridge": ridge,
    "meta-curvature": meta_curvature,
    "step-rates": step_rates,
    "cavia": cavia,
    "pretrained": pretrained,
    "oracle": oracle,
}


def meta_loss(problem: Problem, meta: Tensor) -> Tensor:
    """What a learner minimises."""
    return META_LOSSES[problem.learner.name](problem, meta)


def meta_gradient(problem: Problem) -> Tensor:
    """The derivative of `meta_loss` by all meta-parameters."""
    meta = problem.meta.clone().requires_grad_()
    return torch.autograd.grad(meta_loss(problem, meta), meta)[0]


# --- learners that follow no loss's gradient


def first_order(problem: Problem) -> Tensor:
    """Finn et al. 2017, section 5.2: the query gradients at the adapted parameters themselves."""
    weights = problem.weights
    if weights is None:
        weights = torch.eye(problem.settings.inner_steps, dtype=torch.float64)[-1]
    total = torch.zeros_like(problem.meta)
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):
        state = problem.meta.clone()
        for weight in weights:
            state = state.requires_grad_()
            step = torch.autograd.grad(mse(problem, state, support_x, support_y), state)[0]
            state = (state - problem.settings.alpha * step).detach().requires_grad_()
            total += weight * torch.autograd.grad(mse(problem, state, query_x, query_y), state)[0]
            state = state.detach()
    return total / len(problem.batch.support_x)


def implicit(problem: Problem) -> Tensor:
    """Rajeswaran et al. 2019, Algorithm 2: gradient steps on L + λ/2‖φ − θ‖², then CG.

    The conjugate-gradient steps are taken by what defines them: among all x that they can reach
    from b, they find the one that minimises xᵀAx/2 − bᵀx.
    """
    pull, products = (problem.settings.value(f"implicit_{of}") for of in ("pull", "products"))
    total = torch.zeros_like(problem.meta)
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):

        def inner(phi: Tensor, x: Tensor, y: Tensor) -> Tensor:
            return mse(problem, phi, x, y) + pull / 2 * (phi - problem.meta).square().sum()

        begin = problem.meta.clone().requires_grad_()
        *_, phi = descended(
            begin,
            inner,
            support_x,
            support_y,
            problem.settings.value("implicit_alpha"),
            problem.settings.value("implicit_steps"),
        )
        phi = phi.detach().requires_grad_()
        (b,) = torch.autograd.grad(mse(problem, phi, query_x, query_y), phi)
        hessian = torch.autograd.functional.hessian(
            lambda phi, x=support_x, y=support_y: mse(problem, phi, x, y), phi.detach()
        )
        a = torch.eye(len(b), dtype=torch.float64) + hessian / pull
        rest = b - a @ b
        reached = [rest / rest.norm()]
        for _ in range(products - 1):
            further = a @ reached[-1]
            for _ in range(2):
                for each in reached:
                    further = further - (each @ further) * each
            reached.append(further / further.norm())
        basis = torch.stack(reached, 1)
        total += b + basis @ torch.linalg.solve(basis.T @ a @ basis, basis.T @ rest)
    return total / len(problem.batch.support_x)


def reptile(problem: Problem) -> Tensor:
    """Nichol et al. 2018, Algorithm 2: (θ − φ)/α after k steps of SGD on minibatches in turn."""
    steps, alpha = problem.settings.value("reptile_steps"), problem.settings.alpha
    moved = torch.zeros_like(problem.meta)
    for support_x, support_y, query_x, query_y, _ in zip(*problem.batch, strict=True):
        if steps == 1:
            turns = [(torch.cat([support_x, query_x]), torch.cat([support_y, query_y]))]
        else:
            turns = [(support_x, support_y), (query_x, query_y)]
        parameter = torch.nn.Parameter(problem.meta.clone())
        sgd = torch.optim.SGD([parameter], lr=alpha)
        for step in range(steps):
            x, y = turns[step % len(turns)]
            sgd.zero_grad()
            functional.mse_loss(predict(problem, parameter, x), y).backward()
            sgd.step()
        moved += (problem.meta - parameter.detach()) / alpha
    return moved / len(problem.batch.support_x)
