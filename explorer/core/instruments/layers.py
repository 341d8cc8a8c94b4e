"""Which layer adapts: the error that each choice of layers reaches, and how far each moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.core.adaptation.freezing import part_sizes
from explorer.core.base.texts import loss_text
from explorer.core.figures.figure import Array, Curve, Panel
from explorer.core.insight.layers import (
    gradient_shares,
    movement,
    subset_errors,
    subsets,
)
from explorer.core.insight.scene import Member, Scene
from explorer.core.instruments.base import (
    MOST_DRAWN,
    NOBODY,
    Action,
    Instrument,
    Reading,
    Wish,
    array,
    drawn_on_log,
)

WIDTH = 0.8  # of all bars of a group
MARGIN = 1.2  # of one error over another, below which neither layer leads
Choices = tuple[tuple[bool, ...], ...]


def read(scene: Scene, _choice: None) -> Reading:
    """The error after the step shown with every choice of layers, movement and gradient."""
    focused = scene.focused
    if focused is None:
        return Reading(NOBODY)
    member, _ = focused
    choices = tuple(sorted(subsets(_shape(member)[1]), key=_in_order))
    alike = _alike(scene, member)
    errors = {each.role: _errors(scene, each, choices) for each in alike}
    panels = _subsets(scene, alike, choices, errors), _moved(scene, member)
    said = _said(scene, member, choices, errors[member.role])
    remarks = _elsewhere(member, alike, choices, errors)
    if len(scene.networks) > len(alike):
        remarks += ("Networks with another number of layers are left out of the left picture.",)
    if any((values > MOST_DRAWN).any() for values in errors.values()):
        remarks += (f"Errors above {loss_text(MOST_DRAWN)} are left out of the left picture.",)
    return Reading(said, panels, remarks, _switches(scene, member))


def _in_order(free: tuple[bool, ...]) -> tuple[int, tuple[bool, ...]]:
    """None, layer 1, layer 2, …, pairs of them, all."""
    return sum(free), tuple(not each for each in free)


def _shape(member: Member) -> tuple[int, int]:
    """How many layers its network has, and of how many parts its θ is made."""
    start = member.network
    assert start is not None
    return len(start.network.sizes) - 1, len(part_sizes(start))


def _alike(scene: Scene, member: Member) -> list[Member]:
    """Those whose networks have as many layers, and context values if the chosen one's has."""
    return [each for each, _ in scene.networks if _shape(each) == _shape(member)]


def _errors(scene: Scene, member: Member, choices: Choices) -> Array:
    """After the step shown, at least one: ``(C,)``."""
    start, step = member.thawed or member.network, max(scene.step, 1)
    assert start is not None
    found = subset_errors(
        *(start, choices, scene.x, scene.y, scene.grid, scene.truth.view(1, -1)),
        alpha=scene.alpha,
        steps=step,
        task=scene.task_row,
    )
    return array(found[:, step, 0])


def _name(parts: int, place: int, layers: int) -> str:
    return f"layer {place + 1}" if place < layers else "context" if parts > layers else ""


def _short(place: int, layers: int) -> str:
    return str(place + 1) if place < layers else "c"


def _names(choices: Choices, layers: int) -> tuple[str, ...]:
    def name(free: tuple[bool, ...]) -> str:
        if not any(free):
            return "none"
        if all(free):
            return "all"
        return "+".join(_short(place, layers) for place, is_free in enumerate(free) if is_free)

    return tuple(map(name, choices))


def _subsets(
    scene: Scene, alike: Sequence[Member], choices: Choices, errors: dict[str, Array]
) -> Panel:
    places = np.arange(len(choices), dtype=np.float64)
    curves = []
    for row, each in enumerate(alike):
        shift = (row - (len(alike) - 1) / 2) * WIDTH / max(len(alike), 2) * 0.6
        visible = drawn_on_log(errors[each.role])
        curves.append(Curve(each.role, each.label, places + shift, visible, markers=True))
    return Panel(
        f"Error after step {max(scene.step, 1)} with only these layers free",
        "", "MSE", tuple(curves), log_y=True, names=_names(choices, _shape(alike[0])[0]),
    )  # fmt: skip


def _moved(scene: Scene, member: Member) -> Panel:
    start, theta = member.network, scene.ways[member.role].theta
    assert start is not None
    assert theta is not None
    shares = array(gradient_shares(start, scene.x, scene.y, scene.task_row)[0])
    far = array(movement(start, theta[scene.step].double()).square())
    total = far.sum()
    moved = np.isfinite(total) and total > 0
    places = np.arange(len(shares), dtype=np.float64)
    bars = [
        Curve(member.role, "of ‖∇L‖² before adaptation", places - 0.2, shares, bar=0.36),
        Curve(
            member.role, f"of ‖θ − θ₀‖² at step {scene.step}", places + 0.2,
            far / total if moved else np.zeros_like(far), opacity=0.45, bar=0.36,
        ),
    ]  # fmt: skip
    layers = len(start.network.sizes) - 1
    names = tuple(_name(len(shares), place, layers) for place in range(len(shares)))
    return Panel(
        f"{member.label}: share of each layer", "", "share", tuple(bars), names=names,
        y_range=(0.0, 1.0),
    )  # fmt: skip


def _switches(scene: Scene, member: Member) -> tuple[Action, ...]:
    """One for each layer of weights; they act on the sandbox's curves too."""
    start = member.network
    assert start is not None
    return tuple(
        Action(
            f"Layer {layer + 1} adapts",
            Wish(turned=layer),
            layer not in scene.frozen,
            "Off: its weights and biases stay as they are, in the sandbox too",
        )
        for layer in range(len(start.network.sizes) - 1)
    )


def _only(choices: Choices, place: int) -> int:
    """Where the choice of one layer alone stands."""
    return choices.index(tuple(i == place for i in range(len(choices[0]))))


def _said(scene: Scene, member: Member, choices: Choices, errors: Array) -> str:
    if not scene.support:
        return "Without support points no layer moves: click some on the function."
    layers, parts = _shape(member)
    first, last = errors[_only(choices, 0)], errors[_only(choices, layers - 1)]
    count = max(scene.step, 1)
    after = "one step" if count == 1 else f"{count} steps"
    if parts > layers:
        context = loss_text(errors[_only(choices, layers)])
        return (
            f"With only its context values free {member.label} reaches {context} in {after}; with "
            f"only the first layer {loss_text(first)}; with all {loss_text(errors[-1])}."
        )
    return (
        f"With only the first layer free {member.label} reaches {loss_text(first)} in {after}; "
        f"with only the last {loss_text(last)}; with all {loss_text(errors[-1])}."
    )


def _elsewhere(
    member: Member, alike: Sequence[Member], choices: Choices, errors: dict[str, Array]
) -> tuple[str, ...]:
    """Where another learner's answer is the opposite, by more than a little."""
    one, other = _only(choices, 0), _only(choices, _shape(member)[0] - 1)

    def leads(role: str) -> int:
        """1 if the first layer alone does better, −1 if the last one does, 0 if neither."""
        first, last = errors[role][one], errors[role][other]
        return int(first * MARGIN < last) - int(last * MARGIN < first)

    mine = leads(member.role)
    others = [each.label for each in alike if mine and leads(each.role) == -mine]
    return (f"The other way round: {', '.join(others)}.",) if others else ()


LAYERS = Instrument(
    "layers",
    "Which layer adapts",
    (
        "Left: the mean squared error on the whole function after the step shown, when only the "
        "weights and biases of some layers take gradient steps and the others stay at θ₀; c are "
        "context values.",
        "Right: where the gradient of the support loss is before adaptation, ‖∇ₗL‖²/‖∇L‖², and how "
        "far each layer has moved. From classification one knows the opposite, that the last layer "
        "does it all (ANIL, Raghu et al. 2020, arXiv 1909.09157).",
    ),
    read,
)
