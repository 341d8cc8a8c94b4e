"""A loop whose body is a PyTorch function, run by the machine outside the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from explorer.core.lazy_torch import LazyModule, torch

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.core.engine import machine, program, recording
else:
    machine, program, recording = (
        LazyModule(f"explorer.core.engine.{name}", "Numba")
        for name in ("machine", "program", "recording")
    )

Tensors = tuple["Tensor", ...]
Body = Callable[[Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]
Shapes = tuple[tuple[int, ...], ...]

_KEPT_PROGRAMS = 16  # for as many sets of shapes


class Loop:
    """Calls a body over and over, each time with what the last call left.

    The body takes what is carried from round to round, what this round is given, and what stays
    the same, and returns what to carry on and what this round makes. Which PyTorch calls it makes
    must not depend on the values of its tensors.
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        self._program = lru_cache(_KEPT_PROGRAMS)(self._assemble)

    def run_plainly(
        self, carried: Tensors, given: Tensors, fixed: Tensors = ()
    ) -> tuple[Tensors, Tensors]:
        """As `run`, but as ordinary Python."""
        made: list[Tensors] = []
        with torch.no_grad():
            for i in range(len(given[0])):
                carried, results = self._body(carried, tuple(part[i] for part in given), fixed)
                made.append(results)
        return carried, tuple(torch.stack(parts) for parts in zip(*made, strict=True))

    def run(self, carried: Tensors, given: Tensors, fixed: Tensors = ()) -> tuple[Tensors, Tensors]:
        """One round for each element of what is given; no other thread waits meanwhile.

        Args:
            carried: what the first round takes up; all tensors are of one dtype.
            given: tensors whose leading axis runs over the rounds.
            fixed: what every round sees.

        Returns:
            What the last round carries on, and what the rounds made, stacked.

        A body that makes a call unknown to the machine runs as ordinary Python.
        """
        rounds, each = len(given[0]), tuple(part[0] for part in given)
        try:
            code = self._program(_shapes(carried), _shapes(each), _shapes(fixed), carried[0].dtype)
        except recording.UnsupportedError:
            return self.run_plainly(carried, given, fixed)
        outputs = [(place, prod(shape)) for place, shape in code.outputs]
        start_from = code.inputs[: len(carried)]
        given_to = code.inputs[len(carried) :][: len(each)]
        back, made_from = outputs[: len(carried)], outputs[len(carried) :]
        memory = np.empty(code.size, carried[0].numpy().dtype)
        for place, count, value in code.constants:
            memory[place : place + count] = value
        for place, tensor in zip(code.inputs, (*carried, *each, *fixed), strict=True):
            memory[place : place + tensor.numel()] = tensor.reshape(-1).numpy()
        made = np.empty((rounds, sum(count for _, count in made_from)), memory.dtype)
        machine.run(
            memory,
            code.table,
            code.scalars.astype(memory.dtype),
            torch.cat([part.reshape(rounds, -1) for part in given], 1).numpy(),
            _table([(place, part.numel()) for place, part in zip(given_to, each, strict=True)]),
            made,
            _table(made_from),
            _table([(start, to, n) for (start, n), to in zip(back, start_from, strict=True)], 3),
        )
        return (
            tuple(
                _taken(memory, place, part.shape)
                for place, part in zip(start_from, carried, strict=True)
            ),
            _apart(made, [shape for _, shape in code.outputs[len(carried) :]]),
        )

    def _assemble(
        self, carried: Shapes, each: Shapes, fixed: Shapes, dtype: torch.dtype
    ) -> program.Program:
        sizes = [len(carried), len(carried) + len(each)]

        def body(*inputs: Tensor) -> list[Tensor]:
            parts = inputs[: sizes[0]], inputs[sizes[0] : sizes[1]], inputs[sizes[1] :]
            onward, made = self._body(*parts)
            return [*onward, *made]

        examples = [torch.zeros(shape, dtype=dtype) for shape in (*carried, *each, *fixed)]
        return program.assemble(recording.record(body, examples))


def _shapes(tensors: Tensors) -> Shapes:
    return tuple(tuple(tensor.shape) for tensor in tensors)


def _table(parts: Sequence[tuple[int, ...]], width: int = 2) -> machine.Integers:
    return np.array(parts, np.int64).reshape(-1, width)


def _taken(memory: machine.Numbers, place: int, shape: Sequence[int]) -> Tensor:
    return torch.from_numpy(memory[place : place + prod(shape)].copy()).view(*shape)


def _apart(made: machine.Numbers, shapes: Sequence[Sequence[int]]) -> Tensors:
    parts = []
    at = 0
    for shape in shapes:
        part = made[:, at : at + prod(shape)]
        parts.append(torch.from_numpy(part.copy()).view(len(made), *shape))
        at += prod(shape)
    return tuple(parts)
