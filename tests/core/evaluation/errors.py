"""Errors of tasks as if they had been found."""

import numpy as np
from numpy.typing import ArrayLike

from explorer.core.evaluation.task_errors import TaskErrors


def task_errors(
    mse: ArrayLike, diverged: ArrayLike | None = None, zero: ArrayLike = 1.0
) -> TaskErrors:
    """Errors ``(S + 1, T)``, tasks that diverged, and what predicting zero costs on each."""
    errors = np.asarray(mse, np.float64)
    nobody = np.zeros(errors.shape, np.bool_)
    gone = nobody if diverged is None else np.asarray(diverged, np.bool_)
    costs = np.broadcast_to(np.asarray(zero, np.float64), errors.shape[1:]).copy()
    return TaskErrors(errors, costs, gone, nobody)
