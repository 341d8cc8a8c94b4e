"""What the innermost loops are made of: vectors of the processor, in LLVM's terms."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from explorer.core.engine.layout import LANES
from explorer.core.engine.processor import fuses

FUSES = fuses()
INTEGER = ir.IntType(64)


def row_starts(builder: Any, first: Any, stride: Any, count: int) -> list[Any]:
    """Pointers to so many rows, as many elements apart."""
    rows = [first]
    for _ in range(1, count):
        rows.append(builder.gep(rows[-1], [stride]))
    return rows


def vector_places(builder: Any, element: Any, rows: list[Any], count: int) -> list[Any]:
    """Pointers to so many vectors of each row."""
    pointer = ir.VectorType(element, LANES).as_pointer()
    starts = [ir.Constant(INTEGER, LANES * i) for i in range(count)]
    return [builder.bitcast(builder.gep(row, [at]), pointer) for row in rows for at in starts]


def broadcast(builder: Any, number: Any) -> Any:
    """A vector of one number."""
    undefined = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    lane = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, undefined, everywhere)


def first_lanes(builder: Any, count: Any) -> Any:
    """A mask of the first so many lanes."""
    lanes = ir.VectorType(ir.IntType(32), LANES)
    numbers = ir.Constant(lanes, list(range(LANES)))
    limit = builder.trunc(count, ir.IntType(32))
    return builder.icmp_signed(">", broadcast(builder, limit), numbers)


def store_masked(builder: Any, value: Any, place: Any, mask: Any) -> None:
    """Write some lanes of a vector and leave the memory of the others alone."""
    store = llvm_function(
        builder,
        f"masked.store.{suffix(value.type)}.p0",
        ir.VoidType(),
        [value.type, place.type, ir.IntType(32), mask.type],
    )
    builder.call(store, [value, place, ir.Constant(ir.IntType(32), 4), mask])


def suffix(kind: Any) -> str:
    """What LLVM calls the type of a vector or of a number in the names of its functions."""
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{suffix(kind.element)}"
    return "f32" if kind == ir.FloatType() else "f64"


def llvm_function(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """A function of LLVM's own."""
    name = f"llvm.{name}"
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


def load_masked(builder: Any, place: Any, mask: Any) -> Any:
    """A vector with zero in the other lanes."""
    vector = place.type.pointee
    arguments = [place.type, ir.IntType(32), mask.type, vector]
    load = llvm_function(builder, f"masked.load.{suffix(vector)}.p0", vector, arguments)
    zero = ir.Constant(vector, [0.0] * LANES)
    return builder.call(load, [place, ir.Constant(ir.IntType(32), 4), mask, zero])


def scaled_sum(builder: Any, x: Any, s: Any, y: Any) -> Any:
    """X + s·y, rounded once; on a processor that cannot, the product is rounded too.

    Which of these it is must not be left to LLVM, since it decides the bits of the result.
    """
    if FUSES:
        fused = llvm_function(builder, f"fma.{suffix(x.type)}", x.type, [x.type] * 3)
        return builder.call(fused, [s, y, x])
    return builder.fadd(x, builder.fmul(s, y))


@contextmanager
def loop(builder: Any, end: Any, step: int, start: Any = None) -> Iterator[Any]:
    """A loop from 0 up to an end; its body is built inside the context.

    Yields:
        The index; with something to start from, also what the last round kept of it, and a
        function to keep something for the next.
    """
    before = builder.block
    test, body, after = (builder.append_basic_block(name) for name in ("test", "body", "after"))
    builder.branch(test)
    builder.position_at_end(test)
    index = builder.phi(INTEGER)
    index.add_incoming(ir.Constant(INTEGER, 0), before)
    kept = builder.phi(start.type) if start is not None else None
    if kept is not None:
        kept.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", index, end), body, after)
    builder.position_at_end(body)
    if kept is None:
        yield index
    else:
        yield index, kept, lambda value: kept.add_incoming(value, builder.block)
    index.add_incoming(builder.add(index, ir.Constant(INTEGER, step)), builder.block)
    builder.branch(test)
    builder.position_at_end(after)
