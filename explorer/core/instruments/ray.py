"""The error after one step of every size: whether α is the right one, and how narrow it is."""

from __future__ import annotations

import numpy as np

from explorer.core.base.fields import descriptions
from explorer.core.base.texts import loss_text
from explorer.core.figures.figure import Array, Curve, Panel
from explorer.core.insight.response import ray
from explorer.core.insight.scene import Scene
from explorer.core.instruments.base import NOBODY, Instrument, Press, Reading, Wish, array
from explorer.core.learners.settings import CommonSettings

REACH = 3.0  # times the trained α
SIZES = 61
MOST = descriptions(CommonSettings)["alpha"].high


def read(scene: Scene, _choice: None) -> Reading:
    """Every learner's error on the task after one step of size α on the points."""
    if not scene.networks:
        return Reading(NOBODY)
    if not scene.support:
        return Reading("Without support points a step of any size changes nothing.")
    alphas = np.linspace(0, _reach(scene), SIZES)
    found = {
        member.role: array(
            ray(
                *(start, scene.x, scene.y, scene.grid, scene.truth.view(1, -1), alphas.tolist()),
                task=scene.task_row,
            )[:, 0]
        )
        for member, start in scene.networks
    }
    return Reading(_said(scene, alphas, found), (_picture(scene, alphas, found),))


def press(scene: Scene, _choice: None, pressed: Press) -> Wish:
    """The step size becomes that under the mouse."""
    most = _reach(scene)
    return Wish(alpha=float(f"{min(max(pressed.x, most / 1000), most):.3g}"))


def _reach(scene: Scene) -> float:
    """A few times the trained α, or ten times that and so on: a drag must not move its own axis."""
    reach = REACH * _trained(scene)
    while scene.alpha > reach * (1 + 1e-6):
        reach *= 10
    return min(reach, MOST)


def _trained(scene: Scene) -> float:
    return scene.settings.effective_alpha


def _picture(scene: Scene, alphas: Array, found: dict[str, Array]) -> Panel:
    curves = [
        Curve(member.role, member.label, alphas, found[member.role]) for member, _ in scene.networks
    ]
    values = np.concatenate(list(found.values()))
    known = values[np.isfinite(values) & (values > 0)]
    ends = np.array([known.min(), known.max()]) if len(known) else np.array([0.1, 1.0])
    present = np.full(2, scene.alpha)
    curves.append(Curve("points", "α in the sandbox", present, ends, opacity=0.6))
    trained = np.full(2, _trained(scene))  # over the other, which its gaps show where they are one
    curves.append(Curve("limits", "α of the experiment", trained, ends, dashes=(4, 3)))
    return Panel(
        "Error after one step of each size", "step size α", "MSE", tuple(curves), log_y=True,
        x_range=(0.0, float(alphas[-1])), press="Press or drag: the sandbox takes this α.",
    )  # fmt: skip


def _said(scene: Scene, alphas: Array, found: dict[str, Array]) -> str:
    texts = []
    for member, _ in scene.networks:
        errors = found[member.role]
        if not np.isfinite(errors).any():
            continue
        if (errors == errors[0]).all():
            texts.append(
                f"{member.label} at any α, since it does not move ({loss_text(errors[0])})"
            )
            continue
        best = int(np.nanargmin(np.where(np.isfinite(errors), errors, np.inf)))
        at_end = " or beyond" if best == len(alphas) - 1 else ""
        texts.append(
            f"{member.label} at α = {alphas[best]:.3g}{at_end} ({loss_text(errors[best])})"
        )
    trained = f"{_trained(scene):g}"
    return (
        f"On this task one step does best for {'; '.join(texts)}; the experiment’s α is {trained}."
    )


RAY = Instrument(
    "ray",
    "The error along α",
    (
        "Mean squared error on the whole function of θ − α·M∇L(θ) over α: one step along the same "
        "direction, of every length. Learners with step sizes of their own take them in proportion "
        "to α. A narrow valley at the trained α is what “sensitive” looks like.",
    ),
    read,
    press=press,
    columns=1,
)
