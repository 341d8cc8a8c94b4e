"""From a recording to a program: what is needed, where it lies, and in how few loops."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from explorer.core.engine.layout import DIMENSIONS, LANES, Numbers, Row
from explorer.core.engine.recording import Instruction, Op, Recording, UnsupportedError, View

_SPARE = 4  # as many threads as may soon run a program again
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
        exchanged: elements of the largest tensor that is summed over threads.
        spare: memories that no run is using.
    """

    table: NDArray[np.int64]
    scalars: NDArray[np.float64]
    size: int
    constants: tuple[tuple[int, int, float], ...]
    inputs: tuple[int, ...]
    outputs: tuple[tuple[int, tuple[int, ...]], ...]
    exchanged: int
    spare: deque[Numbers] = field(default_factory=lambda: deque(maxlen=_SPARE), compare=False)


def assemble(recording: Recording) -> Program:
    """Lay out memory and write the table.

    Raises:
        UnsupportedError: an operation needs more nested loops than the machine has.
    """
    recording = _with_own_outputs(recording)
    instructions = _joined_in_place(_scaled_at_once(_needed(recording)), recording)
    places, size = _lay_out(instructions, recording)
    scratch = size
    rows, scalars = [], []
    for instruction in instructions:
        row = _row(instruction, places)
        if instruction.op is Op.MATMUL and _must_turn(instruction.inputs[1]):
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
        max((prod(each.out.shape) for each in instructions if each.op is Op.TOGETHER), default=0),
    )


def _with_own_outputs(recording: Recording) -> Recording:
    """Copy each output to a contiguous storage of its own, which nothing else will use."""
    instructions, sizes, outputs = list(recording.instructions), list(recording.sizes), []
    for view in recording.outputs:
        own = View(len(sizes), 0, view.shape, _contiguous(view.shape))
        sizes.append(prod(view.shape))
        instructions.append(Instruction(Op.COPY, own, (view,)))
        outputs.append(own)
    return replace(recording, instructions=instructions, sizes=sizes, outputs=outputs)


def _contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    strides = [1]
    for size in shape[:0:-1]:
        strides.insert(0, strides[0] * size)
    return tuple(strides[: len(shape)])


def _needed(recording: Recording) -> list[Instruction]:
    """Only what the outputs depend on."""
    wanted = {view.storage for view in recording.outputs}
    kept = []
    for instruction in reversed(recording.instructions):
        if instruction.out.storage in wanted:
            kept.append(instruction)
            wanted |= {view.storage for view in instruction.inputs}
    return kept[::-1]


def _scaled_at_once(instructions: list[Instruction]) -> list[Instruction]:
    """Let a sum with a multiple that nothing else needs multiply by itself: a + s·b."""
    made: dict[int, list[int]] = {}  # by which instructions, for each storage
    used: dict[int, int] = {}  # how often
    for k, each in enumerate(instructions):
        made.setdefault(each.out.storage, []).append(k)
        for view in each.inputs:
            used[view.storage] = used.get(view.storage, 0) + 1
    dropped = set()
    result = list(instructions)
    for k, each in enumerate(instructions):
        if each.op is not Op.ADD:
            continue
        a, b = each.inputs
        makers = made.get(b.storage, [])
        multiple = instructions[makers[0]] if len(makers) == 1 else each
        if (
            multiple.op is Op.AFFINE
            and multiple.scalars[1] == 0
            and multiple.out == b
            and used[b.storage] == 1
        ):
            scale = each.scalars[0] * multiple.scalars[0]
            result[k] = replace(each, inputs=(a, *multiple.inputs), scalars=(scale, 0.0))
            dropped.add(makers[0])
    return [each for k, each in enumerate(result) if k not in dropped]


def _joined_in_place(instructions: list[Instruction], recording: Recording) -> list[Instruction]:
    """Let what is copied whole into a larger storage be written there in the first place."""
    fixed = {view.storage for view in recording.inputs} | recording.constants.keys()
    contiguous = {
        view.storage
        for each in instructions
        if each.op is Op.TOGETHER
        for view in (each.out, *each.inputs)
    }
    users: dict[int, list[int]] = {}  # of each storage
    for k, each in enumerate(instructions):
        for storage in {view.storage for view in (each.out, *each.inputs)}:
            users.setdefault(storage, []).append(k)
    instructions = list(instructions)
    for copy in reversed(instructions):
        source = copy.inputs[0] if copy.op is Op.COPY else copy.out
        if copy.op is Op.COPY and source.storage not in fixed | contiguous:
            places = users[source.storage]
            moved = _moved([instructions[k] for k in places], copy, recording)
            for k, each in zip(places, moved, strict=False):
                instructions[k] = each
            if moved:
                users[copy.out.storage] = sorted({*users[copy.out.storage], *places})
    return [each for each in instructions if each.op is not Op.COPY or each.out != each.inputs[0]]


def _moved(users: list[Instruction], copy: Instruction, recording: Recording) -> list[Instruction]:
    """The users of a copy's source with the source placed in its target; none if it cannot be."""
    source, target = copy.inputs[0], copy.out
    size = recording.sizes[source.storage]
    whole = source.offset == 0 and source.strides == _contiguous(source.shape)
    if not whole or size != prod(source.shape) or source.storage == target.storage:
        return []
    levels = _levels(source, target)
    try:
        return [
            replace(
                each,
                out=_shifted(each.out, source.storage, target, levels),
                inputs=tuple(_shifted(v, source.storage, target, levels) for v in each.inputs),
            )
            for each in users
        ]
    except _CannotMoveError:
        return []


class _CannotMoveError(Exception):
    """A view of the source would have no strides in the target."""


@dataclass(frozen=True)
class _Level:
    """Elements that lie evenly in a source as in its target.

    Attributes:
        count: how many; more than any view can reach at the outermost level.
        step: from one to the next in the source.
        target_step: and in the target.
    """

    count: int
    step: int
    target_step: int


def _levels(source: View, target: View) -> list[_Level]:
    """How a contiguous source lies in its target, from the innermost level outwards."""
    levels: list[_Level] = []
    for n, step, to in zip(
        source.shape[::-1], source.strides[::-1], target.strides[::-1], strict=True
    ):
        if n == 1:
            continue
        if levels and to == levels[-1].count * levels[-1].target_step:
            levels[-1] = replace(levels[-1], count=n * levels[-1].count)
        else:
            levels.append(_Level(n, step, to))
    return levels or [_Level(1, 1, 1)]


def _shifted(view: View, storage: int, target: View, levels: list[_Level]) -> View:
    """A view of the source as one of the target.

    Raises:
        _CannotMoveError: it steps from one stretch of a level into the next.
    """
    if view.storage != storage:
        return view
    rest, offset, room = view.offset, target.offset, []
    for level in reversed(levels):
        offset += rest // level.step * level.target_step
        room.append(level.count - rest // level.step - 1)
        rest %= level.step
    room.reverse()
    strides = []
    for n, stride in zip(view.shape, view.strides, strict=True):
        if n == 1 or stride == 0:
            strides.append(0)
            continue
        at = max(i for i, level in enumerate(levels) if level.step <= stride)
        steps, remainder = divmod(stride, levels[at].step)
        room[at] -= (n - 1) * steps
        if remainder or room[at] < 0:
            raise _CannotMoveError
        strides.append(steps * levels[at].target_step)
    return View(target.storage, offset, view.shape, tuple(strides))


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


def _must_turn(b: View) -> bool:
    return b.strides[-1] != 1 and b.shape[-1] > 1


def _row(instruction: Instruction, places: dict[int, int]) -> list[int]:
    out, inputs = instruction.out, instruction.inputs or (instruction.out,)
    a, b = inputs[0], inputs[-1]
    if instruction.op is Op.MATMUL:
        if out.shape[-1] == 1 and out.strides[-2] == 1 and a.strides[-2] == 1:
            out, a, b = _turned(out), _turned(b), _turned(a)  # a row is faster than a column
        sizes, strides = _product_loops(out, a, b)
    else:
        sizes, strides = _loops(out.shape, (out.strides, a.strides, b.strides))
    starts = [places[view.storage] + view.offset for view in (out, a, b)]
    return [int(instruction.op), *starts, -1, *sizes, *strides[0], *strides[1], *strides[2]]


def _turned(matrix: View) -> View:
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
    together = steps[0] == rows * c_row and steps[1] == rows * a_row
    if batch > 1 and steps[2] == 0 and together:
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
