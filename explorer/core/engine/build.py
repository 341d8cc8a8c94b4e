"""Compiles the machine for this processor: ``python -m explorer.core.engine.build``.

It takes some seconds and a hundred megabytes, so it has a process of its own (see `native`).
Writes the object code of `machine.run` to standard output, for the dtype named.
"""

import sys
from typing import Any

import llvmlite.binding as llvm
import numba

from explorer.core.engine import machine
from explorer.core.engine.layout import Row
from explorer.core.engine.native import ARGUMENTS, ENTRY, target_machine

_run, _WIDTH = machine.run, int(Row.WIDTH)
_types: Any = numba.types
_array: Any = numba.carray  # type: ignore[attr-defined]


def entry(
    memory: Any, size: int, program: Any, scalars: Any, instructions: int, rounds: int,
    given: Any, given_size: int, given_to: Any, given_parts: int,
    made: Any, made_size: int, made_from: Any, made_parts: int,
    carried: Any, carried_parts: int,
    shared: Any, shared_size: int, arrivals: Any, arrivals_size: int, me: int,
) -> None:  # fmt: skip
    """`machine.run` for pointers and sizes, as C calls it."""
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


if __name__ == "__main__":
    sys.stdout.buffer.write(object_code(getattr(_types, sys.argv[1])))
