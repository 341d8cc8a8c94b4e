"""Many tasks: the figures of the shipped networks, to what another draw of tasks makes of them."""

import math
from functools import cache

import pytest
import torch
from torch import Tensor

from explorer.core.base.random_streams import stream
from explorer.core.families.sampling import sample_evenly
from explorer.core.insight.fan import fan_of
from explorer.core.insight.layers import alone, gradient_shares, subset_errors
from explorer.core.insight.report import Inspection, Plan
from explorer.core.insight.response import poke, ray
from explorer.core.insight.tangent import (
    effective_rank,
    kernel,
    leading_share,
    likeness,
    plane_gains,
    plane_kernel,
    strength,
)
from tests.core.insight.inspections import inspected
from tests.core.insight.shipped import EVEN, FAMILY, GRID, PLANE, network_of, start_of

DRAW = 0.07  # what figures on 512 tasks are known to
COARSE = torch.linspace(-5, 5, 51, dtype=torch.float64)
HUNDRED = torch.linspace(-5, 5, 100, dtype=torch.float64)
BASIS = torch.stack([torch.sin(HUNDRED), -torch.cos(HUNDRED)])
# Strength, likeness, rank, share of the two leading eigenvectors on 100 points.
KERNELS = {
    "maml": (5.45, 0.84, 5.4, 0.92),
    "first-order": (4.14, 0.82, 5.3, 0.92),
    "reptile": (4.18, 0.86, 4.9, 0.85),
    "pretrained": (0.89, 0.35, 3.7, 0.23),
}
GAINS = {"maml": (1.25, 1.44), "first-order": (0.96, 1.02), "pretrained": (0.08, 0.13)}
AREAS = {
    "maml": (0.661, 0.957),
    "first-order": (0.655, 0.941),
    "anil": (0.624, 0.935),
    "reptile": (0.716, 0.974),
    "pretrained": (0.011, 0.250),
}
# e₁ with the first, second, third layer alone, and with all of them.
LAYERS = {
    "maml": (0.327, 2.844, 2.892, 0.328),
    "anil": (2.883, 2.873, 0.751, 0.813),
    "first-order": (0.421, 3.072, 3.265, 0.423),
    "reptile": (0.363, 2.844, 2.971, 0.387),
    "pretrained": (2.590, 2.948, 2.948, 2.497),
}
ALPHAS = (0, 0.005, 0.0075, 0.01, 0.0125, 0.02, 0.03)
RAYS = {
    "maml": (3.02, 0.76, 0.42, 0.328, 0.40, 1.18, 3.28),
    "pretrained": (3.01, 2.71, 2.59, 2.50, 2.42, 2.28, 2.25),
}


@cache
def population() -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, targets and curves of evenly spread tasks with ten points each."""
    drawn = sample_evenly(FAMILY, 1024, 10, stream(3, "tasks"), stream(3, "noise"))
    x, task = drawn.x[0].double(), drawn.task[0].double()
    truth = FAMILY.function(COARSE.view(1, -1, 1), task).squeeze(-1)
    return x, FAMILY.function(x, task), truth


@pytest.mark.parametrize("name", KERNELS)
def test_the_kernels(name: str) -> None:
    """How strong they are, and how like the tasks' own; these do not depend on any draw."""
    k = kernel(network_of(name), HUNDRED.view(1, -1, 1))[0]
    found = (
        strength(k, 0.01),
        likeness(k, plane_kernel(BASIS)),
        effective_rank(k),
        leading_share(k, BASIS),
    )
    assert list(map(float, found)) == pytest.approx(list(KERNELS[name]), rel=0.015)


@pytest.mark.parametrize("name", GAINS)
def test_the_gains(name: str) -> None:
    """In the plane's two directions, where .94 and 1.06 would be ideal."""
    k = kernel(network_of(name), GRID.view(1, -1, 1))[0]
    found = plane_gains(k, PLANE.basis, 0.01)
    assert found.tolist() == pytest.approx(list(GAINS[name]), abs=0.006)
    ideal = plane_gains(2 * plane_kernel(PLANE.basis), PLANE.basis, 0.5)
    assert ideal.tolist() == pytest.approx([0.94, 1.06], abs=0.005)


@pytest.mark.parametrize(("name", "known"), [("maml", 0.85), ("pretrained", 0.34)])
def test_the_answers_to_pulls_everywhere(name: str, known: float) -> None:
    """Finite pulls of 1 among ten points, against the tasks' own kernel."""
    ones = torch.ones_like(HUNDRED)
    found = poke(network_of(name), HUNDRED, ones, HUNDRED, alpha=0.01, points=10)
    assert float(likeness(found, plane_kernel(BASIS))) == pytest.approx(known, rel=DRAW)


@pytest.mark.parametrize("name", AREAS)
def test_the_fans(name: str) -> None:
    """Their area after one and ten steps, on even points."""
    amplitudes = torch.arange(1, 6, dtype=torch.float64)
    phases = torch.linspace(0, math.pi, 13, dtype=torch.float64)
    tasks = torch.cartesian_prod(amplitudes, phases)
    found = fan_of(network_of(name), FAMILY, PLANE, EVEN, alpha=0.01, steps=(1, 10), tasks=tasks)
    assert found.areas.tolist() == pytest.approx(list(AREAS[name]), rel=DRAW)
    own = fan_of(network_of(name), FAMILY, PLANE, EVEN, alpha=0.01, steps=(1, 10))
    assert torch.allclose(own.areas, found.areas)


@pytest.mark.parametrize("name", LAYERS)
def test_which_layer_adapts(name: str) -> None:
    """The first in MAML and its like, the last in ANIL's network."""
    x, y, truth = population()
    choices = [*alone(3), (True,) * 3]
    found = subset_errors(start_of(name), choices, x, y, COARSE, truth, alpha=0.01)
    assert found[:, 1].mean(-1).tolist() == pytest.approx(list(LAYERS[name]), rel=DRAW)


@pytest.mark.parametrize(
    ("name", "known"), [("maml", (0.94, 0.04, 0.02)), ("anil", (0.04, 0.04, 0.92))]
)
def test_where_the_gradient_is(name: str, known: tuple[float, ...]) -> None:
    """Shares of its square, layer by layer."""
    x, y, _ = population()
    found = gradient_shares(start_of(name), x, y).mean(0)
    assert found.tolist() == pytest.approx(list(known), abs=0.012)


@pytest.mark.parametrize("name", RAYS)
def test_the_error_along_alpha(name: str) -> None:
    """MAML's is lowest at the α that it was trained with."""
    x, y, truth = population()
    found = ray(start_of(name), x, y, COARSE, truth, ALPHAS).mean(-1)
    assert found.tolist() == pytest.approx(list(RAYS[name]), rel=DRAW)


@cache
def inspection(name: str) -> Inspection:
    return inspected(start_of(name), Plan(FAMILY, tasks=512, steps=4))


@pytest.mark.parametrize(
    ("name", "first", "largest", "unstable"),
    [
        ("maml", (2.25, 1.4, 0.84, 0.46), (2.25, 1.74, 1.61, 1.57, 1.57), 0.68),
        ("first-order", (1.71, 1.1, 0.65, 0.34), (1.71, 1.49, 1.45), 0.21),
        ("reptile", (1.76, 1.1, 0.66, 0.30), (1.75, 1.35), 0.21),
        ("pretrained", (0.46, 0.23, 0.11, 0.05), (0.47, 0.39), 0.0),
    ],
)
def test_the_largest_eigenvalue_step_by_step(
    name: str, first: tuple[float, ...], largest: tuple[float, ...], unstable: float
) -> None:
    """MAML's step begins at the edge of stability and lands inside it."""
    found = inspection(name)
    assert found.eigenvalues is not None
    assert found.unstable is not None
    assert list(found.eigenvalues[0]) == pytest.approx(list(first), rel=DRAW)
    ahead = [values[0] for values in found.eigenvalues[: len(largest)]]
    assert ahead == pytest.approx(list(largest), rel=DRAW)
    assert found.unstable[0] == pytest.approx(unstable, abs=0.05)
