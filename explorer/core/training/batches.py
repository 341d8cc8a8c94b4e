"""The batches of the next meta-iterations, from where the random streams of a run stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch, sample

if TYPE_CHECKING:
    from torch import Tensor


class NextBatches(NamedTuple):
    """What the next meta-iterations learn from.

    Attributes:
        batch: support and query points, each tensor ``(iterations, T, K, 1)``, and the tasks.
        task_stream: state of the generator that draws tasks, after them.
        noise_stream: state of the generator that draws noise, after them.
    """

    batch: Batch
    task_stream: Tensor
    noise_stream: Tensor


def next_batches(
    settings: Settings, task_stream: Tensor, noise_stream: Tensor, iterations: int
) -> NextBatches:
    """Draw them; the states that are given stay as they are.

    Args:
        settings: the experiment.
        task_stream: state of the generator that draws tasks.
        noise_stream: state of the generator that draws noise.
        iterations: how many; the same ones come whether drawn one by one or at once.
    """
    tasks, noise = torch.Generator(), torch.Generator()
    tasks.set_state(task_stream)
    noise.set_state(noise_stream)
    points = settings.shots + settings.query
    drawn = sample(settings.family, settings.meta_batch, points, tasks, noise, iterations)
    batch = judged(drawn.split(settings.shots), settings)
    return NextBatches(batch, tasks.get_state(), noise.get_state())


def judged(batch: Batch, settings: Settings) -> Batch:
    """The batch with the query points that the settings want."""
    if settings.judged_on == "fresh":
        return batch
    return batch._replace(query_x=batch.support_x, query_y=batch.support_y)
