"""Beyond the range: tasks and inputs that training has never drawn."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import loss_text
from explorer.core.families import Family
from explorer.core.figures.figure import Array, Curve, Panel, Raster
from explorer.core.insight.plane import Plane, plane_of
from explorer.core.insight.scene import Member, Scene
from explorer.core.insight.task_map import TaskMap, task_map
from explorer.core.instruments.base import (
    NOBODY,
    Action,
    Instrument,
    Press,
    Reading,
    Wish,
    array,
    tasks_of,
)
from explorer.core.network.derivatives import predict

CURVE_POINTS = 81
LEAST, MOST = -2.0, 1.5  # log₁₀ of the errors that have the two end colours
KEPT_MAPS = 12
HATCH = 0.35  # of a cell's width, to either side of its middle
NO_PLANE = "{} lie in no plane that goes on beyond their ranges: there is no map of them."


def read(scene: Scene, _choice: None) -> Reading:
    """The map of errors over all tasks, and the error along |x|."""
    focused = scene.focused
    if focused is None:
        return Reading(NOBODY)
    plane, squares = plane_of(scene.family), _squares(scene)
    member, start = focused
    panels = [_along_x(scene, squares)]
    said = _said_of_inputs(scene, squares[member.role])
    if plane is not None and plane.reaches_beyond:
        inputs = tuple(scene.even_inputs.tolist())
        found = _map_of(start, scene.family, plane, inputs, scene.alpha, scene.step)
        panels.insert(0, _map(scene, plane, member, found))
        said = f"{_said_of_tasks(member, found)} {said}".strip()
    else:
        said = f"{NO_PLANE.format(tasks_of(scene.family))} {said}".strip()
    half = Action("Points in one half only", Wish(inputs=_upper_half(scene)))
    return Reading(said, tuple(panels), actions=(half,))


def press(scene: Scene, _choice: None, pressed: Press) -> Wish:
    """The task of the map that is pressed goes into the sandbox."""
    plane = plane_of(scene.family)
    if plane is None or not plane.reaches_beyond or pressed.panel != 0:
        return Wish()
    return Wish(task=plane.task_at(pressed.x, pressed.y))


def _upper_half(scene: Scene) -> tuple[float, ...]:
    """As many inputs as training has, evenly over the upper half of the range."""
    middle, high, shots = scene.family.x.mean, scene.family.x.high, scene.settings.shots
    return tuple(middle + (high - middle) * (k + 0.5) / shots for k in range(shots))


@lru_cache(KEPT_MAPS)
def _map_of(
    start: StartingPoint,
    family: Family,
    plane: Plane,
    inputs: tuple[float, ...],
    alpha: float,
    step: int,
) -> TaskMap:
    return task_map(start, family, plane, torch.tensor(inputs), alpha=alpha, step=step)


def _map(scene: Scene, plane: Plane, member: Member, found: TaskMap) -> Panel:
    (u, v), reach = found.middle, found.reach
    errors = array(found.errors)
    gone = np.isinf(errors)
    values = np.log10(np.where(gone, np.nan, np.maximum(errors, 1e-9)))
    curves = [_hatching(found, gone)] if gone.any() else []
    outline = plane.outline.numpy()
    curves.append(Curve("limits", "", outline[:, 0], outline[:, 1], dashes=(4, 3)))
    place = plane.coordinates(scene.truth).numpy()
    curves.append(Curve("points", "task", place[:1], place[1:], markers=True, star=True))
    low, high, edge = 10**LEAST, 10**MOST, 1.05 * reach
    across, upwards = (u - reach, u + reach), (v - reach, v + reach)
    return Panel(
        f"{member.label}, step {scene.step}: error {low:g} (faint) to {high:.0f} (full)",
        *plane.labels, tuple(curves), x_range=(u - edge, u + edge), y_range=(v - edge, v + edge),
        raster=Raster(values, across, upwards, (LEAST, MOST)), square=True,
        press="Press: this task goes into the sandbox.",
    )  # fmt: skip


def _hatching(found: TaskMap, cells: NDArray[np.bool_]) -> Curve:
    """A stroke through each of the cells ``(C, C)``."""
    rows, columns = np.nonzero(cells)
    along, up = (array(each) for each in found.centres)
    stroke = np.array([-HATCH, HATCH, np.nan]) * (along[1] - along[0])
    x, y = (middle[:, None] + stroke for middle in (along[columns], up[rows]))
    return Curve("limits", "diverged", x.ravel(), y.ravel(), dashes=(), opacity=0.4)


def _wide(scene: Scene) -> torch.Tensor:
    """Inputs as far beyond the range as it is wide."""
    middle, half = scene.family.x.mean, (scene.family.x.high - scene.family.x.low) / 2
    return torch.linspace(middle - 2 * half, middle + 2 * half, 4 * (CURVE_POINTS - 1) + 1)


def _squares(scene: Scene) -> dict[str, Array]:
    """Squared errors of each learner at the wide inputs at the step shown; NaN without a value."""
    inputs = _wide(scene).view(1, -1, 1)
    truth = scene.family.function(inputs, scene.task_row).view(-1)
    squares = {}
    for member, start in scene.networks:
        theta = scene.ways[member.role].theta
        assert theta is not None
        curve = predict(theta[scene.step], start.inputs(inputs, scene.task_row), start.network)
        squares[member.role] = array((curve.view(-1) - truth).square())
    return squares


def _along_x(scene: Scene, squares: dict[str, Array]) -> Panel:
    """The mean of both sides at each distance from the middle of the range."""
    inputs = array(_wide(scene)) - scene.family.x.mean
    half = len(inputs) // 2
    far = inputs[half:]
    curves = []
    for member, _ in scene.networks:
        mine = squares[member.role]
        both = (mine[half:] + mine[half::-1]) / 2
        shown = np.where(np.isfinite(both) & (both > 0), both, np.nan)
        curves.append(Curve(member.role, member.label, far, np.maximum(shown, 1e-6)))
    edge = np.full(2, (scene.family.x.high - scene.family.x.low) / 2)
    ends = np.array([1e-3, 1e2])
    curves.append(Curve("limits", "end of the range", edge, ends, dashes=(4, 3)))
    return Panel(
        f"Error on this task at step {scene.step} by distance",
        "|x|" if math.isclose(scene.family.x.mean, 0.0) else f"|x − {scene.family.x.mean:g}|",
        "squared error", tuple(curves), log_y=True, y_range=(1e-4, 1e3),
    )  # fmt: skip


def _said_of_tasks(member: Member, found: TaskMap) -> str:
    """Medians over the area of the map, which is not how training draws its tasks."""
    errors, inside = array(found.errors), found.inside.numpy()
    outside = ~np.isnan(errors) & ~inside
    parts = {"within": errors[inside], "outside": errors[outside]}
    medians = [
        f"{loss_text(float(np.median(part)))} over the area {where} the outline"
        for where, part in parts.items()
        if len(part) and math.isfinite(np.median(part))
    ]
    lost = [
        f"{np.isinf(part).sum()} of {len(part)} tasks {where} the outline"
        for where, part in parts.items()
        if np.isinf(part).any()
    ]
    text = f"{member.label}’s median error is {' and '.join(medians)}" if medians else member.label
    if not lost:
        return f"{text}."
    return f"{text}{'; it' if medians else ''} diverges on {' and on '.join(lost)}."


def _said_of_inputs(scene: Scene, squares: Array) -> str:
    """Where the function has values."""
    inputs = array(_wide(scene))
    inside = (inputs >= scene.family.x.low) & (inputs <= scene.family.x.high)
    known = np.isfinite(squares)
    said = [
        f"{loss_text(float(squares[part & known].mean()))} {where}"
        for where, part in (("within the range of inputs", inside), ("beyond it", ~inside))
        if (part & known).any()
    ]
    return f"On this task its mean error is {' and '.join(said)}." if said else ""


BEYOND = Instrument(
    "beyond",
    "Beyond the range",
    (
        "Left: every task of the plane, also those that training never draws (outside of the "
        "outline), after the step shown on even points; colour is the error on the whole function, "
        "on a logarithmic scale. Tasks that diverge are hatched, not coloured.",
        "Right: the squared error on the sandbox’s task by the distance from the middle of the "
        "inputs, the mean of both sides, up to twice as far as any input of training.",
    ),
    read,
    press=press,
)
