"""Frozen layers and the step in numbers: what the sandbox asks, and what it is answered."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.resources import shipped_checkpoints
from explorer.state.adaptation_query import frozen_text
from explorer.state.competitors import from_shipped
from explorer.state.sandbox import Sandbox
from tests.shipped import SHIPPED
from tests.state.sandboxes import assert_answered


@pytest.mark.parametrize(
    ("frozen", "text"),
    [
        ((), ""),
        ((1,), "layer 2 frozen"),
        ((2, 0), "layers 1 and 3 frozen"),
        ((0, 1, 2), "layers 1, 2 and 3 frozen"),
    ],
)
def test_frozen_layers_are_counted_from_one(frozen: tuple[int, ...], text: str) -> None:
    """And listed in order."""
    assert frozen_text(frozenset(frozen)) == text


def test_freezing_is_answered_and_undone(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Each switch has its answer; with none frozen it is the one before, bit for bit."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    first = sandbox.answer.trajectories["maml"]
    sandbox.set_frozen(0, True)
    assert not sandbox.is_current
    assert_answered(qtbot, sandbox)
    assert not np.allclose(sandbox.answer.trajectories["maml"].mse[1:], first.mse[1:])
    assert sandbox.origin.endswith("iterations · layer 1 frozen")
    sandbox.set_frozen(2, True)
    assert_answered(qtbot, sandbox)
    sandbox.set_frozen(2, False)
    assert sandbox.state.frozen == {0}
    sandbox.free_layers()
    assert_answered(qtbot, sandbox)
    assert np.array_equal(sandbox.answer.trajectories["maml"].prediction, first.prediction)
    assert "frozen" not in sandbox.origin


def test_with_every_layer_frozen_nothing_adapts(sandbox: Sandbox, qtbot: QtBot) -> None:
    """But for context values, and for who has no layers."""
    sandbox.use(from_shipped(*shipped_checkpoints()), "shipped")
    for layer in range(3):
        sandbox.set_frozen(layer, True)
    sandbox.update(shown=frozenset(sandbox.competitors.by_role))
    assert_answered(qtbot, sandbox)
    assert sandbox.answer is not None
    assert {*SHIPPED} <= sandbox.answer.trajectories.keys()
    for role, trajectory in sandbox.answer.trajectories.items():
        still = bool((trajectory.prediction == trajectory.prediction[0]).all())
        assert still == (role not in {"cavia", "ideal"})


def test_the_step_is_explained_on_demand(sandbox: Sandbox, qtbot: QtBot) -> None:
    """Of the first learner shown, in the order of the list; the numbers are the curves' own."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    assert sandbox.answer.explanation is None
    sandbox.update(explains=True)
    assert sandbox.explained == "maml"
    assert_answered(qtbot, sandbox)
    values = sandbox.answer.explanation
    assert values is not None
    support = sandbox.answer.trajectories["maml"].support_mse
    assert values.loss[:-1] == pytest.approx(support, rel=1e-4)
    assert values.move == pytest.approx(sandbox.state.alpha * values.gradient, rel=1e-5)
    sandbox.update(shown=sandbox.state.shown - {"maml"})
    assert sandbox.explained == "pretrained"
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer.explanation is not None
    assert sandbox.answer.explanation.loss[0] != values.loss[0]


@pytest.mark.parametrize("shown", [(), ("zero",)])
def test_who_takes_no_steps_has_none_explained(
    sandbox: Sandbox, qtbot: QtBot, shown: tuple[str, ...]
) -> None:
    """Nobody at all, or one in closed form."""
    sandbox.update(explains=True, shown=frozenset(shown))
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    assert sandbox.answer.explanation is None
    assert sandbox.explained == (shown[0] if shown else None)
