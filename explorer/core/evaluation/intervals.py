"""How far a mean over evenly spread tasks may be from the truth.

Tasks come as R sets that are each spread evenly, independently of each other
(`families.sampling.sample_evenly`), so the R means of the sets are independent draws around the
true mean whatever the learner, and their spread tells how far the mean of all tasks scatters from
seed to seed: randomised quasi-Monte Carlo (Owen 1998; L'Ecuyer and Lemieux 2002). A spread over
single tasks would take them as drawn independently of each other, which they are not.

Errors have long tails: a few tasks make a large part of the mean, and where they are missing the
spread is small too. By Edgeworth's expansion (Hall 1992, section 2.5) ±t·s is too narrow around a
mean of skewness k by a share of about k²·(t⁴ + 2t² − 3)/18, which is 1.4·k² here. The skewness that
some hundred tasks show falls short of that of the tails, so four times as much is added: with less,
``python -m tests.calibration`` finds intervals that hold the truth too seldom.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from explorer.core.families.sampling import REPLICATES

Array = NDArray[np.float64]

# Of Student's t distribution, 97.5 %, with 1, 2, … 19 degrees of freedom.
T_975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093),
)  # fmt: skip

TAILS = 6.0  # times k², the share by which an interval is widened


class Mean(NamedTuple):
    """A mean over tasks.

    Attributes:
        value: NaN of none.
        ci95: half-width of its 95 % interval; NaN where there are fewer than two sets of tasks.
    """

    value: float
    ci95: float


def mean_over_tasks(values: Array, kept: NDArray[np.bool_] | None = None) -> Mean:
    """The mean over tasks, with its interval from the spread between their sets.

    The mean over those that are kept is a ratio of two sums, of the errors kept and of how many
    are: what a set adds to its deviation is the sum over its kept tasks of the value less the mean
    (the linearised ratio estimator of survey sampling; Cochran 1977, section 6.3).

    Args:
        values: one for each task in the order in which they were drawn, ``(T,)``.
        kept: which tasks count, ``(T,)``; None for all.
    """
    counts = np.ones(len(values), np.bool_) if kept is None else kept
    total = int(counts.sum())
    if not total:
        return Mean(math.nan, math.nan)
    mean = float(values[counts].mean())
    deviations = np.where(counts, values, mean) - mean
    # Task i belongs to set i mod R.
    missing = -len(values) % REPLICATES
    by_set = np.pad(deviations, (0, missing)).reshape(-1, REPLICATES).sum(0)
    sets = int(np.pad(counts, (0, missing)).reshape(-1, REPLICATES).any(0).sum())
    if sets < 2:
        return Mean(mean, math.nan)
    error = math.sqrt(sets / (sets - 1) * float(by_set @ by_set)) / total
    power = float(deviations @ deviations)
    skewness = float((deviations**3).sum()) / power**1.5 if power else 0.0
    return Mean(mean, T_975[sets - 2] * error * (1 + TAILS * skewness**2))
