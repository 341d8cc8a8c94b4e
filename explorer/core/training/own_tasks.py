"""The tasks of learners that have their own: one for each network, whose weights are averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Tasks, drawn
from explorer.core.learners import Learner

if TYPE_CHECKING:
    from torch import Tensor


def own_tasks(rule: Learner, settings: Settings, first: int, batches: int) -> Tasks:
    """One task for each network, with fresh points for each meta-iteration.

    They depend on nothing but the settings and the number of the meta-iteration. Where networks are
    trained one after the other (`explorer.core.training.sequential`), a meta-iteration has as many
    times the points of the network whose turn it is as there are networks, instead of those of
    each network.

    Args:
        rule: the learner.
        settings: its experiment.
        first: number of the first meta-iteration.
        batches: how many meta-iterations.
    """
    assert rule.own_tasks is not None
    family, tasks = settings.family, rule.own_tasks.count(settings)
    whose = torch.arange(first * tasks, (first + batches) * tasks).view(batches, tasks)
    whose = (whose // settings.iterations if rule.own_tasks.sequential else whose) % tasks
    u = torch.rand(family.uniforms, tasks, generator=stream(settings.seed, "own tasks"))
    task = family.task(u.T)[whose].unsqueeze(-2)
    made = [_points(settings, task[i], first + i) for i in range(batches)]
    return Tasks(
        task, torch.stack([each.x for each in made]), torch.stack([each.y for each in made])
    )


def _points(settings: Settings, task: Tensor, iteration: int) -> Tasks:
    """Fresh points of one meta-iteration on tasks ``(T, 1, P)``."""
    points = settings.shots + settings.query
    generator = stream(settings.seed, f"own points/{iteration}")
    u = torch.rand(len(task), points, 1, generator=generator)
    return drawn(settings.family, task, u, stream(settings.seed, f"own noise/{iteration}"))
