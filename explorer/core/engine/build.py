"""Compiles the machine for this processor: ``python -m explorer.core.engine.build float32``.

This takes some seconds and a hundred megabytes, so it has a process of its own (see `native`). It
writes the object code of `interpreter.run` to standard output, for numbers of the type named. It
runs a small program on it first: code that cannot be linked, or that this processor does not know,
ends the process that first runs it, and that should not be the window's.
"""

import sys
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np

from explorer.core.engine import interpreter
from explorer.core.engine.layout import BARRIER_SIZE, Op, Row
from explorer.core.engine.native import ARGUMENTS, ENTRY, call, linked
from explorer.core.engine.processor import target_machine
from explorer.core.engine.program import assemble
from explorer.core.engine.recording import Instruction, Recording, View

_run, _WIDTH = interpreter.run, int(Row.WIDTH)
_SIDE = 11  # of the matrix that is tried out: whole vectors and a rest
_types: Any = numba.types
_array: Any = numba.carray  # type: ignore[attr-defined]


def entry(
    memory: Any, size: int, program: Any, scalars: Any, instructions: int, rounds: int,
    given: Any, given_size: int, given_to: Any, given_parts: int,
    made: Any, made_size: int, made_from: Any, made_parts: int,
    carried: Any, carried_parts: int,
    shared: Any, shared_size: int, arrivals: Any, arrivals_size: int, me: int,
) -> None:  # fmt: skip
    """`interpreter.run` for pointers and sizes, as C calls it."""
    _run(
        _array(memory, size),
        _array(program, (instructions, _WIDTH)),
        _array(scalars, (instructions, 2)),
        rounds,
        _array(given, given_size),
        _array(given_to, (given_parts, 2)),
        _array(made, made_size),
        _array(made_from, (made_parts, 2)),
        _array(carried, (carried_parts, 3)),
        _array(shared, shared_size),
        _array(arrivals, arrivals_size),
        me,
    )


def object_code(number: Any) -> bytes:
    """The compiled machine for numbers of one type; its function is called `ENTRY`."""
    integer = _types.int64
    kinds = {"n": _types.CPointer(number), "p": _types.CPointer(integer), "i": integer}
    compiled = numba.cfunc(_types.void(*(kinds[kind] for kind in ARGUMENTS)))(entry)
    text = compiled.inspect_llvm().replace(compiled.native_name, ENTRY)
    code: bytes = target_machine().emit_object(llvm.parse_assembly(text))
    return code


def try_out(code: bytes, dtype: str) -> None:
    """Run (2x + 1)·x for a matrix x.

    Raises:
        ArithmeticError: it comes to something else.
    """
    x, y, z = (View(storage, 0, (_SIDE, _SIDE), (_SIDE, 1)) for storage in range(3))
    doubled = Instruction(Op.AFFINE, y, (x,), (2.0, 1.0))
    recording = Recording(
        [doubled, Instruction(Op.MATMUL, z, (y, x))], [_SIDE**2] * 3, inputs=[x], outputs=[z]
    )
    program = assemble(recording)
    given = np.linspace(-1, 1, _SIDE**2, dtype=dtype)
    made, none = np.zeros_like(given), np.zeros((0, 3), np.int64)
    call(
        linked(code), np.zeros(program.size, dtype), program.table, program.scalars.astype(dtype),
        1, given, np.array([[program.inputs[0], _SIDE**2]]), made,
        np.array([[program.outputs[0][0], _SIDE**2]]), none, made[:0],
        np.zeros(BARRIER_SIZE, np.int64), 0,
    )  # fmt: skip
    matrix = given.reshape(_SIDE, _SIDE).astype(np.float64)
    if not np.allclose(made.reshape(_SIDE, _SIDE), (2 * matrix + 1) @ matrix, atol=1e-4):
        raise ArithmeticError("the compiled machine computes wrongly")


def main(dtype: str) -> None:
    """Compile, try out and hand out."""
    code = object_code(getattr(_types, dtype))
    try_out(code, dtype)
    sys.stdout.buffer.write(code)


if __name__ == "__main__":
    main(sys.argv[1])
