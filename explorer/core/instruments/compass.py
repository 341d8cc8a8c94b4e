"""The task compass: tasks and adapted curves as points of one plane, and the error in parts."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import loss_text, short_loss_text
from explorer.core.families import Family
from explorer.core.figures.figure import Array, Curve, Panel
from explorer.core.insight.fan import Fan, fan_of
from explorer.core.insight.one_step_floor import after_ideal_step, error_in_plane
from explorer.core.insight.plane import Plane, plane_of
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import (
    NOBODY,
    Instrument,
    Press,
    Reading,
    Wish,
    array,
    listed,
    tasks_of,
)
from explorer.core.network.derivatives import predict

if TYPE_CHECKING:
    from torch import Tensor

KEPT_FANS, KEPT_SCENES = 12, 4
MOST_FANS = 3  # more would hide each other; then only that of the chosen learner is drawn
FAINT = 0.35
MARGIN = 1.15
LEAST_SHARE = 0.01
PARTS = ("along {}", "along {}", "ripple")
OPACITIES = (1.0, 0.6, 0.3)
BAR = 0.7
HEADROOM = 3.0  # times the error before adaptation, where it diverges
NO_PLANE = (
    "{} are no points of a plane, since they lie on one line or no two directions hold four "
    "fifths of them: there is no compass to draw. Choose another family in the sandbox."
)
PRESS = "Press or drag: the task goes there."


def read(scene: Scene, _choice: None) -> Reading:
    """The compass, and beside it the error of the chosen learner step by step."""
    plane = plane_of(scene.family)
    if plane is None:
        return Reading(NO_PLANE.format(tasks_of(scene.family)))
    focused = scene.focused
    if focused is None:
        return Reading(NOBODY)
    member, _ = focused
    sentence, remarks = _said(scene, plane, member), _spread(scene, plane)
    if plane.share < 1:
        remarks += (
            f"{tasks_of(scene.family)} have {plane.share:.0%} of their squares along these two "
            "directions; the others count as ripple.",
        )
    return Reading(sentence, (_compass(scene, plane), _parts(scene, plane, member)), remarks)


def press(scene: Scene, _choice: None, pressed: Press) -> Wish:
    """The task goes to where the compass is pressed; the bars choose the step."""
    if pressed.panel == 1:
        return Wish(step=min(max(round(pressed.x), 0), scene.steps))
    plane = plane_of(scene.family)
    return Wish() if plane is None else Wish(task=plane.task_at(pressed.x, pressed.y))


def _compass(scene: Scene, plane: Plane) -> Panel:
    curves: list[Curve] = []
    if len(plane.outline):
        curves.append(_outline(plane))
    for member, start in scene.networks:
        if len(scene.networks) <= MOST_FANS or member.role == scene.focus:
            curves += _unfolded(member.role, plane, fan_at(scene, plane, start))
    for member, _ in scene.networks:
        curves += _trail(scene, plane, member)
    if scene.focused is not None and scene.support:
        best = array(_best_step(scene, plane, scene.focused[0]))
        label = "step with the tasks’ own kernel"
        curves.append(Curve("ideal", label, best[:1], best[1:], markers=True, hollow=True))
    true_place = plane.coordinates(scene.truth).numpy()
    curves.append(Curve("points", "task", true_place[:1], true_place[1:], markers=True, star=True))
    x_range, y_range = _view(plane)
    return Panel(
        "Tasks and curves as points", *plane.labels, tuple(curves),
        x_range=x_range, y_range=y_range, square=plane.reaches_beyond, press=PRESS,
    )  # fmt: skip


@lru_cache(KEPT_SCENES)
def _outline(plane: Plane) -> Curve:
    u, v = plane.outline.numpy().T
    return Curve("limits", "", u, v, dashes=(4, 3))


def fan_at(scene: Scene, plane: Plane, start: StartingPoint) -> Fan:
    """Where a learner takes the tasks of the plane by the step shown, from even inputs.

    Even inputs, as training has them by number: random ones would blur it, and it need not be
    computed anew while a point is dragged.
    """
    inputs = tuple(scene.even_inputs.tolist())
    return _fan(start, scene.family, plane, inputs, scene.alpha, scene.step)


@lru_cache(KEPT_FANS)
def _fan(
    start: StartingPoint,
    family: Family,
    plane: Plane,
    inputs: tuple[float, ...],
    alpha: float,
    step: int,
) -> Fan:
    x = torch.tensor(inputs)
    return fan_of(start, family, plane, x, alpha=alpha, steps=(step,))


@lru_cache(KEPT_FANS)
def _unfolded(role: str, plane: Plane, fan: Fan) -> list[Curve]:
    """The fan as the mesh that its tasks make, or as points if they make none."""
    places = array(fan.places[0])
    places = np.where(array(fan.diverged[0].double())[:, None] > 0, np.nan, places)
    if plane.mesh is None:
        u, v = places.T
        return [Curve(role, "", u, v, opacity=FAINT, markers=True)]
    mesh = places.reshape(*plane.mesh, 2)
    u, v = np.concatenate([_lines(mesh), _lines(np.swapaxes(mesh, 0, 1))]).T
    return [Curve(role, "", u, v, opacity=FAINT, dashes=())]


def _lines(mesh: Array) -> Array:
    """Points ``(R, S, 2)`` as R lines one after the other, with gaps between them."""
    gaps = np.full((len(mesh), 1, 2), np.nan)
    lines: Array = np.concatenate([mesh, gaps], 1).reshape(-1, 2)
    return lines


@lru_cache(KEPT_SCENES)
def _best_step(scene: Scene, plane: Plane, member: Member) -> Tensor:
    """Where a step with the tasks' own kernel leads from where a learner begins."""
    way, start = scene.ways[member.role], member.network
    assert start is not None
    inputs = start.inputs(scene.x, scene.task_row)
    residuals = (scene.y - predict(start.theta, inputs, start.network)).view(-1)
    before = plane.coordinates(way.prediction[0])
    return after_ideal_step(scene.family, plane, scene.x.view(-1), before, residuals)


def floor_of(scene: Scene, plane: Plane, member: Member) -> float:
    """The error within the plane that a step with the tasks' own kernel leaves."""
    target = plane.coordinates(scene.truth)
    return float(error_in_plane(plane, _best_step(scene, plane, member), target))


def _trail(scene: Scene, plane: Plane, member: Member) -> list[Curve]:
    """A learner's way from step 0 to the last, with the chosen step marked."""
    places = plane.coordinates(scene.ways[member.role].prediction).numpy()
    u, v = places.T
    at = slice(scene.step, scene.step + 1)
    return [
        Curve(member.role, "", u, v, opacity=0.6),
        Curve(member.role, "", u[:1], v[:1], markers=True, hollow=True),
        Curve(member.role, member.label, u[at], v[at], markers=True),
    ]


def _view(plane: Plane) -> tuple[tuple[float, float], tuple[float, float]]:
    """Room for all tasks, and as much again around them for curves that lie beside."""
    known = plane.outline if len(plane.outline) else plane.targets
    low, high = known.min(0).values.numpy(), known.max(0).values.numpy()
    middle, half = (low + high) / 2, (high - low) / 2 * MARGIN
    beside = 0.12 * half.max()
    (left, bottom), (right, top) = middle - half - beside, middle + half + beside
    return (float(left), float(right)), (float(bottom), float(top))


def _parts(scene: Scene, plane: Plane, member: Member) -> Panel:
    """Bars of three parts for every step after the first; step 0 would dwarf them."""
    parts = plane.parts(scene.ways[member.role].prediction, scene.truth).numpy()
    steps = np.arange(1, len(parts), dtype=np.float64)
    tops = parts[1:].cumsum(-1)
    tops[~np.isfinite(tops)] = np.nan
    feet = np.zeros_like(steps)
    curves = []
    for column, (name, opacity) in enumerate(zip(PARTS, OPACITIES, strict=True)):
        label = name.format(plane.labels[column]) if column < 2 else name
        bars = Curve(member.role, label, steps, tops[:, column], feet, opacity=opacity, bar=BAR)
        curves.append(bars)
        feet = tops[:, column]
    if scene.support:
        floor = np.full(2, floor_of(scene, plane, member))
        ends = np.array([steps[0] - BAR / 2, steps[-1] + BAR / 2])
        curves.append(Curve("ideal", "tasks’ own kernel", ends, floor, dashes=(4, 3)))
    if 1 <= scene.step < len(parts):
        at = scene.step - 1
        mark = Curve(
            "truth", "", steps[at : at + 1], tops[at : at + 1, 2], markers=True, hollow=True
        )
        curves.append(mark)
    before = " + ".join(short_loss_text(part) for part in parts[0])
    return Panel(
        f"Error of {member.label} (before: {before})",
        "gradient step", "MSE", tuple(curves), y_range=_height(scene, member, parts), counts=True,
        press="Press a bar: show this step.",
    )  # fmt: skip


def _height(scene: Scene, member: Member, parts: Array) -> tuple[float, float] | None:
    """Where it diverges, as much as before: higher bars lead out of the picture, as its way does.

    The others would be too small to be seen beside them.
    """
    gone = scene.ways[member.role].diverged
    return None if gone is None else (0.0, HEADROOM * float(parts[0].sum()))


def _said(scene: Scene, plane: Plane, member: Member) -> str:
    """What the steps did, as far as the numbers go."""
    errors = array(scene.errors(member.role))
    if not scene.support:
        return "Without support points nothing changes: click some on the function."
    gone = scene.ways[member.role].diverged
    if gone is not None:
        return f"{member.label} diverged at step {gone}: its way leads out of the picture."
    if (errors == errors[0]).all():
        return f"No step moves {member.label}: its error stays {loss_text(errors[0])}."
    before, first, last = errors[0], errors[1], errors[-1]
    if first > before:
        text = f"Step 1 raised the error of {member.label} from {loss_text(before)} to "
        text += loss_text(first)
    else:
        text = f"Step 1 removed {_share(1 - first / before)} of the error of {member.label}"
    text += "; a step with the tasks’ own kernel would leave "
    text += loss_text(floor_of(scene, plane, member))
    if scene.steps > 1:
        text += "; each further step aims again at what is left"
        text += ", but the error rises" if last > first else ""
        text += f": {loss_text(first)} → {loss_text(last)} by step {scene.steps}"
    return f"{text}."


def _share(removed: float) -> str:
    """In whole percents, of which neither none nor all is said where it is not so."""
    if 0 < removed < LEAST_SHARE:
        return f"less than {LEAST_SHARE:.0%}"
    return f"more than {1 - LEAST_SHARE:.0%}" if removed > 1 - LEAST_SHARE / 2 else f"{removed:.0%}"


def _spread(scene: Scene, plane: Plane) -> tuple[str, ...]:
    """How far the fans have unfolded."""
    areas = {
        member.label: float(fan_at(scene, plane, start).areas[0])
        for member, start in scene.networks
    }
    points = f"{scene.settings.shots} even points"
    shares = listed(f"{who} {_area_text(share)}" for who, share in areas.items())
    return (f"After step {scene.step} on {points} the fan has, of the tasks’ area: {shares}.",)


def _area_text(share: float) -> str:
    if not math.isfinite(share):
        return "none, since it diverged"
    text = f"{abs(share):.0%}"
    return f"{text}, mirrored" if share < 0 and text != "0%" else text


COMPASS = Instrument(
    "compass",
    "The task compass",
    (
        "A task f = u·b₁ + v·b₂ is the point (u, v); any curve is where the nearest such function "
        "lies: (u, v) = argmin Σ (f(x) − u·b₁(x) − v·b₂(x))².",
        "A learner’s way leads from its hollow dot (before adaptation) over the steps; the full "
        "dot is the step shown, the star the task.",
        "The faint mesh is where many tasks end at this step, from even points; its area is the "
        "determinant of the affine map (u*, v*) → (u, v). The hollow dot that is no learner’s is "
        "where a step leads whose kernel is the tasks’ own, (c/K)·Σ b(xₖ)(yₖ − f(xₖ)), with the c "
        "that is best on average for K random points: no floor for steps of other kinds.",
        "The error has three exact parts: along either direction, and the ripple, which is no "
        "task at all: e = ⟨b₁²⟩Δu² + ⟨b₂²⟩Δv² + ρ².",
    ),
    read,
    press=press,
)
