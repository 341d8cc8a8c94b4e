"""The shipped networks in float64, on the task and points for which their figures are known."""

from functools import cache

import torch
from torch import Tensor

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.families.sine import Sine
from explorer.core.files.checkpoint import load
from explorer.core.insight.plane import plane_of
from explorer.resources import checkpoint_name, resource
from tests.core.insight.starts import to

FAMILY = Sine()
PLANE = plane_of(FAMILY)
assert PLANE is not None
TASK = torch.tensor([[[3.2, 1.0]]], dtype=torch.float64)
EVEN = torch.arange(-4.5, 5, dtype=torch.float64)
GRID = torch.linspace(-5, 5, 201, dtype=torch.float64)
TRUTH = FAMILY.function(GRID.view(1, -1, 1), TASK).view(-1)
X = EVEN.view(1, -1, 1)
Y = FAMILY.function(X, TASK)


@cache
def start_of(name: str) -> StartingPoint:
    """A learner's own start."""
    start = load(resource(checkpoint_name(name))).start
    assert isinstance(start, StartingPoint)
    return to(start, torch.float64)


@cache
def network_of(name: str) -> StartingPoint:
    """Its network, all of whose layers take steps of α.

    The known figures are those of networks: ANIL's own rule, which moves the last layer alone,
    gives others.
    """
    start = start_of(name)
    return StartingPoint(start.network, start.theta)


@cache
def way(name: str) -> tuple[Tensor, Tensor]:
    """Curves ``(11, G)`` and parameters ``(11, 1, P)`` after 0 to 10 steps."""
    course = list(adapt(network_of(name), X, Y, GRID, alpha=0.01, steps=10))
    thetas = [step.theta for step in course if step.theta is not None]
    return torch.cat([step.prediction for step in course]), torch.stack(thetas)
