"""A formula of one's own in x, with named parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from explorer.core.base.fields import Range, setting
from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import Family, Moments, Parameter
from explorer.core.families.fields import TASKS, input_range, target_noise
from explorer.core.families.formula_grammar import (
    INPUT,
    Node,
    RangeText,
    names,
    parse_formula,
    parse_ranges,
    refuse,
)
from explorer.core.families.formula_values import (
    MAX_VALUE,
    array_values,
    check_finite,
    tensor_values,
)
from explorer.core.families.numerics import Array, Values, columns, even_inputs, library, uniformly

if TYPE_CHECKING:
    from explorer.core.families.formula_values import AnyArray

FORMULA, RANGES = "formula", "ranges"  # names of the settings
MAX_PARAMETERS = 8
PROBED_TASKS, PROBED_INPUTS = 256, 101  # at which a formula is tried
DRAWN = 2**11  # tasks for expectations: their error is some tenths of a per cent
INPUTS = 1001  # for means over the range: a jump costs as much as the tasks do
AT_ONCE = 2**18  # values of the formula that are computed at a time
KEPT = 8  # sets of inputs whose expectations are remembered


@dataclass(frozen=True)
class Formula(Family):
    """What was typed. Its parameters are drawn uniformly from their ranges, in their order."""

    name: ClassVar[str] = "formula"
    label: ClassVar[str] = "Your own formula"
    source: ClassVar[str] = "you"

    formula: str = setting(
        "a*sin(w*x)+b", TASKS, "Formula", "text",
        help="f(x) with + − * / ^, parentheses, pi, parameters of any name, and sin, cos, tan, "
        "tanh, exp, log, sqrt, abs, sign, floor, mod(a, b), min(a, b), max(a, b).",
    )  # fmt: skip
    ranges: str = setting(
        "a: 0.1 to 5, w: 0.8 to 1.2, b: -1 to 1", TASKS, "Ranges", "text",
        help="Of each parameter of the formula, drawn uniformly for each task.",
    )  # fmt: skip
    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)

    def __post_init__(self) -> None:
        """Read the formula and its ranges, and try them.

        Raises:
            SettingsError: they cannot be read or do not fit together, or there is no finite value
                somewhere.
        """
        super().__post_init__()
        self._check_names()
        check_finite(FORMULA, self.tree, self._probe())

    @cached_property
    def tree(self) -> Node:
        """The formula as it was read."""
        return parse_formula(FORMULA, self.formula)

    @cached_property
    def bounds(self) -> dict[str, Range]:
        """The range of each parameter, in the order in which they were typed."""
        return {each.name: _bounds(each) for each in self._range_texts}

    @cached_property
    def _range_texts(self) -> list[RangeText]:
        return parse_ranges(RANGES, self.ranges)

    def _check_names(self) -> None:
        used = {each.name: each.position for each in reversed(list(names(self.tree)))}
        used.pop(INPUT, None)
        if not used:
            refuse(FORMULA, 1, "no parameter tells one task from another: name one, as in a*x")
        for each in self._range_texts:
            if each.name not in used:
                refuse(RANGES, each.position, f"'{each.name}' is not in the formula: remove it")
        for name, position in sorted(used.items(), key=lambda item: item[1]):
            if name not in self.bounds:
                refuse(
                    RANGES, len(self.ranges) + 1,
                    f"no range of '{name}' (character {position} of the formula): add one, such "
                    f"as {name}: -1 to 1",
                )  # fmt: skip
        if len(used) > MAX_PARAMETERS:
            refuse(FORMULA, 1, f"{len(used)} parameters: {MAX_PARAMETERS} are the most")

    def _probe(self) -> dict[str, AnyArray]:
        """Tasks, among them all corners of the ranges, and inputs at which to try the formula."""
        inner = np.random.default_rng(0).random((PROBED_TASKS, self.size))
        corners = np.array(list(product((0.0, 1.0), repeat=self.size)))
        tasks = self._tasks(np.concatenate([corners, inner]))
        x = np.linspace(*self.x, PROBED_INPUTS)
        if self.x.low < 0 < self.x.high:
            x = np.append(x, 0.0)
        values: dict[str, Array] = {INPUT: x[None], **tasks}
        return {name: each.astype(np.float32) for name, each in values.items()}

    def _tasks(self, u: Array) -> dict[str, Array]:
        """Values ``(T, 1)`` of each parameter from uniform numbers ``(T, P)``."""
        return {
            name: low + (high - low) * u[:, [column]]
            for column, (name, (low, high)) in enumerate(self.bounds.items())
        }

    @property
    def size(self) -> int:
        """The number of parameters."""
        return len(self.bounds)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the formula."""
        return tuple(
            Parameter(name, bounds, column)
            for column, (name, bounds) in enumerate(self.bounds.items())
        )

    def task(self, u: Values) -> Values:
        """Each parameter, uniform in its range."""
        return uniformly(u, *self.bounds.values())

    def function(self, x: Values, task: Values) -> Values:
        """The formula's values."""
        values = {INPUT: x, **dict(zip(self.bounds, columns(task), strict=True))}
        return (tensor_values if library(x) is torch else array_values)(self.tree, values)

    def expected(self, x: Array) -> tuple[Array, Array]:
        """Means over tasks that cover the ranges evenly: points of a Sobol sequence."""
        key = x.tobytes()
        if key not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            inputs, where = np.unique(x, return_inverse=True)
            mean, square = self._means(inputs)
            self._known[key] = mean[where].reshape(x.shape), square[where].reshape(x.shape)
        return self._known[key]

    def moments(self) -> Moments:
        """What is expected, at fewer inputs than where that is a closed form."""
        x, weight = even_inputs(self.x, INPUTS)
        return Moments(x, weight, *self.expected(x))

    @cached_property
    def _known(self) -> dict[bytes, tuple[Array, Array]]:
        return {}

    @cached_property
    def _even_tasks(self) -> dict[str, Array]:
        """Values ``(DRAWN, 1)`` of each parameter."""
        sobol = torch.quasirandom.SobolEngine(self.size, scramble=True, seed=0)  # type: ignore[no-untyped-call]
        return self._tasks(sobol.draw(DRAWN, dtype=torch.float64).numpy())

    def _means(self, x: Array) -> tuple[Array, Array]:
        mean, square = np.empty_like(x), np.empty_like(x)
        step = AT_ONCE // DRAWN
        for first in range(0, len(x), step):
            part = slice(first, first + step)
            values = array_values(self.tree, {INPUT: x[None, part], **self._even_tasks})
            values = np.broadcast_to(values, (DRAWN, len(x[part])))
            mean[part], square[part] = values.mean(0), np.square(values).mean(0)
        return mean, square


def _bounds(typed: RangeText) -> Range:
    """The numbers of a range.

    Raises:
        SettingsError: they are none, too large, or the wrong way round.
    """
    low, high = (float(array_values(each, {})) for each in (typed.low, typed.high))
    for end, value in ((typed.low, low), (typed.high, high)):
        if not abs(value) <= MAX_VALUE:
            refuse(RANGES, end.position, f"a range's ends lie between ±{MAX_VALUE:,.0f}")
    if not np.float32(low) < np.float32(high):
        refuse(
            RANGES, typed.position, f"the range of '{typed.name}' ends before it begins: its first "
            "number must be below the second",
        )  # fmt: skip
    return Range(low, high)
