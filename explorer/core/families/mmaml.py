"""Functions of two, three or five kinds, the experiments of multimodal MAML (Vuorio et al. 2019).

Their noise of σ = 0.3 is on support and query points alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from explorer.core.base.fields import Range
from explorer.core.families.base import Family
from explorer.core.families.bent import AbsoluteValue, Tanh
from explorer.core.families.fields import input_range, target_noise
from explorer.core.families.line import Line
from explorer.core.families.mixture import Mixture
from explorer.core.families.quadratic import Quadratic
from explorer.core.families.sine import Sine

SOURCE = "Vuorio et al. 2019 (MMAML), simple_functions.py of their code"


@dataclass(frozen=True)
class Mmaml2(Mixture):
    """A sine or a line, with noise."""

    name: ClassVar[str] = "mmaml-2"
    label: ClassVar[str] = "MMAML, 2 modes"
    formula: ClassVar[str] = "A·sin(x − φ) or a·x + b"
    source: ClassVar[str] = SOURCE
    components: ClassVar[tuple[type[Family], ...]] = (Sine, Line)

    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.3)


@dataclass(frozen=True)
class Mmaml3(Mixture):
    """A sine, a line or a parabola, with noise."""

    name: ClassVar[str] = "mmaml-3"
    label: ClassVar[str] = "MMAML, 3 modes"
    formula: ClassVar[str] = "A·sin(x − φ), a·x + b or ±α(x − c)² + b"
    source: ClassVar[str] = SOURCE
    components: ClassVar[tuple[type[Family], ...]] = (Sine, Line, Quadratic)

    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.3)


@dataclass(frozen=True)
class Mmaml5(Mixture):
    """A sine, a line, a parabola, a hyperbolic tangent or an absolute value, with noise."""

    name: ClassVar[str] = "mmaml-5"
    label: ClassVar[str] = "MMAML, 5 modes"
    formula: ClassVar[str] = (
        "A·sin(x − φ), a·x + b, ±α(x − c)² + b, s·tanh(x − c) + b or s·|x − c| + b"
    )
    source: ClassVar[str] = SOURCE
    components: ClassVar[tuple[type[Family], ...]] = (Sine, Line, Quadratic, Tanh, AbsoluteValue)

    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.3)
