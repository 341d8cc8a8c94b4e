"""The machine that runs a program: loops over arrays, compiled once, without the interpreter.

All numbers lie in one array, the memory. A program is a table of integers, one row for each
instruction (see `Row`), and a table of scalars; it knows nothing of learners or of networks, so
nothing is ever compiled but this file, and what comes out is kept on disk.
"""

import math
from collections.abc import Callable
from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explorer.core.engine.recording import Op
from explorer.core.engine.tile import LANES, ROWS, tile, turn

DIMENSIONS = 4  # of an instruction's loops
INNER = 128  # length of a sum before the next is begun: its factors stay in the nearest cache

Numbers = NDArray[np.float32 | np.float64]
Integers = NDArray[np.int64]
Kernel = Callable[[Numbers, Integers, float, float], None]


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


_OP, _OUT, _A, _B, _SCRATCH = (int(row) for row in (Row.OP, Row.OUT, Row.A, Row.B, Row.SCRATCH))
_SIZES, _OUT_STRIDES = int(Row.SIZES), int(Row.OUT_STRIDES)
_A_STRIDES, _B_STRIDES = int(Row.A_STRIDES), int(Row.B_STRIDES)
(
    _MATMUL, _FILL, _COPY, _AFFINE, _RELU, _TANH, _SQRT, _ADD, _MULTIPLY, _DIVIDE, _LERP,
    _THRESHOLD, _ACCUMULATE,
) = (int(op) for op in Op)  # fmt: skip


@njit(error_model="numpy")
def _product(
    memory: Numbers, c: int, c_row: int, a: int, a_row: int, a_inner: int, b: int, b_inner: int,
    rows: int, columns: int, inner: int,
) -> None:  # fmt: skip
    """C = A·B, tile by tile, the rows dealt out evenly."""
    tiles = (rows + ROWS - 1) // ROWS
    for k in range(0, max(inner, 1), INNER):
        for i in range(tiles):
            first, last = rows * i // tiles, rows * (i + 1) // tiles
            for j in range(0, columns, LANES):
                tile(  # type: ignore[call-arg]
                    memory, last - first, min(LANES, columns - j), min(INNER, inner - k), k,
                    c + first * c_row + j, c_row, a + first * a_row + k * a_inner, a_row, a_inner,
                    b + k * b_inner + j, b_inner,
                )  # fmt: skip


@njit(error_model="numpy")
def _lay_out(
    memory: Numbers, to: int, source: int, row: int, column: int, rows: int, columns: int
) -> None:
    """Copy a matrix so that its columns lie side by side."""
    whole_rows, whole_columns = rows // LANES * LANES, columns // LANES * LANES
    if row != 1:
        whole_rows = 0
    for k in range(0, whole_rows, LANES):
        for j in range(0, whole_columns, LANES):
            turn(  # type: ignore[call-arg]
                memory, to + k * columns + j, columns, source + k + j * column, column
            )
    for k in range(rows):
        for j in range(whole_columns if k < whole_rows else 0, columns):
            memory[to + k * columns + j] = memory[source + k * row + j * column]


@njit(error_model="numpy")
def _matmul(memory: Numbers, row: Integers) -> None:
    batch, rows, columns, inner = row[_SIZES : _SIZES + 4]
    c, a, b = row[_OUT], row[_A], row[_B]
    c_strides = row[_OUT_STRIDES : _OUT_STRIDES + 4]
    a_strides = row[_A_STRIDES : _A_STRIDES + 4]
    b_strides = row[_B_STRIDES : _B_STRIDES + 4]
    scratch = row[_SCRATCH]
    for t in range(batch):
        place, b_inner = b + t * b_strides[0], b_strides[3]
        if scratch >= 0:  # the columns of b must lie side by side
            if t == 0 or b_strides[0] != 0:
                _lay_out(memory, scratch, place, b_inner, b_strides[2], inner, columns)
            place, b_inner = scratch, columns
        _product(
            memory, c + t * c_strides[0], c_strides[1],
            a + t * a_strides[0], a_strides[1], a_strides[3], place, b_inner,
            rows, columns, inner,
        )  # fmt: skip


def _elementwise(function: Callable[[float, float, float, float], float]) -> Kernel:
    """A kernel that computes each element of the result from those of a and b, and s and t."""
    compute = njit(error_model="numpy")(function)

    @njit(error_model="numpy")
    def kernel(memory: Numbers, row: Integers, s: float, t: float) -> None:
        n0, n1, n2, n3 = row[_SIZES : _SIZES + 4]
        o0, o1, o2, o3 = row[_OUT_STRIDES : _OUT_STRIDES + 4]
        a0, a1, a2, a3 = row[_A_STRIDES : _A_STRIDES + 4]
        b0, b1, b2, b3 = row[_B_STRIDES : _B_STRIDES + 4]
        for x in range(n0):
            for y in range(n1):
                for z in range(n2):
                    o = row[_OUT] + x * o0 + y * o1 + z * o2
                    a = row[_A] + x * a0 + y * a1 + z * a2
                    b = row[_B] + x * b0 + y * b1 + z * b2
                    if o3 == 1 and a3 == 1 and b3 == 1:
                        out, left, right = (
                            memory[o : o + n3],
                            memory[a : a + n3],
                            memory[b : b + n3],
                        )
                        for k in range(n3):
                            out[k] = compute(left[k], right[k], s, t)
                    elif o3 == 1 and a3 == 1 and b3 == 0:
                        out, left, other = memory[o : o + n3], memory[a : a + n3], memory[b]
                        for k in range(n3):
                            out[k] = compute(left[k], other, s, t)
                    else:
                        for k in range(n3):
                            memory[o + k * o3] = compute(
                                memory[a + k * a3], memory[b + k * b3], s, t
                            )

    return kernel


_fill = _elementwise(lambda a, b, s, t: s)
_copy = _elementwise(lambda a, b, s, t: a)
_affine = _elementwise(lambda a, b, s, t: s * a + t)
_relu = _elementwise(lambda a, b, s, t: a if not a <= 0 else 0 * s)  # NaN stays NaN
_tanh = _elementwise(lambda a, b, s, t: math.tanh(a))
_sqrt = _elementwise(lambda a, b, s, t: math.sqrt(a))
_add = _elementwise(lambda a, b, s, t: a + s * b)
_multiply = _elementwise(lambda a, b, s, t: a * b)
_divide = _elementwise(lambda a, b, s, t: a / b)
_lerp = _elementwise(lambda a, b, s, t: a + s * (b - a))
_threshold = _elementwise(lambda a, b, s, t: a if not b <= 0 else 0 * s)


@njit(error_model="numpy")
def _accumulate(memory: Numbers, row: Integers, s: float) -> None:
    """Add s·a; the result may have fewer elements than a, and then takes sums."""
    n0, n1, n2, n3 = row[_SIZES : _SIZES + 4]
    o0, o1, o2, o3 = row[_OUT_STRIDES : _OUT_STRIDES + 4]
    a0, a1, a2, a3 = row[_A_STRIDES : _A_STRIDES + 4]
    for x in range(n0):
        for y in range(n1):
            for z in range(n2):
                o = row[_OUT] + x * o0 + y * o1 + z * o2
                a = row[_A] + x * a0 + y * a1 + z * a2
                if o3 == 1 and a3 == 1:
                    out, part = memory[o : o + n3], memory[a : a + n3]
                    for k in range(n3):
                        out[k] += s * part[k]
                else:
                    for k in range(n3):
                        memory[o + k * o3] += s * memory[a + k * a3]


@njit(error_model="numpy")
def _step(memory: Numbers, row: Integers, s: float, t: float) -> None:
    """One instruction."""
    op = row[_OP]
    if op == _MATMUL:
        _matmul(memory, row)
    elif op == _FILL:
        _fill(memory, row, s, t)
    elif op == _COPY:
        _copy(memory, row, s, t)
    elif op == _AFFINE:
        _affine(memory, row, s, t)
    elif op == _RELU:
        _relu(memory, row, s, t)
    elif op == _TANH:
        _tanh(memory, row, s, t)
    elif op == _SQRT:
        _sqrt(memory, row, s, t)
    elif op == _ADD:
        _add(memory, row, s, t)
    elif op == _MULTIPLY:
        _multiply(memory, row, s, t)
    elif op == _DIVIDE:
        _divide(memory, row, s, t)
    elif op == _LERP:
        _lerp(memory, row, s, t)
    elif op == _THRESHOLD:
        _threshold(memory, row, s, t)
    else:
        _accumulate(memory, row, s)


@njit(error_model="numpy", nogil=True, cache=True)
def run(
    memory: Numbers,
    program: Integers,
    scalars: Numbers,
    given: Numbers,
    given_to: Integers,
    made: Numbers,
    made_from: Integers,
    carried: Integers,
) -> None:
    """Run a program over and over.

    Args:
        memory: all numbers, changed in place.
        program: ``(instructions, Row.WIDTH)``.
        scalars: s and t of each instruction, ``(instructions, 2)``.
        given: what each round is given, ``(rounds, X)``.
        given_to: the parts of memory that it goes to, ``(parts, 2)``: place, how many.
        made: what each round makes, ``(rounds, Y)``, written here.
        made_from: the parts of memory that it is found in, ``(parts, 2)``.
        carried: what moves in memory after each round, ``(parts, 3)``: from, to, how many.
    """
    for i in range(len(given)):
        at = 0
        for k in range(len(given_to)):
            place, count = given_to[k]
            memory[place : place + count] = given[i, at : at + count]
            at += count
        for k in range(len(program)):
            _step(memory, program[k], scalars[k, 0], scalars[k, 1])
        at = 0
        for k in range(len(made_from)):
            place, count = made_from[k]
            made[i, at : at + count] = memory[place : place + count]
            at += count
        for k in range(len(carried)):
            start, end, count = carried[k]
            memory[end : end + count] = memory[start : start + count]
