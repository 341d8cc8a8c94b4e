"""How long one meta-iteration of several learners takes, before it is tried.

It weighs the parts of a job, and tells what the window has to refuse: a learner's meta-iteration
runs to its end before Pause is answered; the next learner's is not begun (`advance`). `Settings`
bounds that of MAML; learners that take steps of their own or have tasks of their own can take
longer.
"""

from collections.abc import Sequence

from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS

MAX_SECONDS = 0.15  # of the 200 ms in which Pause has to be answered
SECONDS = 4e-11  # of a multiplication, on one core of the machines aimed at
OWN_TASKS = 5  # times as long where networks are worked one by one, or do not fit into the cache


def iteration_seconds(settings: Settings, learners: Sequence[str]) -> float:
    """A rough estimate, within a factor of 2, for one core."""
    return sum(_seconds(settings, name) for name in learners)


def _seconds(settings: Settings, learner: str) -> float:
    rule = LEARNERS[learner]
    return SECONDS * rule.work(settings) * (1 if rule.own_tasks is None else OWN_TASKS)


def too_much(settings: Settings, learners: Sequence[str]) -> str:
    """Why not all of these learners can be trained in the window; empty if they can."""
    slowest = max(learners, key=lambda name: _seconds(settings, name))
    rule, seconds = LEARNERS[slowest], _seconds(settings, slowest)
    if seconds <= MAX_SECONDS:
        return ""
    remedy = f", {rule.remedy}" if rule.remedy else ""
    return (
        f"One meta-iteration of {rule.label} would take about {seconds:.1f} s, too long for Pause "
        f"to answer at once: train without it, or lower the layer widths, the meta-batch{remedy} "
        "or K."
    )
