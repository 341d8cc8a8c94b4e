"""The pictures of one meta-iteration, two panels for each of its six cards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.families.numerics import CURVE_POINTS
from explorer.core.figures.figure import Array, Curve, Panel
from explorer.core.insight.gradient_noise import noise_of
from explorer.core.insight.meta_iteration import MetaIteration
from explorer.core.insight.plane import plane_of
from explorer.core.instruments.base import array

if TYPE_CHECKING:
    from torch import Tensor

FAINT, STRONG, BAR = 0.25, 1.0, 0.7
MOST_DOTS = 250  # more of them take longer to make than a frame may
PRESS = "Press a task: it is highlighted."
BY_TASK = "task of the meta-batch"
Panels = tuple[Panel, ...]


def _points(x: Tensor, y: Tensor) -> tuple[Array, Array]:
    return array(x.flatten()), array(y.flatten())


def _drawn(found: MetaIteration, settings: Settings, task: int) -> Panels:
    places = _places(settings, _truths(found, settings))
    if places is None:
        return (_one_task(found, settings, task, adapted=False),)
    u, v = places[0].T
    at = slice(task, task + 1)
    curves = (
        Curve("truth", "tasks drawn", u, v, markers=True, hollow=True),
        Curve("truth", f"task {task + 1}", u[at], v[at], markers=True, star=True),
    )
    compass = _compass("The tasks as points", settings, curves)
    return compass, _one_task(found, settings, task, adapted=False)


def _support(found: MetaIteration, _settings: Settings, task: int) -> Panels:
    first = found.tasks.support_gradients[0]
    squares = first.square()
    ends = np.cumsum([0, *((n + 1) * m for n, m in pairwise(found.tasks.network.sizes))])
    parts = [squares[:, int(a) : int(b)].sum(-1) / squares.sum(-1) for a, b in pairwise(ends)]
    names = tuple(f"layer {number}" for number in range(1, len(parts) + 1))
    places = np.arange(float(len(parts)))
    highlighted = array([float(part[task]) for part in parts])
    mean = array([float(part.mean()) for part in parts])
    shares = (
        Curve(found.learner, "all tasks, mean", places - 0.2, mean, opacity=0.5, bar=0.35),
        Curve(found.learner, f"task {task + 1}", places + 0.2, highlighted, bar=0.35),
    )
    lengths = _bars(
        found, "Length of the support gradient", "‖∇L_support‖", first.norm(dim=-1), task
    )
    return lengths, Panel(
        "Where it acts: share of its squared length", "", "share", shares, names=names
    )


def _adapted(found: MetaIteration, settings: Settings, task: int) -> Panels:
    curves = found.tasks.curves(_grid(settings).to(found.tasks.adapted.dtype))
    places = _places(settings, curves[-1], curves[0, :1], _truths(found, settings))
    one = _one_task(found, settings, task, adapted=True)
    if places is None:
        return (one,)
    (u, v), (u0, v0), (truth_u, truth_v) = (each.T for each in places)
    at = slice(task, task + 1)
    compass = (
        Curve("truth", "tasks", truth_u, truth_v, markers=True, hollow=True, opacity=0.5),
        Curve(found.learner, "", *_joined(truth_u, truth_v, u, v), opacity=FAINT),
        Curve(found.learner, "adapted", u, v, markers=True, opacity=0.6),
        Curve(found.learner, "θ, before", u0, v0, markers=True, hollow=True),
        Curve("truth", f"task {task + 1}", truth_u[at], truth_v[at], markers=True, star=True),
    )
    return _compass("The adapted networks as points", settings, compass), one


def _query(found: MetaIteration, settings: Settings, task: int) -> Panels:
    before, after = (
        array(each) for each in (found.tasks.query_loss[0], found.tasks.query_loss[-1])
    )
    x = np.arange(1.0, len(before) + 1)
    at = slice(task, task + 1)
    curves = (
        Curve(found.learner, "", *_joined(x, before, x, after), opacity=FAINT),
        Curve(found.learner, "before adaptation", x, before, markers=True, hollow=True),
        Curve(found.learner, "after", x, after, markers=True),
        Curve("truth", f"task {task + 1}", x[at], after[at], markers=True, star=True),
    )
    losses = Panel(
        "Query loss of each task", BY_TASK, "mean squared error", curves, log_y=True, press=PRESS
    )
    return losses, _one_task(found, settings, task, adapted=True)


def _meta_gradient(found: MetaIteration, _settings: Settings, _task: int) -> Panels:
    start, corner, end = np.array(found.tasks.triangle.corners)
    sides = (
        ("first-order part", start, corner, (), "first-order"),
        ("Hessian part", corner, end, (3.0, 2.0), "limits"),
        ("meta-gradient", start, end, (), found.learner),
    )
    curves = []
    for label, one, other, dashes, role in sides:
        x, y = np.stack([one, other]).T
        curves.append(Curve(role, label, x, y, dashes=dashes))
    x, y = np.stack([corner, end]).T
    curves.append(Curve(found.learner, "", x, y, markers=True))
    triangle = Panel(
        "The meta-gradient and its two parts", "along the first-order part", "across it",
        tuple(curves), square=True,
    )  # fmt: skip
    noise = noise_of(found.tasks.followed)
    if not noise.noise >= 0:  # NaN of a single task
        return (triangle,)
    values = array([noise.noise, max(noise.signal, 0.0)])
    bars = Curve(found.learner, "", np.arange(2.0), values, bar=BAR)
    return triangle, Panel(
        "Squared length: noise, and what is left", "", "squared length", (bars,),
        names=("noise of the batch", "the rest"),
    )  # fmt: skip


def _adam(found: MetaIteration, settings: Settings, _task: int) -> Panels:
    adam = found.adam
    gradient, step = array(adam.gradient), array(adam.step) / settings.beta
    apart = -(-len(step) // MOST_DOTS)
    which = "Every parameter's step" if apart == 1 else f"Steps of one parameter in {apart}"
    dots = gradient[::apart], step[::apart]
    cloud = Curve(found.learner, "", *dots, markers=True, opacity=0.4)
    order = np.sort(np.abs(step))[::-1]
    sizes = Curve(found.learner, "", np.arange(1.0, len(order) + 1), order)
    return (
        Panel(which, "meta-gradient", "step in units of β", (cloud,)),
        Panel("Their sizes in order", "parameter, by size", "|step| in units of β", (sizes,)),
    )


PICTURES: tuple[Callable[[MetaIteration, Settings, int], Panels], ...] = (
    _drawn, _support, _adapted, _query, _meta_gradient, _adam,
)  # fmt: skip
# Of the first panel of each card: whether it shows tasks in the plane, one by one, or not.
_PLANE, _ROW = (0, 2), (1, 3)


def task_places(found: MetaIteration, settings: Settings, card: int) -> Array | None:
    """Where the tasks are in the first panel, ``(T, 2)``; None where none can be pressed.

    In a row of tasks y is NaN.
    """
    if card in _ROW:
        numbers = np.arange(1.0, len(found.batch.task) + 1)
        return np.stack([numbers, np.full_like(numbers, np.nan)], -1)
    places = _places(settings, _truths(found, settings)) if card in _PLANE else None
    return None if places is None else places[0]


def _grid(settings: Settings) -> Tensor:
    return torch.linspace(settings.x.low, settings.x.high, CURVE_POINTS)


def _truths(found: MetaIteration, settings: Settings) -> Tensor:
    """The true functions on the grid, ``(T, G)``."""
    values: Tensor = settings.family.function(_grid(settings).view(1, -1, 1), found.batch.task)
    return values.squeeze(-1)


def _places(settings: Settings, *curves: Tensor) -> list[Array] | None:
    """Where curves on the grid lie in the plane of tasks, ``(N, 2)`` each; None without a plane."""
    plane = plane_of(settings.family)
    if plane is None:
        return None
    return [array(plane.coordinates(each)) for each in curves]


def _compass(title: str, settings: Settings, curves: tuple[Curve, ...]) -> Panel:
    plane = plane_of(settings.family)
    assert plane is not None
    outline: tuple[Curve, ...] = ()
    if len(plane.outline):
        x, y = plane.outline.numpy().T
        outline = (Curve("limits", "", x, y, dashes=(4, 3)),)
    return Panel(
        title, *plane.labels, (*outline, *curves), square=plane.reaches_beyond, press=PRESS
    )


def _joined(x: Array, y: Array, to_x: Array, to_y: Array) -> tuple[Array, Array]:
    """Lines from points to points, with gaps between."""
    gap = np.full_like(x, np.nan)
    return np.stack([x, to_x, gap], -1).ravel(), np.stack([y, to_y, gap], -1).ravel()


def _one_task(found: MetaIteration, settings: Settings, task: int, *, adapted: bool) -> Panel:
    """The highlighted task with its points, and the network before and perhaps after."""
    grid, batch = _grid(settings), found.batch
    x, each = array(grid), found.tasks.curves(grid.to(found.tasks.adapted.dtype))[:, task]
    curves = [
        Curve("truth", f"task {task + 1}", x, array(_truths(found, settings)[task])),
        Curve(found.learner, "θ, before", x, array(each[0]), opacity=0.4 if adapted else STRONG),
    ]
    if adapted:
        curves.append(Curve(found.learner, "adapted", x, array(each[-1])))
    points = _points(batch.support_x[task], batch.support_y[task])
    curves.append(Curve("points", "support points", *points, markers=True))
    if settings.judged_on == "fresh":
        points = _points(batch.query_x[task], batch.query_y[task])
        curves.append(Curve("points", "query points", *points, markers=True, hollow=True))
    return Panel(f"Task {task + 1}", "x", "y", tuple(curves))


def _bars(found: MetaIteration, title: str, what: str, values: Tensor, task: int) -> Panel:
    x, y, at = np.arange(1.0, len(values) + 1), array(values), slice(task, task + 1)
    curves = (
        Curve(found.learner, "", x, y, opacity=0.5, bar=BAR),
        Curve(found.learner, f"task {task + 1}", x[at], y[at], bar=BAR),
    )
    return Panel(title, BY_TASK, what, curves, press=PRESS)
