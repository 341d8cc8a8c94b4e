"""The sandbox without its window: task, points and steps."""

import math

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.core.base.fields import Range
from explorer.core.families import Line
from explorer.core.learners import MAML, PRETRAINED
from explorer.state.adaptation_query import SupportPoint
from explorer.state.competitors import Competitors
from explorer.state.sandbox import MAX_POINTS, MAX_STEPS, Sandbox
from tests.state.sandboxes import assert_answered, on_task


def test_it_begins_with_k_points_and_their_answer(sandbox: Sandbox, qtbot: QtBot) -> None:
    """There is something to see from the start, and it is what the core computes."""
    assert len(sandbox.state.points) == 10
    assert all(p.snapped and p.y == on_task(sandbox, p) for p in sandbox.state.points)
    assert_answered(qtbot, sandbox)
    assert sandbox.answer is not None
    assert set(sandbox.answer.trajectories) == {MAML.name, PRETRAINED.name}
    maml, pretrained = (sandbox.answer.trajectories[r.name].mse for r in (MAML, PRETRAINED))
    assert maml[1] < 0.5 * pretrained[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_first_points_are_spread_over_the_inputs(
    competitors: Competitors, qapp: object, seed: int
) -> None:
    """One in each K-th of the range, so that the first picture shows what adaptation can do."""
    sandbox = Sandbox(competitors, seed)
    bounds = competitors.settings.x
    xs = [p.x for p in sandbox.state.points]
    parts = [int((x - bounds.low) / (bounds.high - bounds.low) * len(xs)) for x in xs]
    sandbox.shut_down()
    assert parts == list(range(10))


def test_no_change_is_no_news(sandbox: Sandbox) -> None:
    """Setting what is set already tells nobody."""
    told = []
    sandbox.changed.connect(lambda: told.append(1))
    sandbox.update(alpha=sandbox.state.alpha, step=sandbox.state.step)
    assert told == []
    sandbox.update(alpha=0.5)
    assert told == [1]


def test_snapped_points_follow_the_sine_and_free_ones_stay(sandbox: Sandbox) -> None:
    """Amplitude, phase and a new sine move what is snapped, and nothing else."""
    sandbox.clear_points()
    sandbox.add_point(1.5, 99.0)
    sandbox.update(snap=False)
    sandbox.add_point(-2.0, 0.25)
    for change in (
        lambda: sandbox.set_parameter(0, 1.1),
        lambda: sandbox.set_parameter(1, 0.3),
        sandbox.draw_task,
    ):
        change()
        snapped, free = sandbox.state.points
        assert (snapped.x, snapped.y) == (1.5, on_task(sandbox, snapped))
        assert free == SupportPoint(-2.0, 0.25, False)


def test_points_stay_within_the_inputs(sandbox: Sandbox) -> None:
    """No learner was trained beyond the range of x."""
    sandbox.clear_points()
    sandbox.add_point(17.0, 0.0)
    sandbox.add_point(0.0, 0.0)
    sandbox.move_point(1, -17.0, 0.0)
    assert [p.x for p in sandbox.state.points] == [5.0, -5.0]


def test_selection_follows_what_is_done(sandbox: Sandbox) -> None:
    """The point last touched is the one that keys act on."""
    sandbox.clear_points()
    assert sandbox.state.selected is None
    sandbox.remove_selected()
    for x in (-3.0, 0.0, 3.0):
        sandbox.add_point(x, 0.0)
    assert sandbox.state.selected == 2
    sandbox.move_point(0, -2.0, 0.0)
    assert sandbox.state.selected == 0
    sandbox.remove_selected()
    assert [p.x for p in sandbox.state.points] == [0.0, 3.0]
    assert sandbox.state.selected == 1
    sandbox.remove_selected()
    sandbox.remove_selected()
    assert sandbox.state.points == ()
    assert sandbox.state.selected is None


def test_there_is_a_largest_number_of_points(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Clicking on and on ends at the limit, with a notice, and the answer still right."""
    told: list[tuple[str, str]] = []
    sandbox.failed.connect(lambda *words: told.append(words))
    sandbox.clear_points()
    for i in range(MAX_POINTS):
        sandbox.add_point(-5 + i / 11, 0.0)
    assert told == []
    for i in range(5):
        sandbox.add_point(i, 0.0)
        assert len(told) == i + 1
    assert str(MAX_POINTS) in told[0][0]
    assert len(sandbox.state.points) == MAX_POINTS
    assert sandbox.state.selected == MAX_POINTS - 1
    assert_answered(qtbot, sandbox)


def test_the_step_stays_within_what_is_computed(sandbox: Sandbox) -> None:
    """Neither the step nor fewer steps lead outside 0…n."""
    sandbox.go_to(-3)
    assert sandbox.state.step == 0
    sandbox.go_to(1000)
    assert sandbox.state.step == 10
    sandbox.update(steps=4)
    assert sandbox.state.step == 4
    sandbox.update(steps=MAX_STEPS, step=MAX_STEPS)
    assert sandbox.state.step == MAX_STEPS


def test_a_seed_draws_the_same_again(competitors: Competitors, qapp: object) -> None:
    """What is drawn is set by the seed alone, and differs from draw to draw."""
    drawn = []
    for seed in (4, 4, 5):
        sandbox = Sandbox(competitors, seed)
        states = []
        for _ in range(2):
            sandbox.draw_task()
            sandbox.draw_points()
            states.append((sandbox.state.task[0], sandbox.state.task[1], sandbox.state.points))
        sandbox.shut_down()
        drawn.append(states)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert drawn[0][0] != drawn[0][1]


def test_drawn_sines_are_of_the_distribution(sandbox: Sandbox) -> None:
    """Amplitudes and phases fill their ranges and do not leave them."""
    seen = []
    for _ in range(200):
        sandbox.draw_task()
        seen.append((sandbox.state.task[0], sandbox.state.task[1]))
    low, high = np.min(seen, 0), np.max(seen, 0)
    assert 0.1 <= low[0] < 0.6
    assert 4.5 < high[0] <= 5.0
    assert 0.0 <= low[1] < 0.3
    assert 2.8 < high[1] <= math.pi


def test_points_are_spaced_exactly_evenly(sandbox: Sandbox, qtbot: QtBot) -> None:
    """In the middle of each K-th of the range, on the function, as often as it is asked for."""
    for _ in range(2):
        sandbox.space_points()
        assert [p.x for p in sandbox.state.points] == [-4.5 + k for k in range(10)]
        assert all(p.snapped and p.y == on_task(sandbox, p) for p in sandbox.state.points)
    assert sandbox.state.selected is None
    assert_answered(qtbot, sandbox)
    sandbox.choose_family(Line(x=Range(2.0, 4.0)))
    sandbox.space_points()
    assert [p.x for p in sandbox.state.points] == pytest.approx(
        [2.1 + 0.2 * k for k in range(10)], abs=1e-12
    )


def test_points_in_one_half_only(sandbox: Sandbox, qtbot: QtBot) -> None:
    """K random ones in the upper half, others every time."""
    seen = []
    for _ in range(20):
        sandbox.draw_points_in_half()
        assert len(sandbox.state.points) == 10
        seen += [p.x for p in sandbox.state.points]
        assert all(p.snapped and p.y == on_task(sandbox, p) for p in sandbox.state.points)
    assert 0 <= min(seen) < 0.2
    assert 4.8 < max(seen) <= 5
    assert len(set(seen)) == 200
    assert_answered(qtbot, sandbox)
