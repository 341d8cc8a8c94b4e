"""One network's way through adaptation, as it is shown and printed."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.adaptation import inner_loop
from explorer.core.adaptation.divergence import curvature, diverged
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.adaptation.trajectory import Divergence, Trajectory, trajectory_of
from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.random_streams import stream
from explorer.core.families import Sine
from explorer.core.families.sine import sine
from explorer.core.network.mlp import initialise, make_network, parameter_count

NETWORK = make_network((9, 7), "relu")
GRID = Sine().grid(31)
TRUTH = sine(GRID, torch.tensor(3.0), torch.tensor(1.0))
THETA = initialise(NETWORK, stream(6, "trajectory"))


def support(points: int) -> tuple[Tensor, Tensor]:
    """Points of the sine, ``(1, K, 1)`` each."""
    x = torch.linspace(-4, 4, points).view(1, -1, 1)
    return x, sine(x, torch.tensor(3.0), torch.tensor(1.0))


@pytest.mark.parametrize("points", [0, 1, 6])
def test_every_step_is_adapts(points: int) -> None:
    """Predictions and both errors are, number for number, those of `adapt` at each step."""
    x, y = support(points)
    trajectory = trajectory_of(
        StartingPoint(NETWORK, THETA), x, y, GRID, TRUTH, alpha=0.02, steps=5
    )
    steps = list(adapt(StartingPoint(NETWORK, THETA), x, y, GRID, alpha=0.02, steps=5))
    assert trajectory.prediction.shape == (6, 31)
    assert trajectory.mse.shape == trajectory.support_mse.shape == (6,)
    for at, step in enumerate(steps):
        assert np.array_equal(trajectory.prediction[at], step.prediction[0].double().numpy())
        assert trajectory.mse[at] == float((step.prediction - TRUTH).square().mean())
        np.testing.assert_array_equal(trajectory.support_mse[at], float(step.support_loss))
    assert np.isnan(trajectory.support_mse).all() == (points == 0)
    assert trajectory.divergence is None


def test_divergence_is_reported_with_its_reason() -> None:
    """The first step at which adaptation had diverged, and the curvature at θ behind it."""
    x, y = support(6)
    trajectory = trajectory_of(
        StartingPoint(NETWORK, THETA), x, y, GRID, TRUTH, alpha=1.0, steps=12
    )
    losses = [
        s.support_loss
        for s in adapt(StartingPoint(NETWORK, THETA), x, y, GRID, alpha=1.0, steps=12)
    ]
    flags = diverged(torch.stack(losses), y)[:, 0].tolist()
    assert any(flags)
    assert not flags[0]
    assert trajectory.divergence == Divergence(
        flags.index(True), curvature(StartingPoint(NETWORK, THETA), x, y)
    )


def test_it_keeps_no_parameters() -> None:
    """A hundred steps of a large network would otherwise fill the memory."""
    trajectory = trajectory_of(
        StartingPoint(NETWORK, THETA), *support(6), GRID, TRUTH, alpha=0.02, steps=5
    )
    size = parameter_count(NETWORK)
    for field in fields(Trajectory):
        assert size not in np.shape(getattr(trajectory, field.name))
        assert not isinstance(getattr(trajectory, field.name), Tensor)


def test_it_can_be_cancelled_between_blocks_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it is asked before every block, of single steps here, and may end it."""
    monkeypatch.setattr(inner_loop, "WORK_AT_ONCE", 1.0)
    asked = []

    def is_over() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(CancelledWorkError), cancelled_when(is_over):
        trajectory_of(StartingPoint(NETWORK, THETA), *support(6), GRID, TRUTH, alpha=0.02, steps=50)
    assert len(asked) == 3
