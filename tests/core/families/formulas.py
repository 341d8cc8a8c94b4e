"""The functions of every family, written out once more in double precision."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def line(x: Array, p: Array) -> Array:
    return p[0] * x + p[1]


def sine(x: Array, p: Array) -> Array:
    return p[0] * np.sin(x - p[1])


def quadratic(x: Array, p: Array) -> Array:
    return (-1) ** int(p[0]) * p[1] * (x - p[2]) ** 2 + p[3]


def one_of(*parts: tuple[Callable[[Array, Array], Array], int]) -> Callable[[Array, Array], Array]:
    """The function of the mode in the first parameter; each has so many parameters."""

    def function(x: Array, p: Array) -> Array:
        mode = int(p[0])
        first = 1 + sum(size for _, size in parts[:mode])
        return parts[mode][0](x, p[first : first + parts[mode][1]])

    return function


FORMULAS: dict[str, Callable[[Array, Array], Array]] = {
    "sine": sine,
    "sine-frequency": lambda x, p: p[0] * np.sin(p[1] * x + p[2]),
    "formula": lambda x, p: p[0] * np.sin(p[1] * x) + p[2],
    "line": line,
    "quadratic": quadratic,
    "sine-line": one_of((sine, 2), (line, 2)),
    "mmaml-2": one_of((sine, 2), (line, 2)),
    "mmaml-3": one_of((sine, 2), (line, 2), (quadratic, 4)),
    "mmaml-5": one_of(
        (sine, 2),
        (line, 2),
        (quadratic, 4),
        (lambda x, p: p[0] * np.tanh(x - p[1]) + p[2], 3),
        (lambda x, p: p[0] * np.abs(x - p[1]) + p[2], 3),
    ),
    "harmonic": lambda x, p: p[0] * np.sin(p[4] * x + p[2]) + p[1] * np.sin(2 * p[4] * x + p[3]),
    "multistep": lambda x, p: np.where(
        np.sum([x > flip for flip in p], axis=0) % 2 == 1, 1.0, -1.0
    ),
    "sawtooth": lambda x, p: (p[1] * ((-1) ** int(p[0]) * x - p[2] / p[1])) % 1.0,
}
JUMPS = ("multistep", "sawtooth")
