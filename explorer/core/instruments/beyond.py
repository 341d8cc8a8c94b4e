"""Beyond the range: tasks and inputs that training has never drawn."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from explorer.core.adaptation.divergence import diverged
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import loss_text
from explorer.core.families import Family
from explorer.core.figures.figure import Array, Curve, Panel, Raster
from explorer.core.insight.plane import Plane, plane_of
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import (
    NOBODY,
    Action,
    Instrument,
    Press,
    Reading,
    Wish,
    array,
)

Cells = NDArray[np.bool_]

REACH = 2.0  # times the largest task of training
CELLS = 31
CURVE_POINTS = 81
LEAST, MOST = -2.0, 1.5  # log₁₀ of the errors that have the two end colours
KEPT_MAPS = 32
NO_PLANE = "{} tasks lie in no plane that goes on beyond their ranges: there is no map of them."


def read(scene: Scene, _choice: None) -> Reading:
    """The map of errors over all tasks, and the error along |x|."""
    focused = scene.focused
    if focused is None:
        return Reading(NOBODY)
    plane, along = plane_of(scene.family), _along_x(scene)
    member, start = focused
    panels = [along]
    said = _said_of_inputs(scene, member)
    if plane is not None and plane.reaches_beyond:
        inputs = tuple(scene.even_inputs.tolist())
        errors, gone = _errors(
            start, scene.family, plane, inputs, scene.alpha, scene.step, told=start.sees_task
        )
        panels.insert(0, _map(scene, plane, member, errors, gone))
        said = f"{_said_of_tasks(plane, member, errors, gone)} {said}"
    else:
        said = f"{NO_PLANE.format(scene.family.label)} {said}"
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
def _errors(
    start: StartingPoint,
    family: Family,
    plane: Plane,
    inputs: tuple[float, ...],
    alpha: float,
    step: int,
    *,
    told: bool,
) -> tuple[Array, Cells]:
    """Errors over the plane, the lowest v first, and which of these tasks diverged.

    They are NaN outside of the disc and infinite where adaptation diverged.
    """
    reach = _reach(plane)
    centres = (np.arange(CELLS) + 0.5) / CELLS * 2 * reach - reach
    tasks = torch.tensor(
        [plane.task_at(u, v) for v in centres for u in centres], dtype=torch.float32
    ).unsqueeze(-2)
    x = torch.tensor(inputs).view(1, -1, 1).expand(len(tasks), -1, -1)
    y = family.function(x, tasks)
    grid = torch.linspace(*family.x, CURVE_POINTS)
    losses = []
    for each in adapt(
        start, x, y, grid, alpha=alpha, steps=step, task=tasks if told else None, keep_theta=False
    ):
        losses.append(each.support_loss)
        prediction = each.prediction
    truth = family.function(grid.view(1, -1, 1), tasks).squeeze(-1)
    errors = (prediction - truth).square().mean(-1).view(CELLS, CELLS)
    gone = diverged(torch.stack(losses), y)[-1].view(CELLS, CELLS)
    inside = np.hypot(*np.meshgrid(centres, centres)) <= reach
    lost = (array(gone.double()) > 0) & inside
    return np.where(lost, np.inf, np.where(inside, array(errors), np.nan)), lost


def _reach(plane: Plane) -> float:
    return REACH * float(plane.outline.norm(dim=-1).max())


def _map(scene: Scene, plane: Plane, member: Member, errors: Array, gone: Cells) -> Panel:
    reach = _reach(plane)
    values = np.log10(np.where(gone, np.nan, np.maximum(errors, 1e-9)))
    outline = plane.outline.numpy()
    curves = [Curve("limits", "", outline[:, 0], outline[:, 1], dashes=(4, 3))]
    rows, columns = np.nonzero(gone)
    cell = 2 * reach / CELLS
    if len(rows):
        u, v = array((columns + 0.5) * cell - reach), array((rows + 0.5) * cell - reach)
        curves.append(Curve("limits", "diverged", u, v, opacity=0.4, markers=True, hollow=True))
    place = plane.coordinates(scene.truth).numpy()
    curves.append(Curve("points", "task", place[:1], place[1:], markers=True, star=True))
    low, high, edge = 10**LEAST, 10**MOST, 1.05 * reach
    return Panel(
        f"Error of {member.label} at step {scene.step}: {low:g} (faint) to {high:.0f} (full)",
        *plane.labels, tuple(curves), x_range=(-edge, edge), y_range=(-edge, edge),
        raster=Raster(values, (-reach, reach), (-reach, reach), (LEAST, MOST)), square=True,
        press="Press: this task goes into the sandbox.",
    )  # fmt: skip


def _wide(scene: Scene) -> torch.Tensor:
    """Inputs as far beyond the range as it is wide."""
    middle, half = scene.family.x.mean, (scene.family.x.high - scene.family.x.low) / 2
    return torch.linspace(middle - 2 * half, middle + 2 * half, 4 * (CURVE_POINTS - 1) + 1)


def _squares(scene: Scene, start: StartingPoint) -> Array:
    """Squared errors at the wide inputs at the step shown."""
    inputs = _wide(scene)
    *_, last = adapt(
        *(start, scene.x, scene.y, inputs), alpha=scene.alpha, steps=scene.step,
        task=scene.task_row, keep_theta=False,
    )  # fmt: skip
    truth = scene.family.function(inputs.view(1, -1, 1), scene.task_row).view(-1)
    return array((last.prediction[0] - truth).square())


def _along_x(scene: Scene) -> Panel:
    """The mean of both sides at each distance from the middle of the range."""
    inputs = array(_wide(scene)) - scene.family.x.mean
    half = len(inputs) // 2
    far = inputs[half:]
    curves = []
    for member, start in scene.networks:
        squares = _squares(scene, start)
        both = (squares[half:] + squares[half::-1]) / 2
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


def _said_of_tasks(plane: Plane, member: Member, errors: Array, gone: Cells) -> str:
    reach = _reach(plane)
    centres = (np.arange(CELLS) + 0.5) / CELLS * 2 * reach - reach
    u, v = np.meshgrid(centres, centres)
    inside = _within(plane, u, v)
    outside = ~np.isnan(errors) & ~inside
    trained, further = (float(np.median(errors[where])) for where in (inside, outside))
    lost = f"{int((gone & outside).sum())} of {int(outside.sum())} diverged"
    if not math.isfinite(trained):
        return f"{member.label} diverges on most tasks as in training; beyond, {lost}."
    text = f"{member.label}’s median error is {loss_text(trained)} on tasks as in training"
    if not math.isfinite(further):
        return f"{text}; of those beyond, up to twice as far, {lost}."
    text += f" and {loss_text(further)} beyond, up to twice as far"
    return f"{text}, {lost}." if (gone & outside).any() else f"{text}."


def _within(plane: Plane, u: Array, v: Array) -> Cells:
    """Whether points lie inside the outline, by the even-odd rule."""
    inside = np.zeros(u.shape, bool)
    for (x0, y0), (x1, y1) in pairwise(plane.outline.tolist()):
        if y0 != y1:
            crosses = ((y0 > v) != (y1 > v)) & (u < (x1 - x0) * (v - y0) / (y1 - y0) + x0)
            inside ^= crosses
    return inside


def _said_of_inputs(scene: Scene, member: Member) -> str:
    start = member.network
    assert start is not None
    squares, inputs = _squares(scene, start), array(_wide(scene))
    inside = (inputs >= scene.family.x.low) & (inputs <= scene.family.x.high)
    return (
        f"On this task its mean error is {loss_text(float(squares[inside].mean()))} within the "
        f"range of inputs and {loss_text(float(squares[~inside].mean()))} beyond it."
    )


BEYOND = Instrument(
    "beyond",
    "Beyond the range",
    (
        "Left: every task of the plane, also those that training never draws (outside of the "
        "outline), after the step shown on even points; colour is the error on the whole function, "
        "on a logarithmic scale. Tasks that diverge are marked, not coloured.",
        "Right: the squared error on the sandbox’s task by the distance from the middle of the "
        "inputs, the mean of both sides, up to twice as far as any input of training.",
    ),
    read,
    press=press,
)
