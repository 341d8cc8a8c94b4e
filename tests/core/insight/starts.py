"""Where adaptation starts, of every kind of learner with gradient steps, and autograd's answers."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.learners.meta_curvature import Curvature
from explorer.core.network.mlp import parameter_count, unpack
from tests.core import reference
from tests.core.learners.problems import Problem, problem

# Plain, a mask, factors, factors for each step, matrices, a pull, context values, told its task.
KINDS = ("maml", "anil", "meta-sgd", "step-rates", "meta-curvature", "imaml", "cavia", "oracle")
ALPHA = 0.03


def case_of(name: str, activation: str = "tanh") -> Problem:
    """A learner in mid-training in float64, with points of three tasks."""
    return problem(name, activation=activation)


def to(start: StartingPoint, dtype: torch.dtype) -> StartingPoint:
    """The same start in another precision."""
    others: Any = tuple(
        type(each)(*(part.to(dtype) for part in each)) for each in start.preconditioners
    )
    return replace(start, theta=start.theta.to(dtype), preconditioners=others)


def adapted(case: Problem, steps: int = 3) -> Tensor:
    """θ after 0 … S steps on the case's support points, ``(S + 1, T, P + C)``."""
    batch = case.batch
    course = adapt(
        *(case.start, batch.support_x, batch.support_y, batch.query_x[0].view(-1)),
        alpha=ALPHA,
        steps=steps,
        task=batch.task,
    )
    thetas = [each.theta for each in course]
    return torch.stack([theta for theta in thetas if theta is not None])


def curve(start: StartingPoint, theta: Tensor, x: Tensor, task: Tensor) -> Tensor:
    """f(x) ``(A,)`` of one task, by the reference; x is ``(A, 1)``, the task ``(1, P)``."""
    network = start.network
    context = theta[parameter_count(network) :].expand(len(x), -1)
    told = task.expand(len(x), -1) if start.sees_task else task[:, :0].expand(len(x), -1)
    inputs = torch.cat([x, told, context], 1)
    return reference.predict(theta, inputs, network.sizes, network.activation)[:, 0]


def autograd_jacobian(start: StartingPoint, theta: Tensor, x: Tensor, task: Tensor) -> Tensor:
    """∇f ``(A, P + C)`` of one task."""
    found: Tensor = torch.autograd.functional.jacobian(lambda at: curve(start, at, x, task), theta)
    return found


def matrix(start: StartingPoint, step: int = 0) -> Tensor:
    """M of a step as a matrix ``(P + C, P + C)``, written out."""
    preconditioner = start.preconditioner(step)
    if preconditioner is None:
        return torch.eye(len(start.theta), dtype=start.theta.dtype)
    if isinstance(preconditioner, Scale):
        return torch.diag(preconditioner.factors)
    assert isinstance(preconditioner, Curvature)
    blocks, first = [], 0
    for layer in unpack(start.theta, start.network.sizes):
        sides = []
        for side in layer.shape:
            sides.append(preconditioner.matrices[first : first + side * side].view(side, side))
            first += side * side
        blocks.append(torch.kron(sides[0], sides[1].T.contiguous()))
    return torch.block_diag(*blocks)
