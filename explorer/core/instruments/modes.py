"""What a step did to the error on the support points, mode by mode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.core.base.texts import loss_text
from explorer.core.figures.figure import Curve, Panel
from explorer.core.insight.modes import LIMIT, Modes, frozen_losses, modes
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import (
    LEAST_DRAWN,
    NOBODY,
    Instrument,
    Press,
    Reading,
    Wish,
    array,
    drawn_on_log,
)

NO_POINTS = "Without support points there is no error on them: click some on the function."
LIVELIEST = 4  # modes whose λ is drawn along the steps
PART = (
    "λ is of the Gauss-Newton part of the curvature, not of all of it, which the sandbox names "
    "when adaptation diverges."
)
ROOM = 3.0  # for λ, in units of the first one: a larger one leads out of the picture
SHIFT = 0.18  # of the marks before and after a step, to either side of their mode


def read(scene: Scene, _choice: None) -> Reading:
    """The step that led to the one shown, or the first one, in the modes of where it began."""
    focused = scene.focused
    if focused is None:
        return Reading(NOBODY)
    if not scene.support:
        return Reading(NO_POINTS)
    member, _ = focused
    found = {each.role: _modes(scene, each) for each, _ in scene.networks}
    mine = found[member.role]
    step = min(max(scene.step, 1), scene.steps) - 1
    if not np.isfinite(array(mine.eigenvalues[step])).all():
        return Reading(f"{member.label} has diverged before step {step + 1}: it has no modes.")
    panels = _by_mode(member, mine, step), _along(scene, member, found)
    return Reading(_said(scene, member, mine, step), panels, (*_frozen(scene, member), PART))


def press(scene: Scene, _choice: None, pressed: Press) -> Wish:
    """The picture of all steps chooses one."""
    if pressed.panel == 1:
        return Wish(step=min(max(round(pressed.x), 0), scene.steps))
    return Wish()


def _modes(scene: Scene, member: Member) -> Modes:
    """Of the only task."""
    start, theta = member.network, scene.ways[member.role].theta
    assert start is not None
    assert theta is not None
    found = modes(
        *(start, scene.x, scene.y, theta.unsqueeze(1)), alpha=scene.alpha, task=scene.task_row
    )
    return Modes(*(part[:, 0] for part in found))


def _by_mode(member: Member, mine: Modes, step: int) -> Panel:
    values, before = array(mine.eigenvalues[step]), array(mine.before[step])
    places = np.arange(1.0, len(values) + 1)
    shown = {
        "before the step": (-SHIFT, before, True, "truth"),
        "first-order prediction of this step": (0.0, before * (1 - values) ** 2, True, member.role),
        "after it": (SHIFT, array(mine.after[step]), False, member.role),
    }
    curves = tuple(
        Curve(role, label, places + shift, drawn_on_log(parts), markers=True, hollow=hollow)
        for label, (shift, parts, hollow, role) in shown.items()
    )
    return Panel(
        f"{member.label}, step {step + 1}: error on your points by mode",
        "mode, by falling λ", "part of the MSE", curves, log_y=True, y_range=_decades(curves),
        x_range=(0.5, len(values) + 0.5), counts=True,
    )  # fmt: skip


def _decades(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Whole decades around all parts, so that the axis stays while a point is dragged."""
    parts = np.concatenate([curve.y for curve in curves])
    known = parts[np.isfinite(parts)]
    if not len(known):
        return None
    low, high = np.floor(np.log10(known.min())), np.ceil(np.log10(known.max()))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _along(scene: Scene, member: Member, found: dict[str, Modes]) -> Panel:
    steps = np.arange(scene.steps + 1.0)
    curves = [Curve("limits", "λ = 2", steps, np.full_like(steps, LIMIT), dashes=(4, 3))]
    for each, _ in scene.networks:
        values = array(found[each.role].eigenvalues)
        drawn = min(LIVELIEST if each is member else 1, values.shape[1])
        for mode in range(drawn):
            label = each.label if mode == 0 else ""
            faint = 1.0 if mode == 0 else 0.55 - 0.1 * mode
            curves.append(Curve(each.role, label, steps, values[:, mode], opacity=faint))
    at = slice(scene.step, scene.step + 1)
    mine = array(found[member.role].eigenvalues)[:, 0]
    curves.append(Curve(member.role, "", steps[at], mine[at], markers=True))
    room = ROOM * max(LIMIT, float(mine[0]))
    leads_out = any((curve.y > room).any() for curve in curves)
    return Panel(
        f"λ₁ by step, with λ₂ … of {member.label}", "gradient step", "λ", tuple(curves),
        y_range=(0.0, room) if leads_out else None, counts=True,
        press="Press: show this step.",
    )  # fmt: skip


def _said(scene: Scene, member: Member, mine: Modes, step: int) -> str:
    values = array(mine.eigenvalues)
    beyond = int((values[step] > LIMIT).sum())
    losses = array(scene.ways[member.role].support_loss)
    some = {0: "no mode has", 1: "one mode has"}.get(beyond, f"{beyond} modes have")
    text = (
        f"Where step {step + 1} of {member.label} begins, {some} λ > 2 "
        f"(λ₁ = {values[step, 0]:.2f}); it took the error on your points from "
        f"{loss_text(losses[step])} to {loss_text(losses[step + 1])}"
    )
    if np.isfinite(values[step + 1, 0]):
        text += f", and λ₁ to {values[step + 1, 0]:.2f}"
    return f"{text}."


def _frozen(scene: Scene, member: Member) -> tuple[str, ...]:
    """Where the picture of a kernel that stays as it is at θ₀ fails."""
    start = member.network
    assert start is not None
    if start.pull:
        return ()
    losses = frozen_losses(
        *(start, scene.x, scene.y), alpha=scene.alpha, steps=scene.steps, task=scene.task_row
    )
    foreseen, came = float(losses[-1, 0]), float(scene.ways[member.role].support_loss[-1])
    steps = "one step" if scene.steps == 1 else f"{scene.steps} steps"
    would = f"would be {loss_text(foreseen)} after {steps}"
    if not np.isfinite(foreseen):
        would = f"would have outgrown all numbers after {steps}"
    came_to = f"it is {loss_text(came)}" if np.isfinite(came) else "it has outgrown them, too"
    return (
        f"Had the kernel stayed as before adaptation, the error on your points {would}; {came_to}.",
    )


MODES = Instrument(
    "modes",
    "The modes of a step",
    (
        "To first order a step takes the residuals r on the K points to r − (2α/K)·JMJᵀ·r, J being "
        "∇f at these points: each mode (eigenvector) of that matrix is multiplied by 1 − λ.",
        "A mode with 0 < λ < 2 shrinks, one with λ > 2 grows. The kernel changes with θ, so every "
        "step has modes of its own: nothing in the pictures is carried on to the next.",
        "Left: the error on your points in the modes of where the step began, before it, as λ "
        "predicts it to first order, × (1 − λ)², and as it came. Right: λ at every θₛ. Only the "
        "remark below, on a kernel that stays, carries that of θ₀ on through all steps. Parts "
        f"below {loss_text(LEAST_DRAWN)} are not drawn.",
    ),
    read,
    press=press,
)
