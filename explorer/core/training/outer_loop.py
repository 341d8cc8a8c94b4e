"""The outer loop of meta-training: a meta-gradient, then Adam, a chunk of iterations at a time.

The meta-gradient is a mean over tasks. How these are cut into blocks, and in which order the blocks
are added, follows from the experiment alone and not from who works on them: so the same seed gives
the same bits with any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from explorer.core import engine
from explorer.core.base.lazy_torch import torch
from explorer.core.engine import Loop, Tensors, all_reduce
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS, InnerLoop
from explorer.core.network.mlp import Network, parameter_count

if TYPE_CHECKING:
    from torch import Tensor

# Adam's constants (Kingma and Ba 2015), as in the authors' code and torch.optim.Adam.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

TASKS_AT_ONCE = 13  # what they need stays in the processor's cache
# Parameters times points of an iteration: threads with less only wait, and smaller blocks would
# cost more than 2 % of the time.
WORK_PER_THREAD, WORK_PER_BLOCK = 200_000, 400_000
# Blocks that a meta-batch is cut into: 2, 3, 4, 6 or 12 threads get the same number each. Every
# block is recorded, before the first iteration.
BLOCKS = (1, 2, 4, 6, 12)
ANNEALED_OVER = 10_500  # 15 of MAML++'s 100 epochs: that share of the paper's 70,000 iterations
LEAST_WEIGHT = 0.03

Adam = tuple["Tensor", "Tensor", "Tensor"]  # meta-parameters, and Adam's m and v

KEPT_LOOPS = 32  # of settings tried before; each keeps its programs


def _cuts(tasks: int, parts: int) -> list[tuple[int, int]]:
    """Where each of so many even parts of the tasks begins and ends."""
    return list(pairwise(tasks * i // parts for i in range(parts + 1)))


def arithmetic() -> str:
    """What decides a training's bits beside its settings, in words that files keep.

    Whatever changes the bits changes these words too.
    """
    return f"sums over fixed blocks of tasks and {engine.arithmetic()} rounding"


def block_count(network: Network, tasks: int, points: int) -> int:
    """How many blocks tasks with so many points each are cut into, whoever works on them."""
    work = parameter_count(network) * tasks * points
    wanted = max(-(-tasks // TASKS_AT_ONCE), work // WORK_PER_BLOCK)
    return min(max(n for n in BLOCKS if n <= wanted), tasks)


def thread_count(network: Network, tasks: int, points: int, cores: int) -> int:
    """How many threads gain from sharing an iteration; one more would not make it shorter."""
    blocks = block_count(network, tasks, points)
    pays = parameter_count(network) * tasks * points // WORK_PER_THREAD
    most = max(1, min(cores, pays, blocks))
    return -(-blocks // -(-blocks // most))


def _in_blocks(batches: Batch, blocks: int) -> list[Tensor]:
    """The points of a chunk's batches, one block after the other."""
    cuts = _cuts(batches.support_x.shape[1], blocks)
    return [part[:, first:last] for first, last in cuts for part in batches]


def _blocks(points: Tensors) -> list[Batch]:
    """What `_in_blocks` has cut."""
    size = len(Batch._fields)
    return [Batch(*points[i : i + size]) for i in range(0, len(points), size)]


@lru_cache(KEPT_LOOPS)
def training_loop(
    learner: str,
    sizes: tuple[int, ...],
    tanh: bool,
    inner: InnerLoop,
    tasks: int,
    every_step: bool,
) -> Loop:
    """The outer loop of Algorithm 2 for a learner: a meta-gradient, then Adam.

    Carries the meta-parameters and Adam's m and v; is given Adam's two bias corrections, if there
    are such the weights of the query losses, and the blocks of a batch of so many tasks, or those
    of them that are a thread's share; makes the training losses.
    """
    rule, network = LEARNERS[learner], Network(list(sizes), tanh)
    common = 2 + every_step  # of what is given, what every thread sees

    def part(theta: Tensor, block: Batch, weights: Sequence[Tensor]) -> Tensor:
        """What a block adds to the meta-gradient and to the losses."""
        share = len(block.support_x) / tasks
        means = rule.meta_gradient(theta, block, network, inner, *weights)
        return torch.cat([mean * share for mean in means])

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        theta, m, v = carried
        rate, root, *weights = given[:common]
        parts = [part(theta, block, weights) for block in _blocks(given[common:])]
        means = all_reduce(torch.stack(parts))
        g, losses = means[: len(theta)], means[len(theta) :]
        m = torch.lerp(m, g, 1 - BETA_1)
        v = v * BETA_2 + g * g * (1 - BETA_2)
        theta = theta - m * rate / (torch.sqrt(v) * root + EPSILON)
        return (theta, m, v), (losses,)

    def sharded(given: Tensors, threads: int) -> list[Tensors]:
        blocks = _blocks(given[common:])
        cuts = _cuts(len(blocks), min(threads, len(blocks)))
        return [(*given[:common], *chain(*blocks[first:last])) for first, last in cuts]

    return Loop(body, sharded, f"The training of “{rule.label}”")


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
        rounds, tasks, shots = batches.support_x.shape[:3]
        loop = training_loop(
            *(self.learner, tuple(network.sizes), network.tanh, inner, tasks, every_step)
        )
        given = corrections(iteration, rounds, beta, theta.dtype)
        if every_step:
            given = (*given, step_weights(iteration, rounds, inner.steps, theta.dtype))
        blocks = 1
        if LEARNERS[self.learner].own_tasks is None:
            blocks = block_count(network, tasks, shots + batches.query_x.shape[2])
        given = (*given, *_in_blocks(batches, blocks))
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
