"""Is this gap noise? Differences between two learners that were given the same tasks.

How hard a task is moves the errors of both alike, so their difference on each task scatters far
less than either error, and its mean is known better than the difference of the two means is.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.core.base.texts import with_interval
from explorer.core.evaluation.intervals import Array, mean_over_tasks
from explorer.core.evaluation.task_errors import TaskErrors

FEW = 30  # tasks below which an interval says little: the rare hard ones may all be missing


@dataclass(frozen=True)
class Difference:
    """Mean difference of two learners' errors on the same tasks, one less the other's.

    Attributes:
        mean: over all tasks, one that either has lost counting for it with what predicting zero
            costs on it.
        ci95: half-width of its 95 % interval (`mean_over_tasks`); NaN for fewer than two tasks.
        pairs: tasks that it is the mean over.
        lost: tasks that either has lost, or both.
    """

    mean: float
    ci95: float
    pairs: int
    lost: int = 0

    @property
    def certain(self) -> bool:
        """Whether it is more than chance."""
        return self.pairs >= FEW and abs(self.mean) > self.ci95


def mean_difference(one: Array, other: Array, lost: int = 0) -> Difference:
    """The mean of one less the other, both ``(T,)``, of which so many were lost by either."""
    return Difference(*mean_over_tasks(one - other), len(one), lost)


def paired(one: TaskErrors, other: TaskErrors) -> tuple[Difference, ...]:
    """Differences of two learners after 0, 1, … steps, one's errors less the other's."""
    lost = (one.lost | other.lost).sum(1).tolist()
    return tuple(
        mean_difference(*each) for each in zip(one.counted, other.counted, lost, strict=True)
    )


def sentence(difference: Difference, step: int, shots: int, label: str, reference: str) -> str:
    """What the difference of one learner's errors to another's says, in words."""
    where = f"After {step} {'step' if step == 1 else 'steps'} at K = {shots}"
    tasks = f"{difference.pairs} {'task' if difference.pairs == 1 else 'tasks'}"
    if difference.lost:
        tasks += f", {difference.lost} lost by either and counted as predicting zero"
    if difference.mean == 0 and difference.ci95 == 0:
        return f"{where} {label} and {reference} make exactly the same errors ({tasks})."
    stands = "ahead of" if difference.mean < 0 else "behind"
    by = with_interval(abs(difference.mean), difference.ci95)
    if difference.pairs < FEW:
        judged = f"too few tasks to tell from chance; take at least {FEW}"
    else:
        judged = "more than chance" if difference.certain else "could be chance"
    return f"{where} {label} is {stands} {reference} by {by} ({tasks}): {judged}."
