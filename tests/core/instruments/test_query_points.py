"""How many query points: the noise at the present network, and the table of finished trainings."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.core.insight.finished_trainings import read_finished
from explorer.core.insight.gradient_noise import query_noise
from explorer.core.insight.scene import Scene
from explorer.core.instruments.query_points import QUERY_POINTS, SAMPLED
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.loop import start
from explorer.resources import QUERY_POINTS as TABLE
from explorer.resources import resource
from tests.core.instruments.test_meta_iteration import member_of, scene_with, shipped
from tests.core.training.runs import SMALL


def with_table(shown: Scene) -> Scene:
    """The scene with the table that comes with the program."""
    return replace(shown, finished=lambda: read_finished(resource(TABLE)))


def test_the_noise_at_the_shipped_network() -> None:
    """Each number in the sentence and the picture is the core's."""
    shown, run = shipped()
    found = QUERY_POINTS.read(shown, None)
    expected = query_noise(MAML, run.settings, run.learners["maml"].meta, sampled=SAMPLED)
    one, ten, most = (expected.noise[i] for i in (0, 3, 5))
    assert f"is {one:.3g} with 1 query point for each, {ten:.3g} with 10" in found.sentence
    assert f"{most:.3g} with 50: about" in found.sentence
    assert f"beyond {expected.fit.even:.0f} points the tasks are most of it" in found.sentence
    fit, points, tasks, again = found.panels[0].curves
    assert points.y == pytest.approx(np.array(expected.noise))
    assert fit.y[0] == pytest.approx(sum(expected.fit))
    assert tasks.y[0] == pytest.approx(expected.fit.tasks)
    assert again.y[0] == pytest.approx(expected.support_again)
    assert len(found.panels) == 1


def test_the_table_stands_beside() -> None:
    """After one and after ten steps, with bands from the best to the worst seed."""
    shown, _ = shipped()
    table = read_finished(resource(TABLE))
    found = QUERY_POINTS.read(with_table(shown), None)
    assert len(found.panels) == 3
    for panel, steps in zip(found.panels[1:], (1, 10), strict=True):
        fresh, again = table.after(steps)
        assert panel.names == ("1", "2", "5", "10", "20", "50")
        assert panel.curves[0].y == pytest.approx(np.array([row.mean for row in fresh]))
        assert again is not None
        assert panel.curves[1].y == pytest.approx(np.full(2, again.mean))
    assert f"{table.iterations:,} meta-iterations" in found.remarks[-1]


def test_who_has_no_such_noise_still_sees_the_table() -> None:
    """With the sentence that says why."""
    run = start(SMALL, ("reptile",))
    found = QUERY_POINTS.read(with_table(scene_with(member_of(run, "reptile"))), None)
    assert found.sentence == LEARNERS["reptile"].instead
    assert len(found.panels) == 2
    nobody = QUERY_POINTS.read(scene_with(), None)
    assert nobody.panels == ()


def test_a_network_is_looked_at_once() -> None:
    """While points are dragged nothing of this is computed again; another network is new."""
    run = start(SMALL, ("maml", "anil"))
    member = member_of(run, "maml")
    first = QUERY_POINTS.read(scene_with(member), None)
    again = QUERY_POINTS.read(scene_with(member, support=((0.0, 1.0),)), None)
    assert first.sentence == again.sentence
    other = QUERY_POINTS.read(scene_with(member_of(run, "anil")), None)
    assert first.sentence != other.sentence
