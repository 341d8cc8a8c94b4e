"""What a family of functions is to the rest of the program.

A family is a frozen dataclass whose fields are its settings: the ranges from which the parameters
of a task are drawn, the inputs and the noise. An instance is a task distribution p(T). A further
family is one file with such a class, and one line in `explorer.core.families.FAMILIES`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

from explorer.core.base.fields import Checked, Range, descriptions
from explorer.core.base.lazy_torch import np, torch
from explorer.core.base.texts import number_text, range_text, value_text
from explorer.core.families.fields import symbol_of
from explorer.core.families.numerics import CURVE_POINTS, Array, Values, between, even_inputs
from explorer.core.families.task_plane import TaskPlane

if TYPE_CHECKING:
    from torch import Tensor


# Half the width of the band that is shown around predictions, in σ: a normal distribution has
# 95.4 % inside.
DEVIATIONS = 2.0


class Parameter(NamedTuple):
    """A number that tells one task of a family from another, as a slider shows it.

    Attributes:
        label: name with its symbol.
        bounds: the values that are drawn.
        column: its place in the task's vector.
        choices: names of its values 0, 1, … if it is a choice; else empty.
        mode: value of the first column at which it matters; None if it always does.
    """

    label: str
    bounds: Range
    column: int
    choices: tuple[str, ...] = ()
    mode: int | None = None


class Moments(NamedTuple):
    """What is expected of a family's functions at inputs, over all tasks.

    Attributes:
        x: inputs, ``(G,)``.
        weight: share of the inputs drawn that each stands for, ``(G,)``, summing to 1.
        mean: E[f(x)], ``(G,)``: the best single function.
        square: E[f(x)²], ``(G,)``.
    """

    x: Array
    weight: Array
    mean: Array
    square: Array

    @property
    def power(self) -> float:
        """E[f(x)²] over tasks and inputs: what predicting zero costs without noise."""
        return float(self.weight @ self.square)


class Estimator(Protocol):
    """A learner in closed form: it predicts from points, without a network."""

    def before(self, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)`` before any point is seen."""

    def after(self, support_x: Tensor, support_y: Tensor, inputs: Tensor) -> Tensor:
        """Predictions ``(T, G)`` at inputs ``(T, G, 1)`` from points ``(T, K, 1)``."""


@runtime_checkable
class Uncertain(Protocol):
    """An estimator that knows how far off its predictions may be."""

    def deviation(self, support_x: Tensor, inputs: Tensor) -> Tensor:
        """Standard deviation ``(T, G)`` of targets at inputs ``(T, G, 1)``, given ``(T, K, 1)``.

        K may be 0, before any point is seen.
        """


class Family(Checked, ABC):
    """A family of functions with the ranges of its tasks: a task distribution.

    A task is a vector of ``size`` numbers; tensors of tasks are ``(…, T, 1, P)`` with P = size.

    Attributes:
        name: identifier in files and on the command line.
        label: what people read.
        source: where the definition is from.
        x: range of the inputs.
        noise: standard deviation σ of the noise on targets.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    source: ClassVar[str]

    # Fields of every family, declared in each so that they follow its own.
    x: Range
    noise: float

    # A constant of most families, which in some depends on their settings.
    @property
    @abstractmethod
    def formula(self) -> str:
        """The function, for the reader."""

    @property
    @abstractmethod
    def size(self) -> int:
        """P, how many numbers make a task."""

    def changed(self, **values: Any) -> Self:
        """The same family with other values of some settings."""
        same: Any = self
        changed: Self = replace(same, **values)
        return changed

    @property
    def uniforms(self) -> int:
        """How many uniform random numbers it takes to draw a task."""
        return self.size

    @property
    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that can be set by hand; none where only drawing makes sense."""

    @abstractmethod
    def task(self, u: Values) -> Values:
        """Tasks ``(…, T, P)`` from uniform numbers ``(…, T, uniforms)``."""

    @abstractmethod
    def function(self, x: Values, task: Values) -> Values:
        """f(x), for inputs and parameters that broadcast: ``(…, K, 1)`` and ``(…, 1, P)``.

        Written with `library` for tensors and arrays alike: the window needs values on a function
        before PyTorch is loaded.
        """

    def inputs(self, u: Tensor, task: Tensor) -> Tensor:  # noqa: ARG002 - some depend on the task
        """Inputs ``(…, T, K, 1)`` from as many uniform numbers, of tasks ``(…, T, 1, P)``."""
        inputs: Tensor = between(u, self.x)
        return inputs

    def grid(self, points: int, task: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Inputs at which errors are taken, evenly over those that are drawn.

        Returns:
            ``(G,)``, the same for all tasks; or ``(T, G)`` where inputs depend on the task
            ``(T, 1, P)`` and tasks are given.
        """
        return torch.linspace(self.x.low, self.x.high, points)

    @abstractmethod
    def expected(self, x: Array) -> tuple[Array, Array]:
        """E[f(x)], which is the best single function, and E[f(x)²] over all tasks, at x."""

    def moments(self) -> Moments:
        """What is expected, over inputs as they are drawn."""
        x, weight = even_inputs(self.x)
        return Moments(x, weight, *self.expected(x))

    def ideal(self) -> Estimator | None:
        """The Bayes-optimal learner, which knows the family and its ranges; None if unknown."""
        return None

    def plane(self) -> TaskPlane | None:
        """The plane that holds all its functions; None if it takes more than two directions."""
        return None

    def reach(self, task: Sequence[float]) -> float:
        """Largest |f(x)| of a task within the range of inputs, for the axes of a plot."""
        x = np.linspace(self.x.low, self.x.high, CURVE_POINTS)[:, None]
        return float(np.abs(self.function(x, np.array([task]))).max())

    def drawn(self, draws: random.Random) -> tuple[float, ...]:
        """One task at random."""
        u = np.array([[draws.random() for _ in range(self.uniforms)]])
        return tuple(self.task(u)[0].tolist())

    def value(self, x: float, task: Sequence[float]) -> float:
        """f(x) of one task at one input."""
        return float(self.function(np.array([[x]]), np.array([task])).item())

    @property
    def height(self) -> float:
        """How high plots of tasks of the family reach, so that most of them fit."""
        return float(2.5 * np.sqrt(self.moments().square.max()))

    def text(self) -> str:
        """All of its ranges, for the reader."""
        return ", ".join(self._parts().values())

    def difference(self, other: Family) -> str:
        """What differs from another, in this one's values; empty if nothing does."""
        if type(other) is not type(self):
            return f"{self.label} ({self.text()})"
        theirs = other._parts()
        return ", ".join(text for name, text in self._parts().items() if text != theirs[name])

    def _parts(self) -> dict[str, str]:
        parts = {}
        for name, description in descriptions(type(self)).items():
            value = getattr(self, name)
            symbol = symbol_of(description)
            if name == "noise":
                parts[name] = f"noise σ = {number_text(value)}" if value else "no noise"
            elif description.kind == "range":
                parts[name] = f"{symbol} from {range_text(value, description)}"
            else:
                parts[name] = f"{symbol} = {value_text(description, value)}"
        return parts


def ranged(family: Family, *names: str) -> tuple[Parameter, ...]:
    """The parameters whose ranges are settings of the family, one column each in this order."""
    known = descriptions(type(family))
    return tuple(
        Parameter(known[name].label, getattr(family, name), column)
        for column, name in enumerate(names)
    )
