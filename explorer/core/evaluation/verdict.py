"""Did it learn anything? How far a learner has come from one function for all to the ideal.

Who knows a task distribution but does not adapt does best by predicting the mean of all functions,
the best single function. Who knows it and makes the best of the support points is the ideal
learner. What lies between their errors is what adaptation can bring, and the share of it that a
learner has gained says more than its error: an error of 0.44 is little progress where the best
single function has 0.48.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from explorer.core.evaluation.intervals import Array
from explorer.core.evaluation.paired_differences import FEW, Difference, mean_difference
from explorer.core.evaluation.task_errors import TaskErrors

LEAST_ROOM = 1e-6  # share of the best single function's error that there has to be left to learn
ROUNDING = 1e-6  # an error below it is none
# What a share of the way is called, up to that share.
JUDGEMENTS = (
    (0.1, "barely anything"),
    (0.5, "less than half of it"),
    (0.9, "more than half of it"),
)
MOST = "almost all that there is to learn"


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What there is to be learned on certain tasks with K points each.

    Attributes:
        single: error of the best single function on each task, ``(T,)``.
        ideal: mean error of the ideal learner on the same tasks; None where it is not known.
    """

    single: Array
    ideal: float | None

    @property
    def start(self) -> float:
        """The error at which the way begins."""
        return float(self.single.mean())

    @property
    def goal(self) -> float:
        """The error at which it ends: the ideal learner's, or zero."""
        return 0.0 if self.ideal is None else self.ideal


class LearningVerdict(NamedTuple):
    """How far a learner has come.

    Attributes:
        shares: of the way from the best single function's error to the ideal learner's, or to zero
            where that is not known, after 0, 1, … S steps: 0 is no better than the function, 1 is
            as good as the ideal; NaN where there is nothing to learn.
        single: mean error of the best single function.
        ideal: mean error of the ideal learner; None where it is not known.
        gain: by how much its errors after the last step lie below the function's.
        lost: tasks that are lost by the last step; each counts with what predicting zero costs.
    """

    shares: tuple[float, ...]
    single: float
    ideal: float | None
    gain: Difference
    lost: int


def verdict_of(errors: TaskErrors, yardstick: Yardstick) -> LearningVerdict:
    """Judge a learner by its errors on the yardstick's tasks.

    A lost task counts with what predicting zero costs on it: to leave it out would make who loses
    the hardest tasks look good.
    """
    counted = errors.counted
    room = yardstick.start - yardstick.goal
    if not room > LEAST_ROOM * yardstick.start:
        room = math.nan
    shares = (yardstick.start - counted.mean(1)) / room
    gain = mean_difference(yardstick.single, counted[-1])
    lost = int(errors.lost[-1].sum())
    return LearningVerdict(tuple(shares.tolist()), yardstick.start, yardstick.ideal, gain, lost)


def verdict_sentence(verdict: LearningVerdict, shots: int, label: str) -> str:
    """What a verdict says after the last step, in words."""
    steps, share = len(verdict.shares) - 1, verdict.shares[-1]
    where = f"After {steps} {'step' if steps == 1 else 'steps'} at K = {shots}"
    if math.isnan(share):
        return (
            f"{where} there is nothing to judge {label} by: the best single function is as good as "
            "the ideal learner."
        )
    single = f"the best single function ({_error(verdict.single)})"
    lost = ""
    if verdict.lost:
        tasks = "task" if verdict.lost == 1 else "tasks"
        lost = f"; {verdict.lost} lost {tasks} counted as predicting zero"
    if share <= 0:
        return (
            f"{where} {label} is no better than {single}: it has learned nothing that helps{lost}."
        )
    if verdict.ideal is None:
        goal = "zero error (the ideal learner is not known for these tasks)"
    else:
        goal = f"the ideal learner ({_error(verdict.ideal)})"
    return (
        f"{where} {label} has come {_percent(share)} of the way from {single} to {goal}: "
        f"{_judgement(verdict)}{lost}."
    )


def _error(mse: float) -> str:
    return f"{mse:.3g}" if mse > ROUNDING else "0"


def _percent(share: float) -> str:
    return "less than 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def _judgement(verdict: LearningVerdict) -> str:
    if verdict.gain.pairs < FEW:
        return f"too few tasks to tell from chance; take at least {FEW}"
    if not verdict.gain.certain:
        return "this could be chance"
    share = verdict.shares[-1]
    return next((text for most, text in JUDGEMENTS if share < most), MOST)
