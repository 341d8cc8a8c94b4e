"""The outer loop of meta-training: a meta-gradient, then Adam, a chunk of iterations at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.engine import Loop, Tensors, all_reduce
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS, InnerLoop
from explorer.core.network.mlp import Network

if TYPE_CHECKING:
    from torch import Tensor

# Adam's constants (Kingma and Ba 2015), as in the authors' code and torch.optim.Adam.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

_POINTS = len(Batch._fields)  # of what an iteration is given, the tensors that run over tasks
TASKS_AT_ONCE = 13  # what they need stays in the processor's cache; for 25 tasks, two blocks
MOST_BLOCKS = 6  # each is recorded once, before the first iteration; larger ones are no slower
ANNEALED_OVER = 10_500  # 15 of MAML++'s 100 epochs: that share of the paper's 70,000 iterations
LEAST_WEIGHT = 0.03

Adam = tuple["Tensor", "Tensor", "Tensor"]  # meta-parameters, and Adam's m and v

KEPT_LOOPS = 32  # of settings tried before; each keeps its programs


def _cuts(tasks: int, parts: int) -> list[tuple[int, int]]:
    """Where each of so many even parts of the tasks begins and ends."""
    return list(pairwise(tasks * i // parts for i in range(parts + 1)))


def _blocks(points: Tensor) -> list[Tensor]:
    """The points of a batch ``(T, K, 1)`` cut into even blocks of `TASKS_AT_ONCE` tasks or so."""
    tasks = len(points)
    blocks = min(-(-tasks // TASKS_AT_ONCE), MOST_BLOCKS)
    return [points[first:last] for first, last in _cuts(tasks, blocks)]


def _whole(points: Tensor) -> list[Tensor]:
    return [points]


def _mean(values: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """The mean over all tasks of what is a mean over each block."""
    total = values[0] * shares[0]
    for value, share in zip(values[1:], shares[1:], strict=True):
        total = total + value * share
    return total


def _sharded(given: Tensors, threads: int) -> list[Tensors]:
    """Every thread's share of the tasks of a chunk; Adam is every thread's."""
    points, others = given[:_POINTS], given[_POINTS:]
    tasks = points[0].shape[1]
    return [
        (*(part[:, first:last] for part in points), *others)
        for first, last in _cuts(tasks, min(threads, tasks))
    ]


@lru_cache(KEPT_LOOPS)
def training_loop(
    learner: str, sizes: tuple[int, ...], tanh: bool, inner: InnerLoop, tasks: int
) -> Loop:
    """The outer loop of Algorithm 2 for a learner: a meta-gradient, then Adam.

    Carries the meta-parameters and Adam's m and v; is given a batch, or a thread's share of its
    so many tasks, Adam's two bias corrections and, if there are such, the weights of the query
    losses; makes the training losses.
    """
    rule, network = LEARNERS[learner], Network(list(sizes), tanh)

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        theta, m, v = carried
        points, (rate, root, *weights) = given[:_POINTS], given[_POINTS:]
        cut = _blocks if rule.own_tasks is None else _whole
        parts = [
            rule.meta_gradient(theta, Batch(*block), network, inner, *weights)
            for block in zip(*(cut(part) for part in points), strict=True)
        ]
        shares = [len(block) / tasks for block in cut(points[0])]
        means = all_reduce(torch.cat([_mean(each, shares) for each in zip(*parts, strict=True)]))
        g, losses = means[: len(theta)], means[len(theta) :]
        m = torch.lerp(m, g, 1 - BETA_1)
        v = v * BETA_2 + g * g * (1 - BETA_2)
        theta = theta - m * rate / (torch.sqrt(v) * root + EPSILON)
        return (theta, m, v), (losses,)

    return Loop(body, _sharded, f"The training of “{rule.label}”")


def corrections(iteration: int, rounds: int, beta: float, dtype: torch.dtype) -> Tensors:
    """Adam's bias corrections of the iterations after one, ``(rounds,)`` each.

    The first, β / (1 − β₁ᵗ), multiplies m and the second, 1 / √(1 − β₂ᵗ), the root of v.
    """
    t = torch.arange(iteration + 1, iteration + rounds + 1, dtype=torch.float64)
    return (beta / (1 - BETA_1**t)).to(dtype), (1 - BETA_2**t).rsqrt().to(dtype)


def step_weights(iteration: int, rounds: int, steps: int, dtype: torch.dtype) -> Tensor:
    """Weights of the query loss after each inner step ``(rounds, S)``, as in MAML++.

    Alike at first; the last step's grows and the others' shrink linearly, down to 0.03/S, over
    the first `ANNEALED_OVER` meta-iterations (arXiv 1810.09502, section 4 and the authors' code).
    """
    done = torch.arange(iteration, iteration + rounds, dtype=torch.float64) / ANNEALED_OVER
    early = ((1 - done) / steps).clamp(min=LEAST_WEIGHT / steps).unsqueeze(1)
    weights = torch.cat([early.expand(-1, steps - 1), 1 - (steps - 1) * early], 1)
    return weights.to(dtype)


@dataclass(frozen=True)
class Chunk:
    """The loop over a chunk's meta-iterations for a learner.

    Attributes:
        learner: its name.
        plainly: whether it runs as ordinary Python instead of by the machine, for which no other
            thread waits.
    """

    learner: str
    plainly: bool = False

    def __call__(
        self,
        theta: Tensor,
        m: Tensor,
        v: Tensor,
        iteration: int,
        batches: Batch,
        network: Network,
        inner: InnerLoop,
        beta: float,
        threads: int = 1,
        every_step: bool = False,
    ) -> tuple[Adam, Tensor]:
        """From θ, m, v and batches to θ, m, v, and the losses of each iteration."""
        rounds, tasks = batches.support_x.shape[:2]
        loop = training_loop(self.learner, tuple(network.sizes), network.tanh, inner, tasks)
        given = (*batches, *corrections(iteration, rounds, beta, theta.dtype))
        if every_step:
            given = (*given, step_weights(iteration, rounds, inner.steps, theta.dtype))
        if self.plainly:
            (theta, m, v), (losses,) = loop.run_plainly((theta, m, v), given)
        else:
            (theta, m, v), (losses,) = loop.run((theta, m, v), given, threads=threads)
        return (theta, m, v), losses


def plain_chunk(learner: str) -> Chunk:
    """The loop for a learner, as ordinary Python."""
    return Chunk(learner, plainly=True)


def compiled_chunk(learner: str) -> Chunk:
    """`plain_chunk` run by the machine: no other thread waits for it."""
    return Chunk(learner)
