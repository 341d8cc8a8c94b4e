"""From a recording to a program: where everything lies, and in how few loops."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from explorer.core.base.cancellation import check_cancelled
from explorer.core.engine.layout import DIMENSIONS, LANES, Op, Row
from explorer.core.engine.passes import simplified
from explorer.core.engine.recording import Instruction, Recording, UnsupportedError, View

_ALIGNMENT = 16  # elements: a cache line of float32


@dataclass(frozen=True)
class Program:
    """A recording ready to run.

    Attributes:
        table: see `layout.Row`.
        scalars: s and t of each instruction, ``(instructions, 2)`` float64.
        size: elements of memory that it needs.
        constants: where a value stands throughout: from, how many, value.
        inputs: where each input goes.
        outputs: where each output is found, contiguous, and its shape.
        exchanged: elements of the largest tensor whose rows are summed over threads.
    """

    table: NDArray[np.int64]
    scalars: NDArray[np.float64]
    size: int
    constants: tuple[tuple[int, int, float], ...]
    inputs: tuple[int, ...]
    outputs: tuple[tuple[int, tuple[int, ...]], ...]
    exchanged: int


def assemble(recording: Recording) -> Program:
    """Lay out memory and write the table.

    Raises:
        UnsupportedError: an operation needs more nested loops than the machine has.
    """
    recording = simplified(recording)
    instructions = recording.instructions
    places, size = _lay_out(instructions, recording)
    scratch = size
    rows, scalars = [], []
    for instruction in instructions:
        check_cancelled()
        row = _row(instruction, places)
        if instruction.op is Op.MATMUL and _must_transpose(instruction.inputs[1]):
            row[Row.SCRATCH] = scratch
            inner, columns = instruction.inputs[1].shape[-2:]
            size = max(size, scratch + inner * columns + LANES)
        rows.append(row)
        scalars.append(instruction.scalars)
    return Program(
        np.array(rows, np.int64).reshape(-1, Row.WIDTH),
        np.array(scalars, np.float64).reshape(-1, 2),
        size,
        tuple(
            (places[storage], recording.sizes[storage], value)
            for storage, value in recording.constants.items()
            if storage in places
        ),
        tuple(places[view.storage] for view in recording.inputs),
        tuple((places[view.storage], view.shape) for view in recording.outputs),
        max(
            (prod(each.inputs[0].shape) for each in instructions if each.op is Op.ALL_REDUCE),
            default=0,
        ),
    )


def _lay_out(
    instructions: Sequence[Instruction], recording: Recording
) -> tuple[dict[int, int], int]:
    """A place for every storage; those that are never needed together share theirs."""
    kept = [view.storage for view in recording.inputs]
    kept += [view.storage for view in recording.outputs]
    last = {v.storage: k for k, each in enumerate(instructions) for v in (each.out, *each.inputs)}
    kept += [storage for storage in recording.constants if storage in last]
    places: dict[int, int] = {}
    end = 0
    for storage in dict.fromkeys(kept):
        places[storage] = end
        end += _room(recording.sizes[storage])
    free: list[tuple[int, int]] = []  # place and room of gaps
    for k, each in enumerate(instructions):
        check_cancelled()
        if each.out.storage not in places:
            room = _room(recording.sizes[each.out.storage])
            fitting = [gap for gap in free if gap[1] >= room]
            if fitting:
                place, gap = min(fitting, key=lambda gap: gap[1])
                free.remove((place, gap))
                if gap > room:
                    free.append((place + room, gap - room))
            else:
                place = end
                end += room
            places[each.out.storage] = place
        for storage in {view.storage for view in (each.out, *each.inputs)} - set(kept):
            if last[storage] == k:
                free.append((places[storage], _room(recording.sizes[storage])))
                free = _merged(free)
    return places, end


def _room(size: int) -> int:
    """Room for a storage, and for whole vectors to be read behind its end."""
    return -(-(size + LANES) // _ALIGNMENT) * _ALIGNMENT


def _merged(gaps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for place, room in sorted(gaps):
        if merged and sum(merged[-1]) == place:
            merged[-1] = (merged[-1][0], merged[-1][1] + room)
        else:
            merged.append((place, room))
    return merged


def _must_transpose(b: View) -> bool:
    return b.strides[-1] != 1 and b.shape[-1] > 1


def _row(instruction: Instruction, places: dict[int, int]) -> list[int]:
    out, inputs = instruction.out, instruction.inputs or (instruction.out,)
    a, b = inputs[0], inputs[-1]
    if instruction.op is Op.MATMUL:
        if out.shape[-1] == 1 and out.strides[-2] == 1 and a.strides[-2] == 1:
            out, a, b = (
                _transposed(out),
                _transposed(b),
                _transposed(a),
            )  # a row is faster than a column
        sizes, strides = _product_loops(out, a, b)
    elif instruction.op is Op.ALL_REDUCE:
        sizes, strides = [1, 1, *a.shape], [[0] * DIMENSIONS] * 3  # all of them lie side by side
    else:
        sizes, strides = _loops(out.shape, (out.strides, a.strides, b.strides))
    starts = [places[view.storage] + view.offset for view in (out, a, b)]
    return [int(instruction.op), *starts, -1, *sizes, *strides[0], *strides[1], *strides[2]]


def _transposed(matrix: View) -> View:
    def swapped(of: tuple[int, ...]) -> tuple[int, ...]:
        return (*of[:-2], of[-1], of[-2])

    return replace(matrix, shape=swapped(matrix.shape), strides=swapped(matrix.strides))


def _product_loops(out: View, a: View, b: View) -> tuple[list[int], list[list[int]]]:
    """Batch, rows, columns and inner index; tasks that share b are rows of one product."""
    (rows, columns), inner = out.shape[-2:], a.shape[-1]
    batch = out.shape[0] if len(out.shape) == 3 else 1
    steps = [view.strides[0] if len(view.shape) == 3 else 0 for view in (out, a, b)]
    (c_row, c_column), (a_row, a_inner) = out.strides[-2:], a.strides[-2:]
    b_inner, b_column = b.strides[-2:]
    if c_column != 1 and columns > 1:
        raise UnsupportedError("a product whose columns do not lie side by side")
    if rows == 1:
        c_row, a_row = steps[0], steps[1]
    is_one_product = steps[0] == rows * c_row and steps[1] == rows * a_row
    if batch > 1 and steps[2] == 0 and is_one_product:
        batch, rows = 1, batch * rows
    return [batch, rows, columns, inner], [
        [steps[0], c_row, 1, 0],
        [steps[1], a_row, 0, a_inner],
        [steps[2], 0, b_column, b_inner],
    ]


def _loops(
    shape: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """As few nested loops as do: neighbours that all operands pass through evenly are one."""
    loops: list[tuple[int, ...]] = []  # size, then a stride for each operand; outermost first
    for n, *steps in zip(shape, *strides, strict=True):
        if n == 1:
            continue
        if loops and all(
            outer == n * step for outer, step in zip(loops[-1][1:], steps, strict=True)
        ):
            loops[-1] = (loops[-1][0] * n, *steps)
        else:
            loops.append((n, *steps))
    if len(loops) > DIMENSIONS:
        raise UnsupportedError(f"an operation over more than {DIMENSIONS} dimensions")
    loops = [(1,) + (0,) * len(strides)] * (DIMENSIONS - len(loops)) + loops
    sizes, *columns = (list(column) for column in zip(*loops, strict=True))
    return sizes, columns
