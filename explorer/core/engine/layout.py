"""How programs and memory are laid out: what the machine and those who write for it agree on."""

from enum import IntEnum, auto

import numpy as np
from numpy.typing import NDArray

LANES = 8  # numbers in a vector: an AVX register of float32
DIMENSIONS = 4  # of an instruction's loops
BARRIER_SIZE = 16  # integers of each thread in `arrivals`, so that no two share a cache line

Numbers = NDArray[np.float32 | np.float64]
Integers = NDArray[np.int64]


class Op(IntEnum):
    """What an instruction does to its operands a and b with its scalars s and t."""

    MATMUL = 0  # matrix product ab, summed over what a and b share
    FILL = auto()  # s
    COPY = auto()  # a
    AFFINE = auto()  # s·a + t
    RELU = auto()
    TANH = auto()
    SQRT = auto()
    ADD = auto()  # a + s·b
    MULTIPLY = auto()
    DIVIDE = auto()
    LERP = auto()  # a + s·(b − a)
    THRESHOLD = auto()  # a where b > 0, elsewhere 0
    ACCUMULATE = auto()  # adds s·a to what is there; broadcast outputs are sums
    ALL_REDUCE = auto()  # the sum of the rows of a of all threads that run the loop


class Row(IntEnum):
    """The columns of a program.

    Sizes are those of `DIMENSIONS` nested loops, strides (of the result, a and b) one for each of
    them. Of a product they are batch, rows, columns and inner index.
    """

    OP = 0
    OUT = 1  # where the result, a and b begin in the memory
    A = 2
    B = 3
    SCRATCH = 4  # where a product may lay out b anew
    SIZES = 5
    OUT_STRIDES = 9
    A_STRIDES = 13
    B_STRIDES = 17
    WIDTH = 21
