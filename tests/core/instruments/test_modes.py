"""What the modes say of a kernel that stays, and of one step."""

from dataclasses import replace

import pytest

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.texts import loss_text
from explorer.core.insight.modes import frozen_losses
from explorer.core.instruments.modes import MODES, PART
from tests.core.insight.scenes import scene

ROLES = ("maml", "meta-curvature", "step-rates")  # one M, an asymmetric one, one for each step


@pytest.mark.parametrize("role", ROLES)
def test_the_kernel_that_stays_is_each_step_s_own(role: str) -> None:
    """The number of the remark is that of a linear network with the learner's own steps."""
    looked_at = scene(role)
    ((_, start),) = looked_at.networks
    expected = frozen_losses(start, looked_at.x, looked_at.y, alpha=0.01, steps=10)[-1, 0]
    remark, of_part = MODES.read(looked_at, None).remarks
    assert f"would be {loss_text(float(expected))} after 10 steps" in remark
    assert of_part == PART


def test_of_a_pull_nothing_is_carried_on() -> None:
    """Its steps depend on θ besides the residuals."""
    looked_at = scene("maml")
    (member,) = looked_at.members
    assert isinstance(member.start, StartingPoint)
    pulled = replace(member, start=replace(member.start, pull=2.0))
    assert MODES.read(replace(looked_at, members=(pulled,)), None).remarks == (PART,)


def test_the_prediction_is_of_one_step() -> None:
    """So it is called; the explanation names the one place where a kernel is carried on."""
    reading = MODES.read(scene("maml", step=3), None)
    labels = [curve.label for curve in reading.panels[0].curves]
    assert labels == ["before the step", "first-order prediction of this step", "after it"]
    assert "Only the remark" in MODES.explanation[-1]
