"""What all instruments look at."""

import pytest
import torch

from explorer.core.adaptation.trajectory import trajectory_of
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.families.sine import Sine
from explorer.core.insight.scene import Member
from tests.core.insight.scenes import scene

ERRORS = {  # after 0, 1, 2, 5 and 10 steps
    "maml": (2.1423, 0.0245, 0.0200, 0.0079, 0.0089),
    "pretrained": (2.2557, 1.7641, 1.5249, 1.1067, 0.6693),
    "reptile": (2.3923, 0.0104, 0.0068, 0.0063, 0.0065),
}


@pytest.mark.parametrize("role", ERRORS)
def test_errors_are_as_measured(role: str) -> None:
    """Against figures from a NumPy program that shares no code with this one."""
    errors = scene(role).errors(role)[[0, 1, 2, 5, 10]]
    torch.testing.assert_close(
        errors, torch.tensor(ERRORS[role], dtype=torch.float64), atol=0.002, rtol=0
    )


def test_a_way_is_what_the_sandbox_shows() -> None:
    """The same curves and losses, with the parameters that led to them."""
    looked_at = scene("maml", "meta-sgd")
    for member in looked_at.members:
        way = looked_at.ways[member.role]
        shown = trajectory_of(
            *(member.start, looked_at.x, looked_at.y, looked_at.grid, looked_at.truth),
            alpha=looked_at.alpha,
            steps=looked_at.steps,
            task=looked_at.task_row,
        )
        torch.testing.assert_close(way.prediction.double(), torch.from_numpy(shown.prediction))
        assert way.theta is not None
        assert member.network is not None
        torch.testing.assert_close(way.theta[0], member.network.theta)
        assert len(way.theta) == looked_at.steps + 1


def test_one_in_closed_form_has_no_parameters() -> None:
    """It is looked at by its curves alone."""
    start = CLOSED_FORMS["ideal"].start(Sine())
    assert start is not None
    looked_at = scene("maml")
    ideal = Member("ideal", "Ideal", start)
    object.__setattr__(looked_at, "members", (*looked_at.members, ideal))
    assert [member.role for member, _ in looked_at.networks] == ["maml"]
    assert looked_at.ways["ideal"].theta is None
    assert float(looked_at.errors("ideal")[1]) == pytest.approx(0.0, abs=1e-8)


def test_divergence_is_told() -> None:
    """With a step far too long the way says when it went wrong; without points it never does."""
    assert scene("maml", alpha=0.5).ways["maml"].diverged is not None
    assert scene("maml").ways["maml"].diverged is None
    assert scene("maml", inputs=()).ways["maml"].diverged is None
