"""What a learner did on every task, and which tasks it lost.

Adaptation can fail in two ways. It diverges: the loss on the support points, which gradient
descent should lower, grows. Or it goes astray: the support points are fitted, but between and
beyond them the function is wrong by far more than doing nothing would be. A mean over tasks says
nothing while one of them has an error of a million, and flatters whoever loses the hardest tasks if
they are left out; so a lost task counts with what predicting zero costs on it, which is what is
left to do once adaptation has failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from explorer.core.families import Family

Errors = NDArray[np.float32] | NDArray[np.float64]
Flags = NDArray[np.bool_]

ASTRAY_FACTOR = 2.0
KEPT_FAMILIES = 16


@dataclass(frozen=True, eq=False)
class TaskErrors:
    """What one learner did on T tasks, after 0, 1, … S gradient steps.

    Attributes:
        mse: mean squared errors on the whole function, ``(S + 1, T)``.
        zero: what predicting zero costs on each task, ``(T,)``.
        diverged: tasks whose support loss has diverged by each step (`adaptation.diverged`),
            ``(S + 1, T)``.
        astray: tasks lost by each step though their support loss has not diverged (`judged`),
            ``(S + 1, T)``.
    """

    mse: Errors
    zero: Errors
    diverged: Flags
    astray: Flags

    @property
    def tasks(self) -> int:
        """T."""
        return len(self.zero)

    @property
    def lost(self) -> Flags:
        """Tasks lost by each step in either way, ``(S + 1, T)``."""
        return self.diverged | self.astray

    @property
    def counted(self) -> NDArray[np.float64]:
        """The errors with what predicting zero costs in place of a lost one, ``(S + 1, T)``."""
        return np.where(self.lost, self.zero, self.mse).astype(np.float64)

    @classmethod
    def joined(cls, blocks: Iterable[TaskErrors]) -> TaskErrors:
        """Blocks of tasks side by side."""
        parts = list(blocks)
        return cls(
            np.concatenate([each.mse for each in parts], 1),
            np.concatenate([each.zero for each in parts]),
            np.concatenate([each.diverged for each in parts], 1),
            np.concatenate([each.astray for each in parts], 1),
        )

    def forgotten(self) -> TaskErrors:
        """The same without any task, where the memory is better spent."""
        return TaskErrors(
            self.mse[:, :0].copy(),
            self.zero[:0].copy(),
            self.diverged[:, :0].copy(),
            self.astray[:, :0].copy(),
        )


def judged(mse: Errors, zero: Errors, diverged: Flags, usual: float) -> TaskErrors:
    """Say which tasks are lost: those that diverged, and those that have gone astray.

    A task has gone astray once its error is not finite, or beyond `ASTRAY_FACTOR` times the largest
    of three: what predicting zero costs on it; what that costs on a usual task, since on a nearly
    flat function an error that is small beside all others' would be lost at once; and the error
    before adaptation, since a network brought to tasks that it does not know is bad from the
    start, and has to count as it is. From then on it is lost, as after divergence: that a later
    step happens to come back is not what anybody would wait for.

    A larger factor would let single tasks cost up to that many times more than doing nothing, and
    make a mean over hundreds of tasks hang on whether one of these is among them: with a factor of
    10 no interval could hold the truth as often as it says (``python -m tests.calibration``).

    Args:
        mse: errors on the whole function, ``(S + 1, T)``.
        zero: what predicting zero costs on each task, ``(T,)``.
        diverged: tasks whose support loss has diverged by each step, ``(S + 1, T)``.
        usual: what predicting zero costs on average over the task distribution.
    """
    reference = np.maximum(np.maximum(mse[0], zero), usual)
    with np.errstate(invalid="ignore"):
        beyond = ~np.isfinite(mse) | (mse > ASTRAY_FACTOR * reference)
    return TaskErrors(mse, zero, diverged, np.maximum.accumulate(beyond, 0) & ~diverged)


@lru_cache(KEPT_FAMILIES)
def usual_zero(family: Family) -> float:
    """What predicting zero costs on average over a task distribution, without noise: E[f(x)²]."""
    return family.moments().power
