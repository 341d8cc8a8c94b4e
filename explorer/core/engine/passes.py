"""Leaves out of a recording what need not be done: unused results, copies, extra passes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from explorer.core.base.cancellation import check_cancelled
from explorer.core.engine.layout import Op
from explorer.core.engine.recording import Instruction, Recording, View


def simplified(recording: Recording) -> Recording:
    """The same, to be laid out: only what is needed, in as few instructions as do.

    Each output is a contiguous storage of its own, which nothing else will use.
    """
    recording = _with_own_outputs(recording)
    instructions = _joined_in_place(_scaled_at_once(_needed(recording)), recording)
    return replace(recording, instructions=instructions)


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
    """Let a sum with a multiple that nothing else needs multiply by itself: a + s·b.

    A multiple of such a multiple does so too.
    """
    made: dict[int, list[int]] = {}  # by which instructions, for each storage
    used: dict[int, int] = {}  # how often
    for k, each in enumerate(instructions):
        made.setdefault(each.out.storage, []).append(k)
        for view in each.inputs:
            used[view.storage] = used.get(view.storage, 0) + 1
    dropped = set()
    result = list(instructions)
    for k, each in enumerate(instructions):
        if each.op not in {Op.ADD, Op.AFFINE}:
            continue
        *a, b = each.inputs
        makers = made.get(b.storage, [])
        multiple = result[makers[0]] if len(makers) == 1 else each
        if (
            multiple.op is Op.AFFINE
            and multiple.scalars[1] == 0
            and multiple.out == b
            and used[b.storage] == 1
        ):
            scale = each.scalars[0] * multiple.scalars[0]
            scalars = (scale, each.scalars[1])
            result[k] = replace(each, inputs=(*a, *multiple.inputs), scalars=scalars)
            dropped.add(makers[0])
    return [each for k, each in enumerate(result) if k not in dropped]


def _joined_in_place(instructions: list[Instruction], recording: Recording) -> list[Instruction]:
    """Let what is copied whole into a larger storage be written there in the first place."""
    fixed = {view.storage for view in recording.inputs} | recording.constants.keys()
    for each in instructions:
        if each.op is Op.ALL_REDUCE:  # what is exchanged must stay contiguous
            fixed |= {view.storage for view in (each.out, *each.inputs)}
    users: dict[int, list[int]] = {}  # of each storage
    for k, each in enumerate(instructions):
        for storage in {view.storage for view in (each.out, *each.inputs)}:
            users.setdefault(storage, []).append(k)
    instructions = list(instructions)
    for copy in reversed(instructions):
        check_cancelled()
        if copy.op is not Op.COPY or copy.inputs[0].storage in fixed:
            continue
        places = users[copy.inputs[0].storage]
        moved = _moved([instructions[k] for k in places], copy, recording)
        for k, each in zip(places, moved, strict=False):
            instructions[k] = each
        if moved:
            users[copy.out.storage] = sorted({*users[copy.out.storage], *places})
    return [each for each in instructions if each.op is not Op.COPY or not _to_itself(each)]


def _to_itself(copy: Instruction) -> bool:
    """Whether source and target are the same elements; where there is one, no stride matters."""
    source, target = copy.inputs[0], copy.out
    if (source.storage, source.offset, source.shape) != (
        target.storage, target.offset, target.shape,
    ):  # fmt: skip
        return False
    strides = zip(source.shape, source.strides, target.strides, strict=True)
    return all(n == 1 or step == to for n, step, to in strides)


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
