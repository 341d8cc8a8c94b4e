"""Learners that need no network: closed forms that show what can be known about a family.

What each reaches without noise in its points is a reference: the loss of predicting 0, of the
best constant and of the best single function bound what a learner without adaptation can do, and
the ideal learner, where it is known, bounds what any learner can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import Estimator, Family, Moments
from explorer.core.families.numerics import Array

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Unmoved:
    """An estimator that always predicts the same function, whatever points it sees.

    Attributes:
        function: from inputs to predictions of the same shape, in float64.
    """

    function: Callable[[Array], Array]

    def before(self, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)``."""
        values = self.function(inputs.squeeze(-1).double().numpy())
        return torch.from_numpy(np.ascontiguousarray(values)).to(inputs.dtype)

    def after(self, support_x: Tensor, support_y: Tensor, inputs: Tensor) -> Tensor:  # noqa: ARG002
        """The same."""
        return self.before(inputs)


@dataclass(frozen=True)
class ClosedForm:
    """A learner in closed form.

    Attributes:
        name: identifier on the command line.
        label: what people read.
        source: what it knows.
        start: its estimator for a task distribution; None where it is unknown.
    """

    name: str
    label: str
    source: str
    start: Callable[[Family], Estimator | None]


def _zero(_family: Family) -> Estimator:
    return Unmoved(np.zeros_like)


def _constant(family: Family) -> Estimator:
    value = best_constant(family.moments())
    return Unmoved(lambda x: np.full_like(x, value))


def _single(family: Family) -> Estimator:
    return Unmoved(lambda x: family.expected(x)[0])


def _ideal(family: Family) -> Estimator | None:
    return family.ideal()


CLOSED_FORMS = {
    learner.name: learner
    for learner in (
        ClosedForm("zero", "Predict 0", "knows nothing", _zero),
        ClosedForm("constant", "Best constant", "knows the mean of all targets", _constant),
        ClosedForm(
            "single", "Best single function",
            "knows the mean of all functions: −1.623·cos x in the paper's experiment", _single,
        ),
        ClosedForm(
            "ideal", "Ideal learner",
            "knows the family and its ranges, and makes the best of the points", _ideal,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class ReferenceLoss:
    """A loss that a learner without adaptation reaches.

    Attributes:
        label: what it is.
        mse: expected squared error, noise included.
    """

    label: str
    mse: float


def best_constant(moments: Moments) -> float:
    """The number with the least squared error: the mean of all targets."""
    return float(moments.weight @ moments.mean)


def reference_losses(family: Family) -> tuple[ReferenceLoss, ...]:
    """Predicting 0, the best constant where that differs, and the best single function."""
    moments, noise = family.moments(), family.noise**2
    power = moments.power
    constant = power - best_constant(moments) ** 2
    single = power - float(moments.weight @ moments.mean**2)
    return (
        ReferenceLoss("predict 0", power + noise),
        ReferenceLoss("best constant", constant + noise),
        ReferenceLoss("best single function", single + noise),
    )


def told_apart(losses: Sequence[ReferenceLoss]) -> list[ReferenceLoss]:
    """Those that can be drawn beside each other: of some that lie close together the first."""
    kept: list[ReferenceLoss] = []
    for each in losses:
        if not kept or each.mse < kept[-1].mse * (1 - SAME_LOSS):
            kept.append(each)
    return kept


SAME_LOSS = 0.03  # lines that lie closer would be drawn on top of each other
