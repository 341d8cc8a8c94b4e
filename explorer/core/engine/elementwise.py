"""The innermost loops of elementwise operations, on lines of elements that lie side by side.

They are written in LLVM's terms because Numba would take many times as long to compile them. They
work on one array, the memory; places and strides count its elements.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from explorer.core.engine.hyperbolic import tanh
from explorer.core.engine.layout import LANES, Op
from explorer.core.engine.vectors import (
    INTEGER,
    broadcast,
    first_lanes,
    llvm_function,
    load_masked,
    loop,
    scaled_sum,
    store_masked,
    suffix,
)


def _no_more_than_zero(builder: Any, value: Any) -> Any:
    return builder.fcmp_ordered("<=", value, ir.Constant(value.type, [0.0] * LANES))


def _where_above_zero(builder: Any, value: Any, where: Any) -> Any:
    """The value where another is above zero or NaN, elsewhere zero."""
    zero = ir.Constant(value.type, [0.0] * LANES)
    return builder.select(_no_more_than_zero(builder, where), zero, value)


def _root(builder: Any, value: Any) -> Any:
    root = llvm_function(builder, f"sqrt.{suffix(value.type)}", value.type, [value.type])
    return builder.call(root, [value])


# From vectors of a and b, and of s and t, to one of the result. What stood in the place of the
# result comes last.
VECTORS: dict[Op, Callable[[Any, Any, Any, Any, Any, Any], Any]] = {
    Op.FILL: lambda _, a, b, s, t, old: s,
    Op.COPY: lambda _, a, b, s, t, old: a,
    Op.AFFINE: lambda builder, a, b, s, t, old: scaled_sum(builder, t, s, a),
    Op.RELU: lambda builder, a, b, s, t, old: _where_above_zero(builder, a, a),
    Op.TANH: lambda builder, a, b, s, t, old: tanh(builder, a),
    Op.SQRT: lambda builder, a, b, s, t, old: _root(builder, a),
    Op.ADD: lambda builder, a, b, s, t, old: scaled_sum(builder, a, s, b),
    Op.MULTIPLY: lambda builder, a, b, s, t, old: builder.fmul(a, b),
    Op.DIVIDE: lambda builder, a, b, s, t, old: builder.fdiv(a, b),
    Op.LERP: lambda builder, a, b, s, t, old: scaled_sum(builder, a, s, builder.fsub(b, a)),
    Op.THRESHOLD: lambda builder, a, b, s, t, old: _where_above_zero(builder, a, b),
    Op.ACCUMULATE: lambda builder, a, b, s, t, old: scaled_sum(builder, old, s, a),
}


@intrinsic
def apply_to_lines(
    _: Any,
    memory: Any,
    op: Any,
    height: Any,
    count: Any,
    out: Any,
    out_line: Any,
    a: Any,
    a_line: Any,
    b: Any,
    b_line: Any,
    b_step: Any,
    s: Any,
    t: Any,
) -> Any:
    """An operation of `VECTORS` on a number of lines of elements that lie side by side.

    The elements of b do so too if b_step is 1; if it is 0, b is one number in each line.
    """
    places = (op, height, count, out, out_line, a, a_line, b, b_line, b_step)
    scalars = memory.dtype, memory.dtype
    return types.void(memory, *(types.int64 for _ in places), *scalars), _generate


def _generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    op, height, count, out, out_line, a, a_line, b, b_line, b_step, s, t = values[1:]
    starts = [builder.gep(array.data, [place]) for place in (out, a, b)]
    scalars = [broadcast(builder, number) for number in (s, t)]
    done = builder.append_basic_block("done")
    switch = builder.switch(op, done)
    for case, compute in VECTORS.items():
        block = builder.append_basic_block(case.name)
        switch.add_case(ir.Constant(INTEGER, int(case)), block)
        builder.position_at_end(block)

        def vector(x: Any, y: Any, old: Any, compute: Callable[..., Any] = compute) -> Any:
            return compute(builder, x, y, *scalars, old)

        with loop(builder, height, 1) as z:
            places = [
                builder.gep(start, [builder.mul(z, stride)])
                for start, stride in zip(starts, (out_line, a_line, b_line), strict=True)
            ]
            _along(builder, count, places, b_step, vector)
        builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


@intrinsic
def single_tanh(_: Any, number: Any) -> Any:
    """Tanh of a single number."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return tanh(builder, values[0])

    return number(number), generate


def _along(
    builder: Any, count: Any, starts: list[Any], b_step: Any, compute: Callable[..., Any]
) -> None:
    """The loop over whole vectors, and a masked one for what is left."""
    whole = builder.and_(count, ir.Constant(INTEGER, -LANES))
    with loop(builder, whole, LANES) as k:
        place, value = _one_vector(builder, k, starts, b_step, compute)
        builder.store(value, place, align=4)
    with builder.if_then(builder.icmp_signed("<", whole, count)):
        place, value = _one_vector(builder, whole, starts, b_step, compute)
        store_masked(builder, value, place, first_lanes(builder, builder.sub(count, whole)))


@intrinsic
def move(_: Any, to: Any, at: Any, source: Any, start: Any, count: Any) -> Any:
    """Copy so many elements from a place in one array to a place in another."""
    return _line(to, source, lambda _, __, value: value)


@intrinsic
def add(_: Any, to: Any, at: Any, source: Any, start: Any, count: Any) -> Any:
    """Add so many elements of one array to those at a place in another."""
    return _line(to, source, lambda builder, old, value: builder.fadd(old, value))


def _line(to: Any, source: Any, compute: Callable[[Any, Any, Any], Any]) -> Any:
    """Signature and generator of what is done with a line of elements in two arrays."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        def start(array: int) -> Any:
            made = context.make_array(signature.args[array])(context, builder, values[array])
            return builder.gep(made.data, [values[array + 1]])

        starts, count = (start(0), start(2)), values[4]
        pointer = ir.VectorType(starts[0].type.pointee, LANES).as_pointer()
        whole = builder.and_(count, ir.Constant(INTEGER, -LANES))

        def places(k: Any) -> list[Any]:
            return [builder.bitcast(builder.gep(start, [k]), pointer) for start in starts]

        with loop(builder, whole, LANES) as k:
            both = places(k)
            old, new = (builder.load(place, align=4) for place in both)
            builder.store(compute(builder, old, new), both[0], align=4)
        with builder.if_then(builder.icmp_signed("<", whole, count)):
            mask, both = first_lanes(builder, builder.sub(count, whole)), places(whole)
            old, new = (load_masked(builder, place, mask) for place in both)
            store_masked(builder, compute(builder, old, new), both[0], mask)
        return context.get_dummy_value()

    return types.void(to, types.int64, source, types.int64, types.int64), generate


def _one_vector(
    builder: Any, k: Any, starts: list[Any], b_step: Any, compute: Callable[..., Any]
) -> tuple[Any, Any]:
    """Where a vector of the result goes, and what it is."""
    out, a, b = starts
    pointer = ir.VectorType(out.type.pointee, LANES).as_pointer()
    indices = (k, k, builder.mul(k, b_step))
    places = [
        builder.bitcast(builder.gep(start, [index]), pointer)
        for start, index in zip((out, a, b), indices, strict=True)
    ]
    old, x, y = (builder.load(place, align=4) for place in places)
    one = builder.extract_element(y, ir.Constant(ir.IntType(32), 0))
    alone = builder.icmp_signed("==", b_step, ir.Constant(INTEGER, 0))
    return places[0], compute(x, builder.select(alone, broadcast(builder, one), y), old)
