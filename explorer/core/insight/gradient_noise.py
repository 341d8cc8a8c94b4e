"""How much of a meta-gradient is noise: of few tasks, and of few query points on each.

The mean ḡ of the meta-gradients of T tasks drawn at random differs from that of infinitely many by
a vector whose mean square is E‖ḡ − g‖² = tr Σ / T, estimated without bias by
s² = Σ_t ‖g_t − ḡ‖² / (T(T − 1)); so ‖ḡ‖² − s² estimates ‖g‖². As a task's meta-gradient is a mean
over its Q query points, by the law of total variance s² = a + b/Q: a is the noise of the tasks and
their support points, b/Q that of the query points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.base.cancellation import check_cancelled
from explorer.core.base.lazy_torch import torch
from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch, sample
from explorer.core.insight.task_gradients import followed_by
from explorer.core.learners import Learner

if TYPE_CHECKING:
    from torch import Tensor

COUNTS = (1, 2, 5, 10, 20, 50)
SAMPLED_TASKS = 256
TASKS_AT_ONCE = 64  # what they need stays small


class Noise(NamedTuple):
    """Of a mean over tasks.

    Attributes:
        tasks: T.
        noise: s², squared length of the mean's standard error; NaN for one task.
        length: ‖ḡ‖², of the mean itself.
    """

    tasks: int
    noise: float
    length: float

    @property
    def signal(self) -> float:
        """‖ḡ‖² − s², an unbiased estimate of ‖g‖²; below 0 where noise hides it."""
        return self.length - self.noise

    @property
    def share(self) -> float:
        """s²/‖ḡ‖², the part of the squared length that noise accounts for; 1 or more: all of it."""
        return self.noise / self.length if self.length else math.nan


def noise_of(gradients: Tensor) -> Noise:
    """How much of the mean of the gradients ``(T, P)`` of T independent tasks is noise."""
    tasks, exact = len(gradients), gradients.double()
    mean = exact.mean(0)
    spread = float((exact - mean).square().sum())
    noise = spread / (tasks * (tasks - 1)) if tasks > 1 else math.nan
    return Noise(tasks, noise, float(mean.square().sum()))


class Fit(NamedTuple):
    """Noise a + b/Q of Q query points.

    Attributes:
        tasks: a, what no number of query points takes away.
        points: b.
    """

    tasks: float
    points: float

    @property
    def even(self) -> float:
        """b/a, the number of query points beyond which the tasks are most of the noise."""
        return self.points / self.tasks if self.tasks > 0 else math.inf


@dataclass(frozen=True, eq=False)
class QueryNoise:
    """The noise of a meta-batch's gradient against the number of query points, at one network.

    Attributes:
        tasks: of the meta-batch.
        counts: numbers of query points Q.
        noise: of a meta-gradient that is judged on as many fresh points, one for each Q.
        signal: ‖g‖² of the gradient of infinitely many tasks, estimated with the largest Q; may be
            below 0 where noise hides it.
        support_again: the noise where the support points are the query points too.
        fit: a + b/Q.
    """

    tasks: int
    counts: tuple[int, ...]
    noise: tuple[float, ...]
    signal: float
    support_again: float
    fit: Fit


def query_noise(
    rule: Learner,
    settings: Settings,
    meta: Tensor,
    *,
    counts: Sequence[int] = COUNTS,
    sampled: int = SAMPLED_TASKS,
    seed: int = 0,
) -> QueryNoise:
    """Sample tasks from the experiment's distribution and see how their meta-gradients differ.

    The same tasks, support points and first query points serve every Q. The query loss is that
    after the last inner step, by the weights.

    Args:
        rule: the learner.
        settings: its experiment.
        meta: its meta-parameters, ``(M,)``.
        counts: numbers of query points Q.
        sampled: how many tasks are drawn; the noise of a meta-batch is scaled from these.
        seed: draws them.

    Raises:
        UserError: as `task_gradients.followed_by`.
        CancelledWorkError: it is no longer wanted.
    """
    streams = stream(seed, "query points"), stream(seed, "query points noise")
    points = settings.shots + max(counts)
    drawn = sample(settings.family, sampled, points, *streams).split(settings.shots)
    batch = Batch(*(part[0].to(meta) for part in drawn))
    found = [noise_of(_gradients(rule, settings, meta, _first(batch, q))) for q in counts]
    again = batch._replace(query_x=batch.support_x, query_y=batch.support_y)
    again_noise = noise_of(_gradients(rule, settings, meta, again)).noise
    scale = sampled / settings.meta_batch
    noise = tuple(each.noise * scale for each in found)
    return QueryNoise(
        settings.meta_batch,
        tuple(counts),
        noise,
        found[counts.index(max(counts))].signal,
        again_noise * scale,
        fit_of(counts, noise),
    )


def fit_of(counts: Sequence[int], noise: Sequence[float]) -> Fit:
    """The a and b of a + b/Q with the least squares of relative errors.

    Relative, since the noise of few query points is known less well, as it is larger.
    """
    found = torch.tensor(noise, dtype=torch.float64)
    inverse = torch.tensor(counts, dtype=torch.float64).reciprocal()
    columns = torch.stack([torch.ones_like(inverse), inverse], -1) / found.unsqueeze(-1)
    a, b = torch.linalg.lstsq(columns, torch.ones_like(found).unsqueeze(-1)).solution.view(-1)
    return Fit(float(a), float(b))


def _first(batch: Batch, count: int) -> Batch:
    """The batch with its first query points alone."""
    return batch._replace(query_x=batch.query_x[:, :count], query_y=batch.query_y[:, :count])


def _gradients(rule: Learner, settings: Settings, meta: Tensor, batch: Batch) -> Tensor:
    """The meta-gradient of each task, ``(T, P)``."""
    blocks = []
    for first in range(0, len(batch.support_x), TASKS_AT_ONCE):
        check_cancelled()
        block = Batch(*(part[first : first + TASKS_AT_ONCE] for part in batch))
        blocks.append(followed_by(rule, settings, meta, block))
    return torch.cat(blocks)
