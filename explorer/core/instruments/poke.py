"""Pull at the curve: how one real step answers, and the kernel that says how it would."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import setting
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import number_text
from explorer.core.families import Family
from explorer.core.figures.figure import Array, Curve, Panel, Raster
from explorer.core.insight.one_step_floor import basis_at, ideal_step
from explorer.core.insight.plane import plane_of
from explorer.core.insight.response import poke
from explorer.core.insight.scene import Member, Scene
from explorer.core.insight.tangent import kernel, plane_gains
from explorer.core.instruments.base import (
    MOST_DRAWN,
    NOBODY,
    Choice,
    Instrument,
    Press,
    Reading,
    Wish,
    array,
    listed,
)

STRONGEST = 2.0  # pull
MAP_POINTS = 101
KEPT_MAPS = 16
SMALLEST = 0.001  # that is told from nothing in a sentence
GROUP = "Pull"


@dataclass(frozen=True)
class Pull(Choice):
    """Where the curve is pulled, and how hard."""

    place: float = setting(0.5, GROUP, "At x′", "number", -1000.0, 1000.0, step=0.5)
    pull: float = setting(
        1.0, GROUP, "Pull ε", "number", -STRONGEST, STRONGEST, step=0.25,
        help="The residual: how far above the curve the point lies",
    )  # fmt: skip


def read(scene: Scene, choice: Pull) -> Reading:
    """What one residual does to every learner's curve, and the chosen one's kernel."""
    focused = scene.focused
    if focused is None:
        return Reading(NOBODY)
    responses = {member.role: _response(scene, start, choice) for member, start in scene.networks}
    panels = [_answers(scene, choice, responses)]
    member, start = focused
    told = scene.task if start.sees_task else None
    panels.append(_map(scene, choice, member, _kernel_map(start, scene.family, scene.alpha, told)))
    return Reading(_said(scene, choice, responses), tuple(panels), _gains(scene))


def press(scene: Scene, choice: Pull, pressed: Press) -> Wish:
    """The curve is pulled to where the mouse is; in the map, its row is chosen."""
    place = min(max(pressed.x if pressed.panel == 0 else pressed.y, scene.family.x.low),
                scene.family.x.high)  # fmt: skip
    pull = choice.pull if pressed.panel else min(max(pressed.y, -STRONGEST), STRONGEST)
    return Wish(choice=Pull(round(place, 2), round(pull, 2)))


def points_of(scene: Scene) -> int:
    """K: one residual among so many points."""
    return len(scene.support) or scene.settings.shots


def _place(scene: Scene, choice: Pull) -> float:
    return min(max(choice.place, scene.family.x.low), scene.family.x.high)


def _response(scene: Scene, start: StartingPoint, choice: Pull) -> Array:
    """Δf on the grid and, after that, at x′ itself: ``(G + 1,)``."""
    place = torch.tensor([_place(scene, choice)])
    (moved,) = poke(
        start,
        place,
        torch.tensor([choice.pull]),
        torch.cat([scene.grid, place]),
        alpha=scene.alpha,
        points=points_of(scene),
        task=scene.task_row,
    )
    return array(moved)


@lru_cache(KEPT_MAPS)
def _kernel_map(
    start: StartingPoint, family: Family, alpha: float, task: tuple[float, ...] | None
) -> Raster:
    """2α·k(x, x′), x along the columns; it does not depend on the support points."""
    low, high = family.x
    grid = torch.linspace(low, high, MAP_POINTS).view(1, -1, 1)
    told = None if task is None else torch.tensor([[task]])
    values = array(kernel(start, grid, task=told)[0].T) * 2 * alpha
    most = float(np.abs(values).max()) or 1.0
    return Raster(values, (low, high), (low, high), (-most, most), diverging=True)


def _ideal(scene: Scene, choice: Pull) -> Array | None:
    """The answer of the best step that treats each residual alike."""
    plane, best = plane_of(scene.family), ideal_step(scene.family, points_of(scene))
    if plane is None or best is None:
        return None
    at = basis_at(scene.family, plane, torch.tensor([_place(scene, choice)]))
    everywhere = basis_at(scene.family, plane, scene.grid)
    return array(everywhere @ at[0]) * best.factor * choice.pull / points_of(scene)


def _answers(scene: Scene, choice: Pull, responses: dict[str, Array]) -> Panel:
    grid = array(scene.grid)
    curves = []
    ideal = _ideal(scene, choice)
    if ideal is not None:
        curves.append(Curve("ideal", "tasks’ own kernel", grid, ideal, dashes=(4, 3)))
    for member, _ in scene.networks:
        curves.append(Curve(member.role, member.label, grid, responses[member.role][:-1]))
    at = np.array([_place(scene, choice)])
    curves.append(Curve("points", "pull ε at x′", at, np.array([choice.pull]), markers=True))
    return Panel(
        f"Answer to a pull of {number_text(choice.pull)} at x′ = {number_text(at[0])}",
        "x", "Δf(x)", tuple(curves), x_range=(scene.family.x.low, scene.family.x.high),
        y_range=(-1.1 * STRONGEST, 1.1 * STRONGEST),
        press="Press or drag: the curve is pulled there.",
    )  # fmt: skip


def _map(scene: Scene, choice: Pull, member: Member, raster: Raster) -> Panel:
    low, high = scene.family.x
    row = np.full(2, _place(scene, choice))
    line = Curve("points", "", np.array([low, high]), row)
    return Panel(
        f"Kernel of {member.label}: 2α·k(x, x′), to ±{raster.limits[1]:.3g}",
        "x", "x′", (line,), x_range=(low, high), y_range=(low, high),
        raster=raster,
        press="Press: pull at this x′.",
    )  # fmt: skip


def _said(scene: Scene, choice: Pull, responses: dict[str, Array]) -> str:
    moved = {
        member.label: _size_text(float(responses[member.role][-1])) for member, _ in scene.networks
    }
    (first, by), *others = moved.items()
    text = listed([f"{first}’s curve there by {by}", *(f"{who}’s by {by}" for who, by in others)])
    residual = f"{number_text(choice.pull)} at x′ = {number_text(_place(scene, choice))}"
    points = points_of(scene)
    among = "the only point" if points == 1 else f"one of {points} points"
    return f"A residual of {residual}, {among}, moves {text}."


def _size_text(value: float) -> str:
    """To two decimals, or to the third where there is nothing before it."""
    if not math.isfinite(value) or abs(value) >= MOST_DRAWN:
        return "more than can be drawn"
    if 0 < abs(value) < SMALLEST:
        return f"less than {SMALLEST:g}"
    text = f"{value:.2f}" if abs(value) >= 10 * SMALLEST or value == 0 else f"{value:.3f}"
    return text.replace("-", "−")


def _gains(scene: Scene) -> tuple[str, ...]:
    """How much of an error in the plane one step on points everywhere removes."""
    plane = plane_of(scene.family)
    if plane is None:
        return ()
    grid = torch.linspace(*scene.family.x, plane.basis.shape[-1]).view(1, -1, 1)
    texts = []
    for member, start in scene.networks:
        of_start = kernel(start, grid, task=scene.task_row)[0]
        low, high = plane_gains(of_start, plane.basis, scene.alpha).tolist()
        texts.append(f"{member.label} {_size_text(low)} and {_size_text(high)}")
    return (
        "Gains: what one step on points everywhere would remove of an error along the plane’s two "
        f"directions, where 1 and 1 would do it at once: {'; '.join(texts)}.",
    )


POKE = Instrument(
    "poke",
    "Pull at the curve",
    (
        "Left: the whole of one real gradient step on a single residual ε at x′, one of K: "
        "Δf(x) = f(x; θ + α(2/K)ε·M∇f(x′)) − f(x; θ), before adaptation, every learner on one "
        "scale. Dashed: a step with the tasks’ own kernel, (c/K)·ε·b(x)ᵀb(x′).",
        "Right: the tangent kernel k(x, x′) = ∇f(x)ᵀM∇f(x′) of one learner. A pull at x′ lifts the "
        "curve at x by about (2α/K)·ε·k(x, x′): the marked row is what the left picture shows.",
    ),
    read,
    Pull,
    press,
)
