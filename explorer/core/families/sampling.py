"""The distribution of sine tasks y = A·sin(x − φ), and how tasks and points are drawn from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Range, Settings
from explorer.core.learners import Batch

if TYPE_CHECKING:
    from torch import Tensor


def sine(x: Tensor, amplitude: Tensor, phase: Tensor) -> Tensor:
    """A·sin(x − φ), broadcast."""
    return amplitude * torch.sin(x - phase)


def grid(x: Range, points: int) -> Tensor:
    """Evenly spaced inputs ``(points,)`` over a range, ends included."""
    return torch.linspace(x.low, x.high, points)


@dataclass(frozen=True)
class Tasks:
    """Sines with points on them.

    Attributes:
        amplitude: A, ``(…, T, 1, 1)``.
        phase: φ in radians, ``(…, T, 1, 1)``.
        x: inputs, ``(…, T, K, 1)``, support points first.
        y: targets, noise included, ``(…, T, K, 1)``.
    """

    amplitude: Tensor
    phase: Tensor
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

    @property
    def task(self) -> Tensor:
        """A and φ, ``(…, T, 1, 2)``."""
        return torch.cat([self.amplitude, self.phase], -1)


def _between(u: Tensor, bounds: Range) -> Tensor:
    return bounds.low + (bounds.high - bounds.low) * u


def sample(
    settings: Settings,
    tasks: int,
    points: int,
    generator: torch.Generator,
    noise: torch.Generator,
    batches: int = 1,
) -> Tasks:
    """Draw ``batches`` times ``tasks`` sines with ``points`` points each.

    Each batch is one row of the uniform stream, so n batches drawn at once equal n draws of one
    batch bit for bit: the length of a training chunk cannot change a run. Noise has a stream of
    its own, so that changing σ leaves the tasks as they are.
    """
    u = torch.rand(batches, tasks * (2 + points), generator=generator)
    amplitude = _between(u[:, :tasks], settings.amplitude).view(batches, tasks, 1, 1)
    phase = _between(u[:, tasks : 2 * tasks], settings.phase).view(batches, tasks, 1, 1)
    x = _between(u[:, 2 * tasks :], settings.x).view(batches, tasks, points, 1)
    return _with_targets(settings, amplitude, phase, x, noise)


def own_tasks(settings: Settings, first: int, batches: int, in_turn: bool = False) -> Tasks:
    """The sines of the averaged networks, one each, with fresh points for each meta-iteration.

    They depend on nothing but the settings and the number of the meta-iteration.

    Args:
        settings: the experiment.
        first: number of the first meta-iteration.
        batches: how many meta-iterations.
        in_turn: whether a meta-iteration has as many times the points of the network whose turn
            it is (`explorer.core.training.sequential`) as there are networks, instead of those of
            each network.
    """
    tasks, points = settings.networks, settings.shots + settings.query
    whose = torch.arange(first * tasks, (first + batches) * tasks).view(batches, tasks)
    whose = (whose // settings.iterations if in_turn else whose) % tasks
    u = torch.rand(2, tasks, generator=stream(settings.seed, "own tasks"))
    amplitude = _between(u[0], settings.amplitude)[whose].view(batches, tasks, 1, 1)
    phase = _between(u[1], settings.phase)[whose].view(batches, tasks, 1, 1)
    drawn = []
    for i in range(batches):
        at = first + i
        u = torch.rand(tasks, points, 1, generator=stream(settings.seed, f"own points/{at}"))
        x, noise = _between(u, settings.x), stream(settings.seed, f"own noise/{at}")
        drawn.append(_with_targets(settings, amplitude[i], phase[i], x, noise))
    return Tasks(
        amplitude,
        phase,
        torch.stack([each.x for each in drawn]),
        torch.stack([each.y for each in drawn]),
    )


def sample_evenly(
    settings: Settings, tasks: int, points: int, generator: torch.Generator, noise: torch.Generator
) -> Tasks:
    """One batch of sines that together cover all amplitudes, phases and inputs evenly.

    (A, φ, x₁, …, x_K) are the points of a scrambled Sobol sequence (Owen 1998): each is uniform,
    so means over tasks are unbiased, but they vary far less from seed to seed than with
    independent draws, where 600 amplitudes alone leave the mean error of a network that does
    not adapt uncertain by ±8 %.
    """
    seed = int(torch.randint(2**62, (1,), generator=generator))
    sobol = torch.quasirandom.SobolEngine(2 + points, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    u = sobol.draw(tasks)
    amplitude = _between(u[:, 0], settings.amplitude).view(1, tasks, 1, 1)
    phase = _between(u[:, 1], settings.phase).view(1, tasks, 1, 1)
    x = _between(u[:, 2:], settings.x).reshape(1, tasks, points, 1)
    return _with_targets(settings, amplitude, phase, x, noise)


def _with_targets(
    settings: Settings, amplitude: Tensor, phase: Tensor, x: Tensor, noise: torch.Generator
) -> Tasks:
    y = sine(x, amplitude, phase)
    if settings.noise > 0:
        # torch.randn's values depend on how many are asked for; Box and Muller's do not.
        v = torch.rand(*y.shape[:-1], 2, generator=noise)
        radius = torch.sqrt(-2 * torch.log1p(-v[..., :1]))
        y = y + settings.noise * radius * torch.cos(2 * math.pi * v[..., 1:])
    return Tasks(amplitude, phase, x, y)
