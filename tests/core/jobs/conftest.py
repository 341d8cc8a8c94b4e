"""What the tests of jobs share."""

import pytest

from explorer.core.jobs.competitor import Competitor
from explorer.core.training.loop import advance, start
from tests.trainers import SMALL


@pytest.fixture(scope="module")
def pair() -> list[Competitor]:
    """Two learners of the small experiment."""
    run, _ = advance(start(SMALL, ("maml", "pretrained")), 60)
    labels = {"maml": "MAML", "pretrained": "Pretrained"}
    return [
        Competitor(label, name, run.starting_point(name), SMALL) for name, label in labels.items()
    ]
