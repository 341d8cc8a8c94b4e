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
        tasks: tasks that it has met; the sines of averaged networks count once.
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
    per_batch = settings.networks if rule.own_tasks else settings.meta_batch
    cost = rule.cost(settings)
    return Account(
        _tasks(rule, settings, iterations),
        iterations * per_batch * _points(learner, settings),
        iterations * per_batch * cost.gradients,
        iterations * per_batch * cost.products,
        seconds,
    )


def accounts(
    settings: Settings, iterations: int, seconds: Mapping[str, float]
) -> dict[str, Account]:
    """The accounts of the learners of a run, by name."""
    return {name: account(name, settings, iterations, spent) for name, spent in seconds.items()}


def _tasks(rule: Learner, settings: Settings, iterations: int) -> int:
    """Tasks that a learner has met."""
    if not rule.own_tasks:
        return iterations * settings.meta_batch
    if not rule.in_turn:
        return settings.networks if iterations else 0
    turns = -(-iterations * settings.networks // settings.iterations)
    return min(turns, settings.networks)


def _points(learner: str, settings: Settings) -> int:
    """Points of one task in one meta-iteration."""
    alone = learner in {"pretrained", "oracle"} and settings.pretrain_on == "support"
    fresh = (settings.judged_on == "fresh" and not alone) or LEARNERS[learner].own_tasks
    return settings.shots + settings.query * fresh
