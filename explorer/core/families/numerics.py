"""Maths that families are written with, for tensors and arrays alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from explorer.core.base.fields import Range
from explorer.core.base.lazy_torch import np, torch

if TYPE_CHECKING:
    from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
else:
    Array = Any  # NumPy takes its time to import, and --help does not need it
Values = Any  # a tensor, or an array of the same shape

SMALLEST = 2.0**-25  # half the step of uniform numbers, which can be 0
# Inputs for means over a range: fine enough for jumps and kinks to cost less than 0.1 %.
INTEGRATION_POINTS = 4001
CURVE_POINTS = 201  # at which a curve is drawn


def library(array: object) -> Any:
    """NumPy or PyTorch, whichever an array belongs to; functions in both have the same names."""
    return np if isinstance(array, np.ndarray) else torch


def in_torch(maths: Callable[[Tensor], Tensor], u: Values) -> Values:
    """Maths that PyTorch alone has, for tensors and arrays alike."""
    return maths(u) if library(u) is torch else maths(torch.from_numpy(u)).numpy()


def normal(u: Values) -> Values:
    """Standard normal numbers from uniform ones, by the inverse of their distribution."""
    return in_torch(lambda v: torch.special.ndtri(v.clamp(SMALLEST, 1 - 2 * SMALLEST)), u)


def between(u: Values, bounds: Range) -> Values:
    """Values of a range from uniform numbers."""
    return bounds.low + (bounds.high - bounds.low) * u


def uniformly(u: Values, *ranges: Range) -> Values:
    """Values of some ranges ``(…, P)`` from uniform numbers ``(…, P)``, a column of each."""
    pairs = zip(columns(u), ranges, strict=True)
    return library(u).concatenate([between(column, bounds) for column, bounds in pairs], -1)


def one_half(u: Values) -> Values:
    """1 for one half of the tasks and 0 for the other, from uniform numbers."""
    return library(u).where(u >= 0.5, 1.0, 0.0)


def density_within(values: Tensor, bounds: Range) -> Tensor:
    """The density at values of what is drawn uniformly from a range."""
    inside = (values >= bounds.low) & (values <= bounds.high)
    return inside.to(values.dtype) / (bounds.high - bounds.low)


def mean_wave(bounds: Range, t: Array | float) -> NDArray[np.complex128]:
    """E[e^(itu)] for u drawn uniformly: its real part is E[cos tu], its imaginary E[sin tu]."""
    half = (bounds.high - bounds.low) / 2
    wave: NDArray[np.complex128] = np.exp(1j * bounds.mean * t) * np.sinc(half * t / np.pi)
    return wave


def even_inputs(bounds: Range, points: int = INTEGRATION_POINTS) -> tuple[Array, Array]:
    """Inputs spread evenly over a range with their weights, for means over it (Simpson's rule)."""
    x = np.linspace(bounds.low, bounds.high, points)
    weight = np.full(points, 2.0)
    weight[1::2] = 4.0
    weight[[0, -1]] = 1.0
    return x, weight / weight.sum()


def grid_of(*values: Array) -> Array:
    """Every combination of some values, ``(N, P)``; the last runs fastest."""
    axes = np.meshgrid(*values, indexing="ij")
    combinations: Array = np.stack([axis.ravel() for axis in axes], -1)
    return combinations


def columns(task: Values) -> Iterator[Values]:
    """The parameters of tasks ``(…, 1, P)`` one by one, ``(…, 1, 1)`` each."""
    for column in range(task.shape[-1]):
        yield task[..., column : column + 1]
