"""What trainings that differ in their seeds alone differ by.

How far networks of the same learner lie apart is not how well one network's error is known: a
further task narrows the one and a further training the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from explorer.core.evaluation.intervals import T_975


def deviation(values: Sequence[float]) -> float:
    """Standard deviation between seeds; NaN of one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def mean_ci95(values: Sequence[float]) -> float:
    """Half-width of the 95 % interval of the mean over all seeds that there could be; NaN of one.

    Args:
        values: one for each of at most ten seeds.
    """
    count = len(values)
    return T_975[count - 2] * deviation(values) / math.sqrt(count) if count > 1 else math.nan


def one_more_ci95(values: Sequence[float]) -> float:
    """Half-width of the 95 % interval in which one more seed's value would lie; NaN of one."""
    return mean_ci95(values) * math.sqrt(len(values) + 1)
