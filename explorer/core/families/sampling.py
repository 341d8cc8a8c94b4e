"""How tasks and points on them are drawn from a family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch
from explorer.core.families.base import Family

if TYPE_CHECKING:
    from torch import Tensor

REPLICATES = 20  # sets of tasks: fewer would be more even, more tell better how far off they are
DIGITS = 24  # binary digits of a uniform number, as many as float32 has


class Batch(NamedTuple):
    """Support and query points of T tasks, each tensor ``(T, K, 1)``, and the tasks themselves.

    During training a leading axis runs over the meta-iterations of a chunk.
    """

    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor
    task: Tensor  # their parameters, (T, 1, P)


@dataclass(frozen=True)
class Tasks:
    """Tasks with points on them.

    Attributes:
        task: parameters of each task, ``(…, T, 1, P)``.
        x: inputs, ``(…, T, K, 1)``, support points first.
        y: targets, noise included, ``(…, T, K, 1)``.
    """

    task: Tensor
    x: Tensor
    y: Tensor

    def split(self, shots: int) -> Batch:
        """The first K points of each task as support, the others as query."""
        return Batch(
            self.x[..., :shots, :],
            self.y[..., :shots, :],
            self.x[..., shots:, :],
            self.y[..., shots:, :],
            self.task,
        )


def sample(
    family: Family,
    tasks: int,
    points: int,
    generator: torch.Generator,
    noise: torch.Generator,
    batches: int = 1,
) -> Tasks:
    """Draw ``batches`` times ``tasks`` tasks with ``points`` points each.

    Each batch is one row of the uniform stream, so n batches drawn at once equal n draws of one
    batch bit for bit: the length of a training chunk cannot change a run. Noise has a stream of
    its own, so that changing σ leaves the tasks as they are.
    """
    numbers = family.uniforms
    u = torch.rand(batches, tasks * (numbers + points), generator=generator)
    of_tasks = u[:, : tasks * numbers].view(batches, numbers, tasks).transpose(-1, -2)
    of_points = u[:, tasks * numbers :].reshape(batches, tasks, points, 1)
    return drawn(family, family.task(of_tasks).unsqueeze(-2), of_points, noise)


def sample_evenly(
    family: Family,
    tasks: int,
    points: int,
    generator: torch.Generator,
    noise: torch.Generator,
    sets: int = REPLICATES,
) -> Tasks:
    """One batch of tasks, in sets that each cover all parameters and inputs evenly.

    Their uniform numbers are the points of a scrambled Sobol sequence (Owen 1998), the same for
    all sets but for a random digital shift of each (L'Ecuyer and Lemieux 2002, section 5), so that
    the sets are independent draws: task i belongs to set i mod ``sets``. Each task is uniform, so
    means over tasks are unbiased, but they vary less from seed to seed than with independent draws,
    where 600 amplitudes alone leave the mean error of a network that does not adapt uncertain by
    ±8 %; and how far they vary can be told from the sets (`evaluation.intervals`).

    Args:
        family: what they are tasks of.
        tasks: how many; the first of more are the same.
        points: inputs on each.
        generator: source of the scrambling and of the shifts.
        noise: source of the noise.
        sets: in how many sets; one is the most even, and tells nothing of how far it is off.
    """
    seed = int(torch.randint(2**62, (1,), generator=generator))
    numbers = family.uniforms
    size = numbers + points
    sobol = torch.quasirandom.SobolEngine(size, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    digits = (sobol.draw(-(-tasks // sets), dtype=torch.float64) * 2**DIGITS).long()
    shifts = torch.randint(2**DIGITS, (sets, size), generator=generator)
    u = (digits.unsqueeze(1) ^ shifts).view(-1, size)[:tasks].to(torch.float32) / 2**DIGITS
    task = family.task(u[:, :numbers]).view(1, tasks, 1, -1)
    return drawn(family, task, u[:, numbers:].reshape(1, tasks, points, 1), noise)


def drawn(family: Family, task: Tensor, u: Tensor, noise: torch.Generator) -> Tasks:
    """Points on tasks.

    Targets are computed in double precision and rounded: sines and logarithms differ in their last
    bits from processor to processor, and rounding hides it but for one number in some hundred
    millions.

    Args:
        family: what they are tasks of.
        task: their parameters, ``(…, T, 1, P)``.
        u: a uniform number for each input, ``(…, T, K, 1)``.
        noise: source of the noise.
    """
    x = family.inputs(u, task)
    y = family.function(x.double(), task.double())
    if family.noise > 0:
        # torch.randn's values depend on how many are asked for; Box and Muller's do not.
        v = torch.rand(*y.shape[:-1], 2, generator=noise).double()
        radius = torch.sqrt(-2 * torch.log1p(-v[..., :1]))
        y = y + family.noise * radius * torch.cos(2 * math.pi * v[..., 1:])
    return Tasks(task, x, y.to(x.dtype))
