"""A loop whose body is a PyTorch function, run by the machine outside Python."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from explorer.core.base.cancellation import check_cancelled
from explorer.core.base.lazy_torch import LazyModule, torch
from explorer.core.engine.access import has_machine
from explorer.core.engine.checking import checks, compare
from explorer.core.engine.layout import BARRIER_SIZE, Integers, Numbers
from explorer.core.engine.recording import UnsupportedError
from explorer.core.engine.status import STATUS

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.core.engine import native, program, tracing
else:
    native = LazyModule("explorer.core.engine.native", "LLVM")
    program, tracing = (
        LazyModule(f"explorer.core.engine.{name}", "PyTorch") for name in ("program", "tracing")
    )

Tensors = tuple["Tensor", ...]
Body = Callable[[Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]
Shard = Callable[[Tensors, int], Sequence[Tensors]]
Shapes = tuple[tuple[int, ...], ...]

_KEPT_PROGRAMS = 16  # for as many sets of shapes
_spare: deque[Numbers] = deque(maxlen=4)  # memories for as many threads as may run at once


class Loop:
    """Calls a body over and over, each time with what the last call left.

    The body takes what is carried from round to round, what this round is given, and what stays
    the same, and returns what to carry on and what this round makes. Which PyTorch calls it makes,
    and with which numbers, must not depend on the values of its tensors, nor on anything else that
    changes from call to call.
    """

    def __init__(
        self, body: Body, shard: Shard | None = None, name: str = "A loop of PyTorch calls"
    ) -> None:
        """Begin.

        Args:
            body: see above.
            shard: cuts what is given into shares for at most so many threads. Every thread carries
                on the same; the body sees all of what is given through `all_reduce`.
            name: what it does, to be named where it cannot run on the machine.
        """
        self._body, self._shard, self._name = body, shard, name
        self._program = lru_cache(_KEPT_PROGRAMS)(self._assemble)
        self._checked: set[object] = set()

    def run_plainly(
        self, carried: Tensors, given: Tensors, fixed: Tensors = ()
    ) -> tuple[Tensors, Tensors]:
        """As `run`, but as ordinary Python."""
        return self._call(carried, given, fixed)

    def run(
        self, carried: Tensors, given: Tensors, fixed: Tensors = (), threads: int = 1
    ) -> tuple[Tensors, Tensors]:
        """One round for each element of what is given; no other thread waits meanwhile.

        A body that does what the machine cannot repeat runs as ordinary Python.

        Args:
            carried: what the first round takes up.
            given: tensors whose leading axis runs over the rounds.
            fixed: what every round sees.
            threads: how many threads share the work, if the loop can be shared out.

        Returns:
            What the last round carries on, and what the rounds made, stacked.

        Raises:
            DifferenceError: the rounds are checked (see `CHECK`), and the machine is wrong.
        """
        try:
            _check_kind((*carried, *given, *fixed))
            if not has_machine(str(carried[0].dtype).removeprefix("torch.")):
                return self.run_plainly(carried, given, fixed)
            jobs = self._jobs(carried, given, fixed, threads)
        except UnsupportedError as reason:
            STATUS.say_not_recorded(self._name, str(reason))
            return self.run_plainly(carried, given, fixed)
        if checks():
            self._check(carried, given, fixed, threads)
        return _run_together(jobs)

    def _call(self, carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        made: list[Tensors] = []
        with torch.no_grad():
            for i in range(len(given[0])):
                check_cancelled()
                carried, results = self._body(carried, tuple(part[i] for part in given), fixed)
                made.append(results)
        return carried, tuple(torch.stack(parts) for parts in zip(*made, strict=True))

    def _jobs(self, carried: Tensors, given: Tensors, fixed: Tensors, threads: int) -> list[_Job]:
        """What each thread is to do."""
        shares = self._shard(given, threads) if self._shard and threads > 1 else [given]
        return [self._job(carried, share, fixed) for share in shares]

    def _job(self, carried: Tensors, given: Tensors, fixed: Tensors) -> _Job:
        each = tuple(part[0] for part in given)
        shapes = (_shapes(part) for part in (carried, each, fixed))
        found = self._program(*shapes, carried[0].dtype)
        if isinstance(found, UnsupportedError):
            raise found
        return _Job(found, carried, given, fixed)

    def _assemble(
        self, carried: Shapes, each: Shapes, fixed: Shapes, dtype: torch.dtype
    ) -> program.Program | UnsupportedError:
        """The program for tensors of such shapes, or why there is none."""
        sizes = [len(carried), len(carried) + len(each)]

        def body(*inputs: Tensor) -> list[Tensor]:
            parts = inputs[: sizes[0]], inputs[sizes[0] : sizes[1]], inputs[sizes[1] :]
            onward, made = self._body(*parts)
            if _shapes(onward) != carried:
                raise UnsupportedError("what is carried on has another shape than before")
            return [*onward, *made]

        examples = [torch.zeros(shape, dtype=dtype) for shape in (*carried, *each, *fixed)]
        try:
            return program.assemble(tracing.trace(body, examples))
        except UnsupportedError as reason:
            return reason.with_traceback(None)

    def _check(self, carried: Tensors, given: Tensors, fixed: Tensors, threads: int) -> None:
        """Run the first round of every program both ways, in double precision, and compare.

        Raises:
            DifferenceError: they differ by more than rounding can.
        """
        first = tuple(part[:1] for part in given)
        key = *map(_shapes, (carried, first, fixed)), threads
        if key in self._checked:
            return
        self._checked.add(key)
        doubles = [tuple(t.double() for t in part) for part in (carried, first, fixed)]
        try:
            jobs = self._jobs(doubles[0], doubles[1], doubles[2], threads)
        except UnsupportedError:  # the body insists on single precision
            return
        compare(_run_together(jobs), self._call(*doubles))


def _check_kind(tensors: Tensors) -> None:
    """Refuse what cannot be copied into the machine's memory as it is.

    Raises:
        UnsupportedError: there is a tensor of another kind.
    """
    dtype = tensors[0].dtype
    if dtype not in {torch.float32, torch.float64}:
        raise UnsupportedError(f"tensors of {dtype}")
    for tensor in tensors:
        if tensor.dtype != dtype:
            raise UnsupportedError(f"a tensor of {tensor.dtype} among {dtype}")
        if tensor.requires_grad or tensor.device.type != "cpu":
            raise UnsupportedError("a tensor that requires gradients or is on another device")


def _run_together(jobs: Sequence[_Job]) -> tuple[Tensors, Tensors]:
    """Run every job in a thread of its own, the first in this one; its results."""
    place = _exchange(jobs)
    others = [Thread(target=job.run, args=(*place, i)) for i, job in enumerate(jobs[1:], start=1)]
    for thread in others:
        thread.start()
    jobs[0].run(*place, 0)
    for thread in others:
        thread.join()
    return jobs[0].carried, jobs[0].made


class _Job:
    """What one thread does in a run of a loop.

    Attributes:
        code: the program.
        carried: after the run, what its last round carries on.
        made: after the run, what its rounds made.
    """

    carried: Tensors
    made: Tensors

    def __init__(
        self, code: program.Program, carried: Tensors, given: Tensors, fixed: Tensors
    ) -> None:
        self.code = code
        rounds, each = len(given[0]), tuple(part[0] for part in given)
        self.dtype = carried[0].numpy().dtype
        self._memory = _memory(code.size, self.dtype)
        for place, count, value in code.constants:
            self._memory[place : place + count] = value
        for place, tensor in zip(code.inputs, (*carried, *each, *fixed), strict=True):
            self._memory[place : place + tensor.numel()] = tensor.reshape(-1).numpy()
        self._given = torch.cat([part.reshape(rounds, -1) for part in given], 1).view(-1).numpy()
        places = code.inputs[len(carried) :][: len(each)]
        self._given_to = [(to, part.numel()) for to, part in zip(places, each, strict=True)]
        self._back = [
            (place, to, prod(shape))
            for (place, shape), to in zip(code.outputs, code.inputs[: len(carried)], strict=False)
        ][: len(carried)]
        self._made_from = code.outputs[len(carried) :]
        self._made = np.empty((rounds, sum(prod(s) for _, s in self._made_from)), self.dtype)

    def run(self, shared: Numbers, arrivals: Integers, me: int) -> None:
        """Do it; see `interpreter.run` for what threads share."""
        native.run(
            self._memory,
            self.code.table,
            self.code.scalars.astype(self.dtype),
            len(self._made),
            self._given,
            _table(self._given_to, 2),
            self._made.reshape(-1),
            _table([(place, prod(shape)) for place, shape in self._made_from], 2),
            _table(self._back, 3),
            shared,
            arrivals,
            me,
        )
        shapes = [shape for _, shape in self.code.outputs]
        self.carried = tuple(
            torch.from_numpy(self._memory[to : to + count].copy()).view(shape)
            for (_, to, count), shape in zip(self._back, shapes, strict=False)
        )
        self.made = _apart(self._made, shapes[len(self._back) :])
        _spare.append(self._memory)


def _memory(size: int, dtype: np.dtype[np.float32 | np.float64]) -> Numbers:
    """Memory that a run before has left, or new: the system takes its time to hand that out."""
    try:
        spare = _spare.pop()
    except IndexError:
        return np.empty(size, dtype)
    return spare if spare.dtype == dtype and spare.size >= size else np.empty(size, dtype)


def _exchange(jobs: Sequence[_Job]) -> tuple[Numbers, Integers]:
    """Where the threads of a run exchange what they sum."""
    size = max(job.code.exchanged for job in jobs)
    shared = np.empty(2 * len(jobs) * size, jobs[0].dtype)
    return shared, np.zeros(len(jobs) * BARRIER_SIZE, np.int64)


def _shapes(tensors: Tensors) -> Shapes:
    return tuple(tuple(tensor.shape) for tensor in tensors)


def _table(parts: Sequence[tuple[int, ...]], width: int) -> Integers:
    return np.array(parts, np.int64).reshape(-1, width)


def _apart(made: Numbers, shapes: Sequence[Sequence[int]]) -> Tensors:
    """Views of what each round made, one part after the other."""
    whole, at, parts = torch.from_numpy(made), 0, []
    for shape in shapes:
        parts.append(whole[:, at : at + prod(shape)].view(len(made), *shape))
        at += prod(shape)
    return tuple(parts)
