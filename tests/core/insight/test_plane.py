"""Tasks as points of a plane, and errors in three parts."""

import math
from dataclasses import replace

import pytest
import torch

from explorer.core.base.fields import Range
from explorer.core.families import FAMILIES, default_family
from explorer.core.families.line import Line
from explorer.core.families.sine import Sine
from explorer.core.insight.plane import Plane, plane_of
from explorer.core.insight.scene import Member, Scene
from tests.core.insight.scenes import scene

FIX = {  # (u, v) after 0, 1 and 10 steps; ripple there
    "maml": [(-0.028, 1.662), (1.729, 2.662), (1.705, 2.705), (0.098, 0.155, 0.092)],
    "pretrained": [(-0.041, 1.567), (0.211, 1.653), (0.935, 2.047), (0.027, 0.189, 0.374)],
    "first-order": [(0.265, 0.894), (1.605, 2.729), (1.693, 2.659), (0.167, 0.144, 0.113)],
    "anil": [(-0.082, 1.522), (1.513, 2.347), (1.746, 2.702), (0.052, 0.247, 0.156)],
    "reptile": [(-0.079, 1.509), (1.663, 2.657), (1.723, 2.676), (0.052, 0.087, 0.079)],
}


def with_all_layers(looked_at: Scene) -> Scene:
    """As the figures were taken: every layer adapts, ANIL's body too."""
    members = tuple(
        Member(member.role, member.label, replace(start, preconditioners=()))
        for member, start in looked_at.networks
    )
    return replace(looked_at, members=members)


def plane(family: Sine | Line) -> Plane:
    found = plane_of(family)
    assert found is not None
    return found


@pytest.mark.parametrize("role", FIX)
def test_shipped_networks_lie_where_they_were_measured(role: str) -> None:
    """Against figures from a NumPy program that shares no code with this one."""
    looked_at = with_all_layers(scene(role))
    curves = looked_at.ways[role].prediction[[0, 1, 10]]
    *places, ripples = FIX[role]
    found = plane(Sine())
    torch.testing.assert_close(
        found.coordinates(curves), torch.tensor(places, dtype=torch.float64), atol=0.005, rtol=0
    )
    parts = found.parts(curves, looked_at.truth)
    torch.testing.assert_close(
        parts[:, 2].sqrt(), torch.tensor(ripples, dtype=torch.float64), atol=0.005, rtol=0
    )


@pytest.mark.parametrize("x", [Range(-5.0, 5.0), Range(0.0, 2.0), Range(-1.0, 7.0)])
def test_error_is_the_sum_of_its_parts(x: Range) -> None:
    """Also where the two directions are far from orthogonal; none is negative."""
    found = plane(Sine(x=x))
    curves = torch.randn(7, 201, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    truth = torch.tensor([1.0, -2.0], dtype=torch.float64) @ found.basis
    parts = found.parts(curves, truth)
    assert (parts >= 0).all()
    torch.testing.assert_close(
        parts.sum(-1), (curves - truth).square().mean(-1), atol=1e-12, rtol=1e-12
    )


def test_parts_of_a_sine_are_those_of_its_coordinates() -> None:
    """⟨sin²⟩Δu² and ⟨cos²⟩Δv² on the grid of [−5, 5]: .529 and .471, and no ripple."""
    found = plane(Sine())
    away = torch.tensor([2.0, -3.0], dtype=torch.float64) @ found.basis
    parts = found.parts(away, torch.zeros_like(away))
    expected = torch.tensor([0.529 * 4, 0.471 * 9, 0.0], dtype=torch.float64)
    torch.testing.assert_close(parts, expected, atol=0.005, rtol=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_tasks_are_found_where_they_lie(name: str) -> None:
    """Every task of the fan is at its target, and the task there is this one, or as near."""
    family = default_family(name)
    found = plane_of(family)
    if found is None:
        assert family.plane() is None
        return
    grid = torch.linspace(*family.x, 201, dtype=torch.float64).view(-1, 1)
    curves = family.function(grid, found.fan.unsqueeze(-2)).squeeze(-1)
    torch.testing.assert_close(found.coordinates(curves), found.targets, atol=1e-5, rtol=1e-5)
    for u, v in found.targets.tolist():
        there = torch.tensor([found.task_at(u, v)], dtype=torch.float64)
        curve = family.function(grid, there.unsqueeze(-2)).squeeze(-1)
        torch.testing.assert_close(
            found.coordinates(curve)[0],
            torch.tensor([u, v], dtype=torch.float64),
            atol=1e-5,
            rtol=1e-5,
        )


def test_outline_holds_the_tasks() -> None:
    """The half disc of all sines: its corners are the largest amplitude at both ends of φ."""
    outline = plane(Sine()).outline
    assert torch.hypot(*outline.unbind(-1)).max().item() == pytest.approx(5.0)
    assert outline[:, 1].min().item() == pytest.approx(0.0, abs=1e-6)
    assert plane(Line()).outline.abs().max().item() == 3.0


def test_phase_beyond_the_range_is_found() -> None:
    """Below the half disc φ goes on beyond π."""
    amplitude, phase = plane(Sine()).task_at(0.0, -2.0)
    assert (amplitude, phase) == pytest.approx((2.0, 1.5 * math.pi))
    shifted = Sine(phase=Range(-math.pi, 0.0))
    assert plane(shifted).task_at(0.0, -2.0)[1] == pytest.approx(-0.5 * math.pi)


def test_families_without_a_plane() -> None:
    """White noise has no two directions; the modes of MMAML nearly lie in a plane."""
    assert plane_of(default_family("gp-rbf")) is None
    modes = plane_of(default_family("mmaml-5"))
    assert modes is not None
    assert 0.8 < modes.share < 1
    assert not modes.reaches_beyond
