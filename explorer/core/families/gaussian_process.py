"""Samples of Gaussian processes: random functions of which only their smoothness is known.

A stationary process on a circle is a Fourier series with independent normal weights, whose
variances are the Fourier coefficients of the kernel (Rasmussen and Williams 2006, section 4.2 and
appendix B). A range of inputs is laid on a circle so large that its ends do not feel each other;
a periodic kernel has a circle of its own.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Range, setting
from explorer.core.base.lazy_torch import np, torch
from explorer.core.families.base import Family, Parameter
from explorer.core.families.fields import TASKS, input_range, target_noise
from explorer.core.families.linear_estimator import LinearEstimator
from explorer.core.families.numerics import Array, Values, library, normal

if TYPE_CHECKING:
    from torch import Tensor

# Points on the circle at which the kernel is sampled for its Fourier coefficients: so many that
# what belongs to still higher frequencies is nothing beside the share below.
CIRCLE_POINTS = 2**14
UNFELT = 1e-7  # correlation that counts as none: the resolution of float32
# Share of the variance that the frequencies left out have: never more than allowed, and as little
# as wanted where few frequencies afford it: without noise, many points would show the difference.
WANTED_OUT, ALLOWED_OUT, AFFORDED = 1e-12, 1e-4, 100
MAX_SIZE = 399  # weights: more, and drawing tasks would take longer than training on them


class Spectrum(NamedTuple):
    """A process on a circle as a Fourier series.

    Attributes:
        frequencies: ω_k in radians per unit of x, from 0 up, ``(F,)``.
        scales: √a_k, standard deviation of the weights of cos ω_k x and of sin ω_k x, ``(F,)``.
    """

    frequencies: Array
    scales: Array


class GaussianProcess(Family):
    """Functions drawn from a Gaussian process of mean 0 and variance 1.

    A task is the vector of standard normal weights z of the Fourier features Φ(x): f = Φz.
    """

    length_scale: float

    def __post_init__(self) -> None:
        """Check that the functions are not too rough for the range of inputs.

        Raises:
            SettingsError: they are, or a value is out of bounds.
        """
        super().__post_init__()
        needed = 2 * _count(self._shares(), ALLOWED_OUT) - 1
        if needed > MAX_SIZE:
            raise SettingsError(
                "length_scale",
                f"Functions this rough take {needed} numbers each, and {MAX_SIZE} are the most: "
                "raise the length scale ℓ or narrow the range of x.",
            )

    @abstractmethod
    def kernel(self, distance: Array) -> Array:
        """Covariance of f(x) and f(x′) at distances |x − x′|."""

    @property
    @abstractmethod
    def circumference(self) -> float:
        """Length of the circle on which the kernel repeats itself."""

    @cached_property
    def spectrum(self) -> Spectrum:
        """The lowest frequencies, scaled up by the share left out, so that the variance is 1."""
        shares = self._shares()
        wanted = min(_count(shares, WANTED_OUT), AFFORDED)
        kept = shares[: max(wanted, _count(shares, ALLOWED_OUT))]
        first = 2 * math.pi / self.circumference
        return Spectrum(first * np.arange(float(len(kept))), np.sqrt(kept / kept.sum()))

    def _shares(self) -> Array:
        """Share of the variance that each frequency has, from 0 up."""
        distance = np.linspace(0.0, self.circumference, CIRCLE_POINTS, endpoint=False)
        shares = np.maximum(np.fft.rfft(self._on_circle(distance)).real, 0.0)
        shares[1:-1] *= 2  # each stands for −ω too
        total: Array = shares / shares.sum()
        return total

    def _on_circle(self, distance: Array) -> Array:
        """The kernel at distances along a circle."""
        return self.kernel(distance)

    @property
    def size(self) -> int:
        """One weight of the constant, and two of each further frequency."""
        return 2 * len(self.spectrum.frequencies) - 1

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """None: a single weight of a series says nothing to anyone."""
        return ()

    def task(self, u: Values) -> Values:
        """Standard normal weights."""
        return normal(u)

    def features(self, x: Tensor) -> Tensor:
        """Φ ``(…, K, P)`` at inputs ``(…, K, 1)``: all √a_k cos ω_k x, then all √a_k sin ω_k x."""
        scales = self._scales(x)
        cos_a, sin_a, cos_b, sin_b = self._waves(x)
        cosines = _pairs(cos_a, cos_b) - _pairs(sin_a, sin_b)
        sines = _pairs(sin_a, cos_b) + _pairs(cos_a, sin_b)
        count = len(scales)
        return torch.cat([cosines[..., :count] * scales, sines[..., 1:count] * scales[1:]], -1)

    def function(self, x: Values, task: Values) -> Values:
        """Φz = Σ_k √a_k (z_k cos ω_k x + z′_k sin ω_k x).

        By the addition theorems it is a product of cosines and sines of ω_a x, a matrix made of
        each task's weights, and cosines and sines of ω_b x.
        """
        if library(x) is not torch:
            return self.function(torch.as_tensor(x), torch.as_tensor(task)).numpy()
        scales = self._scales(x)
        cos_a, sin_a, cos_b, sin_b = self._waves(x)
        count, rows, columns = len(scales), cos_a.shape[-1], cos_b.shape[-1]
        missing = rows * columns - count
        pad = torch.nn.functional.pad
        p = pad(task[..., :count] * scales, (0, missing))
        q = pad(task[..., count:] * scales[1:], (1, missing))
        shape = (*task.shape[:-2], rows, columns)
        p, q = p.reshape(shape), q.reshape(shape)
        weights = torch.cat([torch.cat([p, q], -1), torch.cat([q, -p], -1)], -2)
        left, right = torch.cat([cos_a, sin_a], -1), torch.cat([cos_b, sin_b], -1)
        return ((left @ weights) * right).sum(-1, keepdim=True)

    def _scales(self, like: Tensor) -> Tensor:
        return torch.from_numpy(self.spectrum.scales).to(like.dtype)

    def _waves(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Cosine and sine of ω_a x for a = 0, B, 2B, …, and of ω_b x for b = 0 … B − 1.

        Each ω_k is a sum ω_a + ω_b. Cosines and sines are what costs, and of these there are few.
        """
        frequencies = torch.from_numpy(self.spectrum.frequencies).to(x.dtype)
        block = math.isqrt(len(frequencies))
        coarse, fine = x * frequencies[::block], x * frequencies[:block]
        return torch.cos(coarse), torch.sin(coarse), torch.cos(fine), torch.sin(fine)

    def expected(self, x: Array) -> tuple[Array, Array]:
        """0 and the variance, 1."""
        return np.zeros_like(x), np.ones_like(x)

    def ideal(self) -> LinearEstimator:
        """Gaussian-process regression with the same features, which is Bayes-optimal."""
        return LinearEstimator(self.features, np.zeros(self.size), np.ones(self.size), self.noise)


def _count(shares: Array, left_out: float) -> int:
    """How many frequencies leave out less than that share."""
    return 1 + int(np.searchsorted(np.cumsum(shares), 1 - left_out))


def _pairs(a: Tensor, b: Tensor) -> Tensor:
    """Products of all pairs, ``(…, A·B)``."""
    return (a.unsqueeze(-1) * b.unsqueeze(-2)).flatten(-2)


class Decaying(GaussianProcess):
    """A process whose kernel fades with the distance."""

    @property
    def circumference(self) -> float:
        """The range of inputs, and as far again as the kernel reaches."""
        multiples = np.linspace(0.0, 20.0, 2001)
        felt = self.kernel(multiples * self.length_scale) > UNFELT
        return (self.x.high - self.x.low) + self.length_scale * float(multiples[felt][-1])

    def _on_circle(self, distance: Array) -> Array:
        length = self.circumference
        return sum(
            (self.kernel(np.abs(distance + turn * length)) for turn in (1, -1, -2)),
            self.kernel(distance),
        )


def length_scale(default: float) -> Any:
    """The setting of the length scale."""
    return setting(
        default, TASKS, "Length scale ℓ", "number", 0.01, 100.0, "",
        "Distance in x over which f changes noticeably.", 0.05,
    )  # fmt: skip


@dataclass(frozen=True)
class RBF(Decaying):
    """The kernel of infinitely smooth functions."""

    name: ClassVar[str] = "gp-rbf"
    label: ClassVar[str] = "Gaussian process, RBF"
    formula: ClassVar[str] = "f ~ GP with k(d) = exp(−d²/2ℓ²)"
    source: ClassVar[str] = "neuralprocesses, data/predefined.py"

    length_scale: float = length_scale(0.25)
    x: Range = input_range(-2.0, 2.0)
    noise: float = target_noise(0.0)

    def kernel(self, distance: Array) -> Array:
        """exp(−d²/2ℓ²)."""
        return np.exp(-0.5 * (distance / self.length_scale) ** 2)


@dataclass(frozen=True)
class Matern32(Decaying):
    """The kernel of functions with one derivative."""

    name: ClassVar[str] = "gp-matern32"
    label: ClassVar[str] = "Gaussian process, Matérn-3/2"
    formula: ClassVar[str] = "f ~ GP with k(d) = (1 + r)·exp(−r), r = √3·d/ℓ"
    source: ClassVar[str] = "Neural Process Family, ntbks_helpers.py: noise of variance 0.1"

    length_scale: float = length_scale(0.2)
    x: Range = input_range(-2.0, 2.0)
    noise: float = target_noise(math.sqrt(0.1))

    def kernel(self, distance: Array) -> Array:
        """(1 + r)·exp(−r) with r = √3·d/ℓ."""
        r = math.sqrt(3) * distance / self.length_scale
        return (1 + r) * np.exp(-r)


@dataclass(frozen=True)
class Matern52(Decaying):
    """The kernel of functions with two derivatives."""

    name: ClassVar[str] = "gp-matern52"
    label: ClassVar[str] = "Gaussian process, Matérn-5/2"
    formula: ClassVar[str] = "f ~ GP with k(d) = (1 + r + r²/3)·exp(−r), r = √5·d/ℓ"
    source: ClassVar[str] = "neuralprocesses, data/predefined.py"

    length_scale: float = length_scale(0.25)
    x: Range = input_range(-2.0, 2.0)
    noise: float = target_noise(0.0)

    def kernel(self, distance: Array) -> Array:
        """(1 + r + r²/3)·exp(−r) with r = √5·d/ℓ."""
        r = math.sqrt(5) * distance / self.length_scale
        return (1 + r + r * r / 3) * np.exp(-r)


@dataclass(frozen=True)
class Periodic(GaussianProcess):
    """The kernel of functions that repeat themselves."""

    name: ClassVar[str] = "gp-periodic"
    label: ClassVar[str] = "Gaussian process, periodic"
    formula: ClassVar[str] = "f ~ GP with k(d) = exp(−2·sin²(πd/p)/ℓ²)"
    source: ClassVar[str] = "Neural Process Family, ntbks_helpers.py"

    length_scale: float = length_scale(0.5)
    period: float = setting(
        0.5, TASKS, "Period p", "number", 0.01, 100.0, "",
        "Distance in x after which f repeats itself.", 0.1,
    )  # fmt: skip
    x: Range = input_range(-2.0, 2.0)
    noise: float = target_noise(0.0)

    @property
    def circumference(self) -> float:
        """One period."""
        return self.period

    def kernel(self, distance: Array) -> Array:
        """exp(−2·sin²(πd/p)/ℓ²), as a distance around the circle."""
        return np.exp(-2 * (np.sin(math.pi * distance / self.period) / self.length_scale) ** 2)
