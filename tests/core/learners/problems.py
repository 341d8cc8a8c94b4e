"""Small problems in float64, one for each learner."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS, InnerLoop, Learner, implicit, unrolling
from explorer.core.network.derivatives import Pass, losses_and_pass
from explorer.core.network.mlp import Network, parameter_count
from tests.core import reference

TASKS, SUPPORT, QUERY = 3, 4, 5
ALPHA, CONTEXT, CONTEXT_ALPHA, REPTILE_STEPS = 0.05, 3, 0.4, 3
PULL, PRODUCTS = 20.0, 3  # of iMAML
RELATIVE = 1e-10  # what rounding in float64 may make of a gradient
WEIGHTS = {1: [1.0], 2: [0.3, 0.7], 3: [0.2, 0.5, 0.3], 5: [0.1, 0.3, 0.15, 0.05, 0.4]}


@dataclass(frozen=True)
class Problem:
    """A learner in mid-training, and a batch.

    Attributes:
        learner: whose.
        settings: its experiment.
        meta: meta-parameters; learned step sizes differ from one another.
        batch: points of `TASKS` tasks.
        weights: of the query loss after each inner step; None for the last alone.
    """

    learner: Learner
    settings: Settings
    meta: Tensor
    batch: Batch
    weights: Tensor | None

    @property
    def network(self) -> Network:
        """The shape of the learner's network."""
        return self.learner.network(self.settings)

    @property
    def inner(self) -> InnerLoop:
        """Its inner loop."""
        return self.learner.inner_loop(self.settings)

    @property
    def parameters(self) -> int:
        """P, how many of the meta-parameters are θ."""
        return parameter_count(self.network)

    @property
    def start(self) -> Any:
        """Where adaptation starts."""
        return self.learner.starting_point(self.meta, self.settings)

    def to(self, dtype: torch.dtype) -> "Problem":
        """The same in another precision."""
        batch = Batch(*(part.to(dtype) for part in self.batch))
        return replace(self, meta=self.meta.to(dtype), batch=batch)

    def gradient(self) -> Tensor:
        """The meta-gradient under test."""
        return self.run()[0]

    def run(self) -> tuple[Tensor, Tensor]:
        """The meta-gradient and the losses under test."""
        return self.learner.meta_gradient(
            self.meta, self.batch, self.network, self.inner, self.weights
        )


def problem(
    name: str,
    hidden: tuple[int, ...] = (5, 6),
    activation: str = "tanh",
    steps: int = 2,
    every_step: bool = False,
    seed: int = 0,
    **settings: object,
) -> Problem:
    """A learner's problem; every learner gets the same batch and, with one input, the same θ."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    chosen = Settings(
        **{
            "hidden": hidden,
            "activation": activation,
            "inner_steps": steps,
            "alpha": ALPHA,
            "shots": SUPPORT,
            "query": QUERY,
            "context": CONTEXT,
            "context_alpha": CONTEXT_ALPHA,
            "reptile_steps": REPTILE_STEPS,
            "networks": TASKS,
            "implicit_steps": steps,
            "implicit_alpha": settings.get("alpha", ALPHA),
            "implicit_pull": PULL,
            "implicit_products": PRODUCTS,
            **settings,
        }
    )
    batch = Batch(
        2 * normal(TASKS, SUPPORT, 1),
        normal(TASKS, SUPPORT, 1),
        2 * normal(TASKS, QUERY, 1),
        normal(TASKS, QUERY, 1),
        normal(TASKS, 1, 2),
    )
    learner = LEARNERS[name]
    theta = 0.7 * normal(parameter_count(learner.network(chosen)))
    meta = learner.begin(theta, chosen).double()
    if not learner.own_tasks:
        rates = meta[len(theta) :]
        rates *= 0.5 + torch.rand(len(rates), generator=generator, dtype=torch.float64)
    if name == "meta-curvature":
        meta[len(theta) :] += 0.2 * normal(len(meta) - len(theta))
    weights = torch.tensor(WEIGHTS[steps], dtype=torch.float64) if every_step else None
    return Problem(learner, chosen, meta, batch, weights)


def relative_error(actual: Tensor, expected: Tensor) -> float:
    """The distance as a part of the expected length."""
    assert actual.shape == expected.shape
    return float((actual - expected).norm() / expected.norm())


@contextmanager
def units_watched() -> Iterator[list[Tensor]]:
    """Which ReLU units are on in every pass of the reference inside, in order."""
    found = []

    def relu(z: Tensor) -> Tensor:
        found.append((z.detach() > 0).flatten())
        return torch.relu(z)

    with patch.dict(reference.NONLINEARITIES, relu=relu):
        yield found


def inner_states(case: Problem) -> list[Tensor]:
    """What the inner loop of training goes through, before it and after each step, ``(T, …)``."""
    assert case.weights is None
    seen = []

    def spy(theta: Tensor, x: Tensor, y: Tensor, network: Network) -> tuple[Tensor, Pass]:
        if not seen or not torch.equal(theta.expand(TASKS, -1), seen[-1]):
            seen.append(theta.expand(TASKS, -1))
        return losses_and_pass(theta, x, y, network)

    with (
        patch.object(unrolling, "losses_and_pass", spy),
        patch.object(implicit, "losses_and_pass", spy),
    ):
        case.run()
    return seen
