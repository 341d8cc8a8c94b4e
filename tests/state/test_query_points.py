"""Query points in the sandbox: fresh points of the task that nobody learns from."""

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.trajectory import Array, Trajectory
from explorer.core.families import default_family
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.state.competitors import ROLES, Competitors
from explorer.state.sandbox import Sandbox
from tests.state.sandboxes import assert_answered
from tests.ui import starts


def test_they_are_off_at_first(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Nothing is drawn and nothing measured."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    assert sandbox.state.query_x == ()
    assert sandbox.answer.query_mse == {}


def test_they_are_as_many_as_in_training_and_lie_on_the_task(sandbox: Sandbox) -> None:
    """Within the inputs, on the function, and none of them a support point."""
    sandbox.set_query_points(True)
    points = sandbox.state.query_points
    assert len(points) == sandbox.competitors.settings.query
    assert len({x for x, _ in points} - {p.x for p in sandbox.state.points}) == len(points)
    for x, y in points:
        assert -5 <= x <= 5
        assert y == sandbox.state.family.value(x, sandbox.state.task)
    sandbox.set_query_points(False)
    assert sandbox.state.query_points == ()


def test_they_follow_the_task_and_are_drawn_anew_with_it(sandbox: Sandbox) -> None:
    """A slider moves them along; new points and a new task bring others, placing points none."""
    sandbox.set_query_points(True)
    first = sandbox.state.query_x
    sandbox.set_query_points(True)
    sandbox.set_parameter(0, 1.5)
    assert sandbox.state.query_x == first
    assert [y for _, y in sandbox.state.query_points] == [
        sandbox.state.family.value(x, (1.5, sandbox.state.task[1])) for x in first
    ]
    for stay in (lambda: sandbox.add_point(1.0, 0.0), sandbox.space_points, sandbox.clear_points):
        stay()
        assert sandbox.state.query_x == first
    seen = {first}
    draws = sandbox.draw_points, sandbox.draw_points_in_half, sandbox.draw_task
    for draw in draws:
        told: list[object] = []
        sandbox.changed.connect(lambda told=told: told.append(sandbox.state))
        draw()
        assert len(told) == 1
        seen.add(sandbox.state.query_x)
    assert len(seen) == 1 + len(draws)


def test_they_lie_within_the_inputs_of_another_family(sandbox: Sandbox) -> None:
    """They are drawn for it."""
    sandbox.set_query_points(True)
    for name in ("line", "multistep", "sawtooth"):
        family = default_family(name)
        sandbox.choose_family(family)
        assert all(family.x.low <= x <= family.x.high for x in sandbox.state.query_x)
        assert all(y == family.value(x, sandbox.state.task) for x, y in sandbox.state.query_points)


def test_a_seed_draws_the_same_with_and_without_them(
    competitors: Competitors, qapp: object
) -> None:
    """To look at them changes no task and no support point."""
    drawn = []
    for on in (False, True):
        sandbox = Sandbox(competitors, 4)
        sandbox.set_query_points(on)
        for _ in range(3):
            sandbox.draw_task()
            sandbox.draw_points()
        drawn.append((sandbox.state.task, sandbox.state.points))
        sandbox.shut_down()
    assert drawn[0] == drawn[1]


def test_each_learners_loss_on_them_is_the_cores(sandbox: Sandbox, qtbot: QtBot) -> None:
    """At every step, of those in closed form too; no curve changes by a bit."""
    sandbox.update(shown=frozenset(ROLES))
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    before = sandbox.answer.trajectories
    sandbox.set_query_points(True)
    assert not sandbox.is_current
    assert_answered(qtbot, sandbox)
    assert sandbox.answer.query_mse.keys() == sandbox.answer.trajectories.keys()
    assert {"maml", "pretrained", *CLOSED_FORMS} <= sandbox.answer.query_mse.keys()
    for role, trajectory in sandbox.answer.trajectories.items():
        for one, other in zip(numbers(before[role]), numbers(trajectory), strict=True):
            assert np.array_equal(one, other, equal_nan=True)
    state, (xs, ys) = sandbox.state, zip(*sandbox.state.query_points, strict=True)
    support = (torch.tensor([getattr(p, axis) for p in state.points]) for axis in ("x", "y"))
    x, y = (each.view(1, -1, 1) for each in support)
    task, alpha = torch.tensor([[state.task]]), state.alpha
    for role, start in starts(sandbox).items():
        steps = adapt(start, x, y, torch.tensor(xs), alpha=alpha, steps=state.steps, task=task)
        losses = [float((step.prediction - torch.tensor(ys)).square().mean()) for step in steps]
        assert sandbox.answer.query_mse[role] == pytest.approx(losses, rel=1e-3, abs=1e-6)


def numbers(trajectory: Trajectory) -> tuple[Array, Array, Array]:
    """All that is drawn of a learner."""
    return trajectory.prediction, trajectory.mse, trajectory.support_mse
