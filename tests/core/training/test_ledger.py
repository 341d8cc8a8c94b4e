"""The data ledger counts what the sampler draws and the learner computes."""

from collections import Counter
from typing import Any

import pytest

from explorer.core.learners import (
    LEARNERS,
    averaged,
    implicit,
    joint,
    reptile,
    ridge,
    unrolling,
)
from explorer.core.network import derivatives as mlp
from explorer.core.training.ledger import account, accounts
from explorer.core.training.loop import advance, start
from explorer.core.training.outer_loop import plain_chunk
from tests.trainers import SMALL

SETTINGS = SMALL.changed(inner_steps=3, reptile_steps=4, networks=5, context=2)
ITERATIONS = 2
PASSES = ("losses_and_pass", "forward")  # each is walked backwards once


@pytest.mark.parametrize("every", ["last", "every"])
@pytest.mark.parametrize("learner", LEARNERS)
def test_counts_are_those_of_a_run(
    monkeypatch: pytest.MonkeyPatch, learner: str, every: str
) -> None:
    """Passes and Hessian-vector products, one for each task, counted where they are made."""
    settings = SETTINGS.changed(outer_loss=every)
    seen: Counter[str] = Counter()

    def counted(name: str) -> Any:
        function = getattr(mlp, name)

        def call(*arguments: Any) -> Any:
            # The points tell how many tasks: θ may be one for all.
            tasks = arguments[1].shape[0] if name in PASSES else _tasks(arguments[0])
            seen[name] += tasks
            if name in PASSES:
                seen["points"] = max(seen["points"], arguments[1].shape[-2])
            return function(*arguments)

        return call

    for module in (unrolling, implicit, joint, reptile, ridge, averaged):
        for name in (*PASSES, "hessian_vector", "summed_hessian_vector"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counted(name))
    run = start(settings, (learner,))
    advance(run, ITERATIONS, plain_chunk)
    found = account(learner, settings, ITERATIONS)
    assert sum(seen[name] for name in PASSES) == found.gradients
    assert seen["hessian_vector"] + seen["summed_hessian_vector"] == found.products


def _tasks(passed: mlp.Pass) -> int:
    return passed.inputs[0].shape[0]


def test_tasks_and_points() -> None:
    """Meta-batches are fresh tasks; averaged networks keep theirs and draw fresh points."""
    found = accounts(SETTINGS, 10, {"maml": 1.5, "averaged": 2.0})
    each = SETTINGS.shots + SETTINGS.query
    assert found["maml"].tasks == 10 * SETTINGS.meta_batch
    assert found["maml"].points == 10 * SETTINGS.meta_batch * each
    assert found["maml"].seconds == 1.5
    assert found["averaged"].tasks == SETTINGS.value("networks")
    assert found["averaged"].points == 10 * SETTINGS.value("networks") * each


@pytest.mark.parametrize(("iterations", "tasks"), [(0, 0), (1, 1), (12, 1), (13, 2), (59, 5)])
def test_networks_that_take_turns_meet_their_tasks_one_by_one(iterations: int, tasks: int) -> None:
    """Five networks in 60 meta-iterations: each has 12."""
    assert account("averaged-pulled", SETTINGS, iterations).tasks == tasks
    assert account("averaged-pulled", SETTINGS, 60).tasks == 5
    assert account("averaged", SETTINGS, iterations).tasks == (5 if iterations else 0)


@pytest.mark.parametrize(
    ("changes", "learner", "points"),
    [
        ({"judged_on": "support"}, "maml", 4),
        ({"pretrain_on": "support"}, "pretrained", 4),
        ({"pretrain_on": "support"}, "maml", 8),
        ({"judged_on": "support", "networks": 3}, "averaged", 8),
        ({"judged_on": "support", "networks": 3}, "averaged-pulled", 8),
    ],
)
def test_points_that_are_not_used_do_not_count(
    changes: dict[str, str], learner: str, points: int
) -> None:
    """Where a learner leaves the query points out, only the support points count."""
    settings = SETTINGS.changed(**changes)
    assert account(learner, settings, 1).points == points * SETTINGS.meta_batch
