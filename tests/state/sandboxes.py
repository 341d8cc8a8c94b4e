"""What a sandbox ought to answer."""

import math

import numpy as np
from pytestqt.qtbot import QtBot

from explorer.state.adaptation_query import SupportPoint
from explorer.state.sandbox import Sandbox
from tests.ui import expected


def assert_answered(qtbot: QtBot, sandbox: Sandbox) -> None:
    """Wait for the answer to the present state, and compare every number with the core's."""
    qtbot.waitUntil(lambda: sandbox.is_current)
    assert sandbox.answer is not None
    for role, (prediction, errors, losses) in expected(sandbox).items():
        trajectory = sandbox.answer.trajectories[role]
        assert np.array_equal(trajectory.prediction, prediction, equal_nan=True)
        assert np.array_equal(trajectory.mse, errors, equal_nan=True)
        assert np.array_equal(trajectory.support_mse, losses, equal_nan=True)


def on_task(sandbox: Sandbox, point: SupportPoint) -> float:
    """What the present sine says at a point."""
    return sandbox.state.task[0] * math.sin(point.x - sandbox.state.task[1])
