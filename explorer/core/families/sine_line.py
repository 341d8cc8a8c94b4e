"""Sines and lines, the experiment of probabilistic MAML (PLATIPUS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from explorer.core.base.fields import Range
from explorer.core.families.base import Family
from explorer.core.families.fields import input_range, target_noise
from explorer.core.families.line import Line
from explorer.core.families.mixture import Mixture
from explorer.core.families.sine import Sine


@dataclass(frozen=True)
class SineLine(Mixture):
    """A sine or a line."""

    name: ClassVar[str] = "sine-line"
    label: ClassVar[str] = "Sine + line"
    formula: ClassVar[str] = "A·sin(x − φ) or a·x + b"
    source: ClassVar[str] = "Finn et al. 2018 (PLATIPUS), as torchmeta's sinusoid_line.py has it"
    components: ClassVar[tuple[type[Family], ...]] = (Sine, Line)

    x: Range = input_range(-5.0, 5.0)
    noise: float = target_noise(0.0)
