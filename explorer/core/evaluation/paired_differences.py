"""Is this gap noise? Differences between two learners that were given the same tasks.

How hard a task is moves the errors of both alike, so their difference on each task scatters far
less than either error, and its mean is known better than the difference of the two means is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.base.texts import with_interval

if TYPE_CHECKING:
    from torch import Tensor

Errors = NDArray[np.float32] | NDArray[np.float64]
FEW = 30  # tasks below which 1.96 standard errors are no 95 % interval


@dataclass(frozen=True, eq=False)
class TaskErrors:
    """What one learner did on every task.

    Attributes:
        mse: mean squared error after 0, 1, … steps, ``(S + 1, T)``.
        diverged: tasks that have diverged by each step, or whose error is not finite,
            ``(S + 1, T)``.
    """

    mse: Errors
    diverged: NDArray[np.bool_]

    @classmethod
    def of(cls, blocks: Sequence[tuple[Tensor, Tensor]]) -> TaskErrors:
        """All blocks of `evaluation.block_errors` side by side."""
        mse = np.concatenate([errors.numpy() for errors, _ in blocks], 1)
        flags = np.concatenate([flags.numpy() for _, flags in blocks], 1)
        return cls(mse, flags | ~np.isfinite(mse))

    def forgotten(self) -> TaskErrors:
        """The same without any task, where the memory is better spent."""
        return TaskErrors(self.mse[:, :0].copy(), self.diverged[:, :0].copy())

    def with_penalty(self) -> NDArray[np.float64]:
        """The errors with that before adaptation in place of a diverged one, ``(S + 1, T)``.

        A mean that leaves diverged tasks out would favour the step size that loses the hardest
        ones; this mean is one over all tasks, as if adaptation that failed were given up.
        """
        return np.where(self.diverged, self.mse[:1], self.mse).astype(np.float64)


@dataclass(frozen=True)
class Difference:
    """Mean difference of two learners' errors on the same tasks, one less the other's.

    Attributes:
        mean: NaN without a pair.
        ci95: half-width of its 95 % interval, 1.96 standard errors; NaN for fewer than two pairs.
        pairs: tasks that it is the mean over.
        left_out: tasks that diverged for either.
    """

    mean: float
    ci95: float
    pairs: int
    left_out: int

    @property
    def certain(self) -> bool:
        """Whether it is more than chance."""
        return self.pairs >= FEW and abs(self.mean) > self.ci95


def mean_difference(one: Errors, other: Errors, left_out: NDArray[np.bool_]) -> Difference:
    """The mean of one less the other, both ``(T,)``, over the tasks that are not left out."""
    kept = ~left_out
    gaps = one[kept].astype(np.float64) - other[kept]
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else math.nan
    return Difference(
        float(gaps.mean()) if len(gaps) else math.nan,
        1.96 * spread / max(len(gaps), 1) ** 0.5,
        len(gaps),
        int(left_out.sum()),
    )


def paired(one: TaskErrors, other: TaskErrors) -> tuple[Difference, ...]:
    """Differences of two learners after 0, 1, … steps, one's errors less the other's."""
    return tuple(
        mean_difference(mine, theirs, gone)
        for mine, theirs, gone in zip(
            one.mse, other.mse, one.diverged | other.diverged, strict=True
        )
    )


def sentence(difference: Difference, step: int, shots: int, label: str, reference: str) -> str:
    """What the difference of one learner's errors to another's says, in words."""
    where = f"After {step} {'step' if step == 1 else 'steps'} at K = {shots}"
    tasks = f"{difference.pairs} {'task' if difference.pairs == 1 else 'tasks'}"
    if difference.left_out:
        tasks += f", {difference.left_out} left out as diverged"
    if not difference.pairs:
        return f"{where} every task diverged for {label} or {reference}: nothing to compare."
    if difference.mean == 0 and difference.ci95 == 0:
        return f"{where} {label} and {reference} make exactly the same errors ({tasks})."
    stands = "ahead of" if difference.mean < 0 else "behind"
    by = with_interval(abs(difference.mean), difference.ci95)
    if difference.pairs < FEW:
        judged = f"too few tasks to tell from chance; take at least {FEW}"
    else:
        judged = "more than chance" if difference.certain else "could be chance"
    return f"{where} {label} is {stands} {reference} by {by} ({tasks}): {judged}."
