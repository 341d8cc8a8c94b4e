"""How long one meta-iteration of several learners takes, before it is tried.

A meta-iteration runs to its end before Pause is answered. `Settings` bounds that of MAML; learners
that are trained together, take steps of their own or have tasks of their own can take longer.
"""

from collections.abc import Sequence

from explorer.core.learners import LEARNERS
from explorer.core.network import parameter_count
from explorer.core.schema import Settings

MAX_SECONDS = 0.15  # of the 200 ms in which Pause has to be answered
SECONDS_PER_WORK = 0.21e-3  # of `Settings.relative_work`, on one core of the machines aimed at
# Seconds for one point, one parameter and one gradient step, measured likewise: of tasks that fit
# into the processor's cache, and of the averaged networks, whose parameters do not.
REPTILE_SECONDS, AVERAGED_SECONDS = 1.4e-10, 7e-10


def iteration_seconds(settings: Settings, learners: Sequence[str]) -> float:
    """A rough estimate, within a factor of 2, for one core."""
    return sum(_seconds(settings, name) for name in learners)


def _seconds(settings: Settings, learner: str) -> float:
    rule = LEARNERS[learner]
    parameters = parameter_count(rule.network(settings))
    points = settings.shots + settings.query
    if rule.own_tasks:
        return AVERAGED_SECONDS * settings.networks * parameters * points
    if learner == "reptile":
        steps = settings.reptile_steps
        return REPTILE_SECONDS * settings.meta_batch * parameters * steps * points / 2
    return SECONDS_PER_WORK * settings.relative_work()


def too_much(settings: Settings, learners: Sequence[str]) -> str:
    """Why these learners cannot be trained together in the window; empty if they can."""
    seconds = iteration_seconds(settings, learners)
    if seconds <= MAX_SECONDS:
        return ""
    slowest = max(learners, key=lambda name: _seconds(settings, name))
    remedy = {"reptile": ", Reptile's steps"}.get(slowest, "")
    if LEARNERS[slowest].own_tasks:
        remedy = ", the number of averaged networks"
    return (
        f"One meta-iteration would take about {seconds:.1f} s, too long for Pause to answer at "
        f"once: choose fewer learners (the slowest is {LEARNERS[slowest].label}), or lower the "
        f"layer widths, the meta-batch{remedy} or K."
    )
