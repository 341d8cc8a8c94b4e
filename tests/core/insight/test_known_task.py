"""One task with ten even points: the figures of the shipped networks that the views must show."""

import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.insight.layers import alone, subset_errors
from explorer.core.insight.modes import modes
from explorer.core.insight.response import poke
from tests.core.insight.shipped import (
    FAMILY,
    GRID,
    PLANE,
    TASK,
    TRUTH,
    X,
    Y,
    network_of,
    start_of,
    way,
)

STEPS = [0, 1, 2, 5, 10]
# (u, v) after 0, 1 and 10 steps; e after 0, 1, 2, 5 and 10; the ripple's root after 0, 1 and 10.
KNOWN = {
    "maml": (
        [[-0.028, 1.662], [1.729, 2.662], [1.705, 2.705]],
        [2.1423, 0.0245, 0.0200, 0.0079, 0.0089],
        [0.098, 0.155, 0.092],
    ),
    "pretrained": (
        [[-0.041, 1.567], [0.211, 1.653], [0.935, 2.047]],
        [2.2557, 1.7641, 1.5249, 1.1067, 0.6693],
        [0.027, 0.189, 0.374],
    ),
    "first-order": (
        [[0.265, 0.894], [1.605, 2.729], [1.693, 2.659]],
        [2.6851, 0.0295, 0.0146, 0.0124, 0.0139],
        [0.167, 0.144, 0.113],
    ),
    "anil": (
        [[-0.082, 1.522], [1.513, 2.347], [1.746, 2.702]],
        [2.3832, 0.1419, 0.0415, 0.0226, 0.0245],
        [0.052, 0.247, 0.156],
    ),
    "reptile": (
        [[-0.079, 1.509], [1.663, 2.657], [1.723, 2.676]],
        [2.3923, 0.0104, 0.0068, 0.0063, 0.0065],
        [0.052, 0.087, 0.079],
    ),
}
POKES = {"maml": 0.294, "pretrained": 0.041, "first-order": 0.439, "anil": 0.445, "reptile": 0.379}
CLOSE = 0.002


def test_the_target() -> None:
    """(A cos φ, A sin φ)."""
    assert PLANE.coordinates(TRUTH).tolist() == pytest.approx([1.729, 2.693], abs=CLOSE)


@pytest.mark.parametrize("name", KNOWN)
def test_the_way_through_the_plane(name: str) -> None:
    """Where it is, its error, and the error's three parts, which add up to it exactly."""
    places, errors, ripples = (torch.tensor(each, dtype=torch.float64) for each in KNOWN[name])
    curves, _ = way(name)
    assert torch.allclose(PLANE.coordinates(curves)[[0, 1, 10]], places, rtol=0, atol=CLOSE)
    measured = (curves - TRUTH).square().mean(-1)
    assert torch.allclose(measured[STEPS], errors, rtol=0, atol=CLOSE)
    parts = PLANE.parts(curves, TRUTH)
    assert torch.allclose(parts.sum(-1), measured, rtol=0, atol=1e-12)
    assert torch.allclose(parts[[0, 1, 10], 2].sqrt(), ripples, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("name", POKES)
def test_the_poke(name: str) -> None:
    """One residual of 1 at .5, among ten points, lifts the curve there by so much."""
    half, one = torch.tensor([0.5, 1.0], dtype=torch.float64).split(1)
    found = poke(network_of(name), half, one, half, alpha=0.01, points=10)
    assert float(found) == pytest.approx(POKES[name], abs=CLOSE)


@pytest.mark.parametrize(
    ("name", "known"),
    [("maml", [1.461, 1.136, 0.649, 0.493]), ("pretrained", [0.354, 0.295, 0.135, 0.059])],
)
def test_the_modes(name: str, known: list[float]) -> None:
    """λ at θ, and support errors that add up at every step."""
    found = modes(network_of(name), X, Y, way(name)[1], alpha=0.01)
    assert found.eigenvalues[0, 0, :4].tolist() == pytest.approx(known, abs=CLOSE)
    assert torch.allclose(found.after.sum(-1), found.before[1:].sum(-1))


def test_a_catapult() -> None:
    """Ten points within .2: λ₁ far above 2 falls below it, and the error rises before it falls."""
    x = torch.linspace(-0.1, 0.1, 10, dtype=torch.float64).view(1, -1, 1)
    y = FAMILY.function(x, TASK)
    course = adapt(network_of("maml"), x, y, GRID, alpha=0.01, steps=3)
    theta = torch.stack([step.theta for step in course if step.theta is not None])
    found = modes(network_of("maml"), x, y, theta, alpha=0.01)
    assert found.eigenvalues[:2, 0, 0].tolist() == pytest.approx([10.9, 1.7], abs=0.05)
    losses = found.before.sum(-1)[:, 0].tolist()
    assert losses == pytest.approx([1.14, 3.37, 1.13, 0.19], abs=0.005)


def test_the_layers() -> None:
    """MAML's first layer alone does nearly all that all do."""
    truth = TRUTH.unsqueeze(0)
    found = subset_errors(start_of("maml"), alone(3), X, Y, GRID, truth, alpha=0.01)[:, 1, 0]
    assert found.tolist() == pytest.approx([0.0300, 2.0159, 2.0417], abs=CLOSE)


def test_anil_s_own_rule_gives_other_figures() -> None:
    """With the last layer alone its first step is at .181, where its network would be at .142."""
    found = subset_errors(
        start_of("anil"), [(False, False, True)], X, Y, GRID, TRUTH.unsqueeze(0), alpha=0.01
    )
    assert float(found[0, 1, 0]) == pytest.approx(0.1807, abs=CLOSE)
