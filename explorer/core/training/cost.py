"""How long one meta-iteration of several learners takes, before it is tried.

It weighs the parts of a job, and tells what the window has to refuse: a meta-iteration runs to its
end before Pause is answered. `Settings` bounds that of MAML; learners that are trained together,
take steps of their own or have tasks of their own can take longer.
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
    """Why these learners cannot be trained together in the window; empty if they can."""
    seconds = iteration_seconds(settings, learners)
    if seconds <= MAX_SECONDS:
        return ""
    slowest = max(learners, key=lambda name: _seconds(settings, name))
    rule = LEARNERS[slowest]
    remedy = f", {rule.remedy}" if rule.remedy else ""
    return (
        f"One meta-iteration would take about {seconds:.1f} s, too long for Pause to answer at "
        f"once: choose fewer learners (the slowest is {rule.label}), or lower the "
        f"layer widths, the meta-batch{remedy} or K."
    )
