"""Mixtures of families: each task is a function of one of several kinds, its mode."""

from __future__ import annotations

from dataclasses import Field, field, fields, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from explorer.core.base.fields import Range
from explorer.core.families.base import Family, Parameter
from explorer.core.families.numerics import Array, Values, library

COMMON = ("x", "noise")  # settings of a component that are the mixture's


class Mixture(Family):
    """A family with several components, each of which makes an equal share of every batch.

    A task is the number of its component, followed by the parameters of all components, of which
    those of its own matter. The settings are those of the components, each under the component's
    name and its own: ``sine_amplitude``.

    Attributes:
        components: the kinds of functions, by mode.
    """

    components: ClassVar[tuple[type[Family], ...]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Declare the components' settings before those of the class itself."""
        super().__init_subclass__(**kwargs)
        settings = {
            f"{kind.name}_{each.name}": _of_component(kind, each)
            for kind in cls.components
            for each in _own_settings(kind)
        }
        for name, declared in settings.items():
            setattr(cls, name, declared)
        cls.__annotations__ = {**dict.fromkeys(settings, "Range"), **cls.__annotations__}

    @cached_property
    def parts(self) -> tuple[Family, ...]:
        """The components with their settings in this mixture, without noise."""
        return tuple(self._part(kind) for kind in self.components)

    def _part(self, kind: Any) -> Family:
        names = [each.name for each in _own_settings(kind)]
        own = {name: getattr(self, f"{kind.name}_{name}") for name in names}
        part: Family = kind(x=self.x, noise=0.0, **own)
        return part

    @property
    def size(self) -> int:
        """One number for the mode, and those of all components."""
        return 1 + sum(part.size for part in self.parts)

    @property
    def uniforms(self) -> int:
        """One for the mode, and those of all components."""
        return 1 + sum(part.uniforms for part in self.parts)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The mode, and the parameters of each component, which matter at its mode."""
        labels = tuple(part.label for part in self.parts)
        result = [Parameter("Kind of function", Range(0.0, len(labels) - 1.0), 0, labels)]
        first = 1
        for mode, part in enumerate(self.parts):
            result += [
                each._replace(
                    label=f"{part.label}: {each.label}", column=first + each.column, mode=mode
                )
                for each in part.parameters
            ]
            first += part.size
        return tuple(result)

    def task(self, u: Values) -> Values:
        """The mode, then the parameters of every component.

        Modes take turns over the T tasks of a batch, so that their shares in it are equal; the
        first uniform number decides where they begin, so that one task alone has any mode.
        """
        modes, tasks = len(self.parts), u.shape[-2]
        of = library(u)
        places = of.arange(tasks, dtype=of.float64) / tasks
        first = of.asarray(u[..., :1, 0], dtype=of.float64)  # or shares would not be exact
        turn = of.floor(of.remainder(first + places, 1.0) * modes)
        mode = of.asarray(of.clip(turn, 0, modes - 1), dtype=u.dtype)[..., None]
        drawn = _cut(u, [part.uniforms for part in self.parts])
        of_parts = [part.task(own) for part, own in zip(self.parts, drawn, strict=True)]
        return of.concatenate([mode, *of_parts], -1)

    def function(self, x: Values, task: Values) -> Values:
        """The function of the task's own component."""
        mode, own = task[..., :1], _cut(task, [part.size for part in self.parts])
        values = [part.function(x, each) for part, each in zip(self.parts, own, strict=True)]
        result = values[0]
        for number, value in enumerate(values[1:], 1):
            result = library(task).where(mode == number, value, result)
        return result

    def expected(self, x: Array) -> tuple[Array, Array]:
        """The mean over the components of what is expected of each."""
        means, squares = zip(*(part.expected(x) for part in self.parts), strict=True)
        return sum(means) / len(means), sum(squares) / len(squares)

    def _parts(self) -> dict[str, str]:
        parts = super()._parts()
        return {
            name: text if name in COMMON else f"{name.partition('_')[0]} {text}"
            for name, text in parts.items()
        }


def _own_settings(kind: Any) -> list[Field[Any]]:
    """The settings of a component that the mixture has not."""
    return [each for each in fields(kind) if each.name not in COMMON]


def _cut(values: Values, sizes: list[int]) -> list[Values]:
    """Columns of each component, in a row after the first column, which is the mode's."""
    ends = list(accumulate(sizes, initial=1))
    return [values[..., first:last] for first, last in pairwise(ends)]


def _of_component(kind: type[Family], setting: Field[Any]) -> Any:
    """A component's setting as one of the mixture."""
    own = setting.metadata["description"]
    described = replace(own, label=f"{kind.label}: {own.label}")
    return field(default=setting.default, metadata={"description": described})
