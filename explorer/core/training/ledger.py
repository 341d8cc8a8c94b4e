"""The data ledger: what the training of each learner has seen and computed.

"70,000 × 25 tasks: is that few-shot?" can only be answered with numbers: the tasks a learner has
seen, the points on them that it used, and how many gradients that took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS, Learner


@dataclass(frozen=True)
class Account:
    """What the training of one learner has taken.

    Attributes:
        tasks: tasks that it has met; those of networks that are averaged count once.
        points: support and query points that it used, each time that it drew fresh ones.
        gradients: gradients of one task's loss: forward and backward passes.
        products: Hessian-vector products of one task's loss.
        seconds: time spent; 0 where that is not known.
    """

    tasks: int
    points: int
    gradients: int
    products: int
    seconds: float

    def texts(self) -> dict[str, str]:
        """All of it for the reader, by heading."""
        return {
            "tasks": f"{self.tasks:,}",
            "points": f"{self.points:,}",
            "gradients": f"{self.gradients:,}",
            "Hessian products": f"{self.products:,}",
            "seconds": f"{self.seconds:,.1f}",
        }


def account(learner: str, settings: Settings, iterations: int, seconds: float = 0.0) -> Account:
    """The account of a learner after so many meta-iterations."""
    rule = LEARNERS[learner]
    met = iterations * rule.tasks_at_once(settings)
    cost = rule.cost(settings)
    return Account(
        _tasks(rule, settings, iterations),
        met * cost.drawn,
        met * cost.gradients,
        met * cost.products,
        seconds,
    )


def accounts(
    settings: Settings, iterations: int, seconds: Mapping[str, float]
) -> dict[str, Account]:
    """The accounts of the learners of a run, by name."""
    return {name: account(name, settings, iterations, spent) for name, spent in seconds.items()}


def _tasks(rule: Learner, settings: Settings, iterations: int) -> int:
    """Tasks that a learner has met."""
    tasks = rule.tasks_at_once(settings)
    if rule.own_tasks is None:
        return iterations * tasks
    if not rule.own_tasks.sequential:
        return tasks if iterations else 0
    return min(-(-iterations * tasks // settings.iterations), tasks)
