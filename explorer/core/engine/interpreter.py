"""The machine: an interpreter of programs, compiled once, which runs without Python.

All numbers lie in one array, the memory. A program is a table of integers, one row for each
instruction (see `layout.Row`), and a table of scalars; it knows nothing of learners or of
networks, so nothing is ever compiled but `run`. Only `build` imports this file.
"""

import math

from numba import njit

from explorer.core.engine.barrier import announce, wait_for
from explorer.core.engine.elementwise import add, apply_to_lines, move, single_tanh
from explorer.core.engine.layout import BARRIER_SIZE, LANES, Integers, Numbers, Op, Row
from explorer.core.engine.matmul import ROWS, WIDE_ROWS, dots, tile, transpose

INNER = 128  # length of a sum before the next is begun: its factors stay in the nearest cache

_OP, _OUT, _A, _B, _SCRATCH = (int(row) for row in (Row.OP, Row.OUT, Row.A, Row.B, Row.SCRATCH))
_SIZES, _OUT_STRIDES = int(Row.SIZES), int(Row.OUT_STRIDES)
_A_STRIDES, _B_STRIDES = int(Row.A_STRIDES), int(Row.B_STRIDES)
(
    _MATMUL, _FILL, _COPY, _AFFINE, _RELU, _TANH, _SQRT, _ADD, _MULTIPLY, _DIVIDE, _LERP,
    _THRESHOLD, _ACCUMULATE, _ALL_REDUCE,
) = (int(op) for op in Op)  # fmt: skip


@njit(error_model="numpy")
def _height(rows: int, most: int) -> int:
    """Rows of a tile, so that the last one is not much lower than the others."""
    tiles = max((rows + most - 1) // most, 1)
    return max((rows + tiles - 1) // tiles, 1)


@njit(error_model="numpy")
def _tile(
    memory: Numbers, rows: int, columns: int, inner: int, onward: int, c: int, c_row: int,
    a: int, a_row: int, a_inner: int, b: int, b_inner: int,
) -> None:  # fmt: skip
    """A function of its own, so that the kernel is compiled once."""
    tile(  # type: ignore[call-arg]
        memory, rows, columns, inner, onward, c, c_row, a, a_row, a_inner, b, b_inner
    )


@njit(error_model="numpy")
def _product(
    memory: Numbers, c: int, c_row: int, a: int, a_row: int, a_inner: int, b: int, b_inner: int,
    rows: int, columns: int, inner: int, wide_height: int, height: int,
) -> None:  # fmt: skip
    """C = A·B: wide tiles as far as they go, then narrow ones."""
    wide = columns // (2 * LANES) * (2 * LANES)
    for k in range(0, max(inner, 1), INNER):
        length = min(INNER, inner - k)
        left, right = a + k * a_inner, b + k * b_inner
        if wide > 0:
            for i in range(0, rows, wide_height):
                for j in range(0, wide, 2 * LANES):
                    _tile(
                        memory, min(wide_height, rows - i), 2 * LANES, length, k,
                        c + i * c_row + j, c_row, left + i * a_row, a_row, a_inner,
                        right + j, b_inner,
                    )  # fmt: skip
        for j in range(wide, columns, LANES):
            for i in range(0, rows, height):
                _tile(
                    memory, min(height, rows - i), min(LANES, columns - j), length, k,
                    c + i * c_row + j, c_row, left + i * a_row, a_row, a_inner,
                    right + j, b_inner,
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
            transpose(  # type: ignore[call-arg]
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
    wide_height, height = _height(rows, WIDE_ROWS), _height(rows, ROWS)
    for t in range(batch):
        place, b_inner = b + t * b_strides[0], b_strides[3]
        if scratch >= 0:  # the columns of b must lie side by side
            if t == 0 or b_strides[0] != 0:
                _lay_out(memory, scratch, place, b_inner, b_strides[2], inner, columns)
            place, b_inner = scratch, columns
        if columns == 1 and a_strides[3] == 1 and b_inner == 1:
            dots(  # type: ignore[call-arg]
                memory, rows, inner, c + t * c_strides[0], c_strides[1],
                a + t * a_strides[0], a_strides[1], place,
            )  # fmt: skip
            continue
        _product(
            memory, c + t * c_strides[0], c_strides[1],
            a + t * a_strides[0], a_strides[1], a_strides[3], place, b_inner,
            rows, columns, inner, wide_height, height,
        )  # fmt: skip


@njit(error_model="numpy")
def _number(op: int, a: float, b: float, s: float, t: float, old: float) -> float:
    """An elementwise operation on single numbers."""
    if op == _COPY:
        result = a
    elif op == _FILL:
        result = s
    elif op == _AFFINE:
        result = s * a + t
    elif op == _RELU:
        result = old * 0 if a <= 0 else a
    elif op == _TANH:
        result = single_tanh(a)  # type: ignore[call-arg]
    elif op == _SQRT:
        result = math.sqrt(a)
    elif op == _ADD:
        result = a + s * b
    elif op == _MULTIPLY:
        result = a * b
    elif op == _DIVIDE:
        result = a / b
    elif op == _LERP:
        result = a + s * (b - a)
    elif op == _THRESHOLD:
        result = old * 0 if b <= 0 else a
    else:
        result = old + s * a
    return result


@njit(error_model="numpy")
def _elementwise(memory: Numbers, row: Integers, s: float, t: float) -> None:
    """Lines at once where their elements lie side by side, else one number after the other."""
    op, height, count = row[_OP], row[_SIZES + 2], row[_SIZES + 3]
    o, i, j = row[_OUT_STRIDES + 3], row[_A_STRIDES + 3], row[_B_STRIDES + 3]
    side_by_side = o == 1 and i == 1 and j in (0, 1)
    out_line, a_line, b_line = row[_OUT_STRIDES + 2], row[_A_STRIDES + 2], row[_B_STRIDES + 2]
    for u in range(row[_SIZES]):
        for v in range(row[_SIZES + 1]):
            out = row[_OUT] + u * row[_OUT_STRIDES] + v * row[_OUT_STRIDES + 1]
            a = row[_A] + u * row[_A_STRIDES] + v * row[_A_STRIDES + 1]
            b = row[_B] + u * row[_B_STRIDES] + v * row[_B_STRIDES + 1]
            if side_by_side:
                apply_to_lines(  # type: ignore[call-arg]
                    memory, op, height, count, out, out_line, a, a_line, b, b_line, j, s, t
                )
                continue
            for z in range(height):
                to, left, right = out + z * out_line, a + z * a_line, b + z * b_line
                if op == _COPY:  # columns of ones, many and short
                    for k in range(count):
                        memory[to + k * o] = memory[left + k * i]
                    continue
                for k in range(count):
                    x, y, old = memory[left + k * i], memory[right + k * j], memory[to + k * o]
                    memory[to + k * o] = _number(op, x, y, s, t, old)


@njit(error_model="numpy")
def _sum_over_threads(
    memory: Numbers, row: Integers, shared: Numbers, arrivals: Integers, me: int, barrier: int
) -> None:
    """Every thread writes down its parts, and adds up those of all in the same order.

    Barriers of odd and of even number use different halves of what is shared. So a thread may write
    down its next parts while another still adds up these. It cannot write the ones after that: to
    get there it must first pass a barrier with that other thread.
    """
    threads, half = len(arrivals) // BARRIER_SIZE, barrier % 2
    parts, count, out, a = row[_SIZES + 2], row[_SIZES + 3], row[_OUT], row[_A]
    if threads == 1:
        move(memory, out, memory, a, count)  # type: ignore[call-arg]
        for part in range(1, parts):
            add(memory, out, memory, a + part * count, count)
        return
    size = len(shared) // (2 * threads)
    first = half * threads * size
    move(shared, first + me * size, memory, a, parts * count)  # type: ignore[call-arg]
    arrivals[me * BARRIER_SIZE + 1 + half] = parts
    announce(arrivals, me * BARRIER_SIZE, barrier)
    for thread in range(threads):
        wait_for(arrivals, thread * BARRIER_SIZE, barrier)
        for part in range(arrivals[thread * BARRIER_SIZE + 1 + half]):
            place = first + thread * size + part * count
            if thread == 0 and part == 0:
                move(memory, out, shared, place, count)
            else:
                add(memory, out, shared, place, count)


@njit(error_model="numpy")
def run(
    memory: Numbers,
    program: Integers,
    scalars: Numbers,
    rounds: int,
    given: Numbers,
    given_to: Integers,
    made: Numbers,
    made_from: Integers,
    carried: Integers,
    shared: Numbers,
    arrivals: Integers,
    me: int,
) -> None:
    """Run a program over and over.

    Args:
        memory: all numbers, changed in place.
        program: ``(instructions, Row.WIDTH)``.
        scalars: s and t of each instruction, ``(instructions, 2)``.
        rounds: how often.
        given: what each round is given, ``(rounds · X,)``.
        given_to: the parts of memory that it goes to, ``(parts, 2)``: place, how many.
        made: what each round makes, ``(rounds · Y,)``, written here.
        made_from: the parts of memory that it is found in, ``(parts, 2)``.
        carried: what moves in memory after each round, ``(parts, 3)``: from, to, how many.
        shared: where threads exchange what they sum, ``(2 · threads · size of the largest,)``.
        arrivals: how often each thread has done so, and how many parts it brought to the last and
            the one before; zeros, `BARRIER_SIZE` for each.
        me: number of this thread; all of them must be running at once.
    """
    barrier = taken = written = 0
    for _ in range(rounds):
        for k in range(len(given_to)):
            place, count = given_to[k]
            move(memory, place, given, taken, count)  # type: ignore[call-arg]
            taken += count
        for k in range(len(program)):
            op = program[k, _OP]
            if op == _MATMUL:
                _matmul(memory, program[k])
            elif op == _ALL_REDUCE:
                barrier += 1
                _sum_over_threads(memory, program[k], shared, arrivals, me, barrier)
            else:
                _elementwise(memory, program[k], scalars[k, 0], scalars[k, 1])
        for k in range(len(made_from)):
            place, count = made_from[k]
            move(made, written, memory, place, count)  # type: ignore[call-arg]
            written += count
        for k in range(len(carried)):
            start, end, count = carried[k]
            move(memory, end, memory, start, count)  # type: ignore[call-arg]
