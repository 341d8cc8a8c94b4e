"""The kernel of matrix products: tiles whose sums stay in vector registers.

Matrices of 10 × 40 are too small for BLAS, whose calls cost more than the work in them, and
Numba's own loops keep sums in memory. So the innermost loop is written in LLVM's terms.

Numba's cache watches `machine.py` alone: after a change here, save that file too.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8  # numbers in a vector: an AVX register of float32
ROWS = 10  # so that the sums, b and an element of a fit the sixteen registers of AVX2

_INTEGER = ir.IntType(64)


@intrinsic
def tile(
    _: Any,
    memory: Any,
    rows: Any,
    columns: Any,
    inner: Any,
    onward: Any,
    c: Any,
    c_row: Any,
    a: Any,
    a_row: Any,
    a_inner: Any,
    b: Any,
    b_inner: Any,
) -> Any:
    """C = A·B for up to `ROWS` rows and `LANES` columns of C, or C += A·B if onward is not 0.

    Places and strides count elements of one array that holds all three matrices. The columns of
    B lie side by side, and whole vectors of them are read: `LANES` elements behind the last one
    must belong to the array.
    """
    numbers = (rows, columns, inner, onward, c, c_row, a, a_row, a_inner, b, b_inner)
    return types.void(memory, *(types.int64 for _ in numbers)), _generate


def _generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    rows, columns, inner, onward, c, c_row, a, a_row, a_inner, b, b_inner = values[1:]
    element = context.get_value_type(signature.args[0].dtype)
    a, b, c = (builder.gep(array.data, [place]) for place in (a, b, c))
    done = builder.append_basic_block("done")
    switch = builder.switch(rows, done)
    for count in range(1, ROWS + 1):
        block = builder.append_basic_block(f"rows_{count}")
        switch.add_case(ir.Constant(_INTEGER, count), block)
        builder.position_at_end(block)
        a_rows = _rows(builder, a, a_row, count)
        c_rows = _rows(builder, c, c_row, count)
        before = _before(builder, element, c_rows, onward)
        sums = _sums(builder, element, before, a_rows, a_inner, b, b_inner, inner)
        _store(builder, element, sums, c_rows, columns)
        builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


def _rows(builder: Any, first: Any, stride: Any, count: int) -> list[Any]:
    rows = [first]
    for _ in range(1, count):
        rows.append(builder.gep(rows[-1], [stride]))
    return rows


def _before(builder: Any, element: Any, c_rows: list[Any], onward: Any) -> list[Any]:
    """What the sums begin with: zero, or what stands in C."""
    vector = ir.VectorType(element, LANES)
    zero = ir.Constant(vector, [0.0] * LANES)
    start = builder.block
    adding, after = builder.append_basic_block("adding"), builder.append_basic_block("begun")
    builder.cbranch(builder.icmp_signed("==", onward, ir.Constant(_INTEGER, 0)), after, adding)
    builder.position_at_end(adding)
    found = [builder.load(builder.bitcast(row, vector.as_pointer()), align=4) for row in c_rows]
    builder.branch(after)
    builder.position_at_end(after)
    sums = []
    for each in found:
        value = builder.phi(vector)
        value.add_incoming(zero, start)
        value.add_incoming(each, adding)
        sums.append(value)
    return sums


def _sums(
    builder: Any,
    element: Any,
    begun: list[Any],
    a_rows: list[Any],
    a_inner: Any,
    b: Any,
    b_inner: Any,
    inner: Any,
) -> list[Any]:
    """The loop over the inner index; one vector of sums for each row."""
    vector = ir.VectorType(element, LANES)
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    before = builder.block
    test, body, after = (builder.append_basic_block(name) for name in ("test", "body", "after"))
    builder.branch(test)

    builder.position_at_end(test)
    k = builder.phi(_INTEGER)
    k.add_incoming(ir.Constant(_INTEGER, 0), before)
    sums = [builder.phi(vector) for _ in a_rows]
    for each, value in zip(sums, begun, strict=True):
        each.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", k, inner), body, after)

    builder.position_at_end(body)
    place = builder.gep(b, [builder.mul(k, b_inner)])
    b_vector = builder.load(builder.bitcast(place, vector.as_pointer()), align=4)
    along = builder.mul(k, a_inner)
    for row, each in zip(a_rows, sums, strict=True):
        number = builder.load(builder.gep(row, [along]))
        lane = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
        spread = builder.shuffle_vector(lane, undefined, everywhere)
        product = builder.fmul(spread, b_vector, flags=["contract"])
        each.add_incoming(builder.fadd(each, product, flags=["contract"]), body)
    k.add_incoming(builder.add(k, ir.Constant(_INTEGER, 1)), body)
    builder.branch(test)

    builder.position_at_end(after)
    return sums


def _store(builder: Any, element: Any, sums: list[Any], c_rows: list[Any], columns: Any) -> None:
    """Write the first so many columns of each row."""
    vector = ir.VectorType(element, LANES)
    whole = builder.icmp_signed("==", columns, ir.Constant(_INTEGER, LANES))
    with builder.if_else(whole) as (then, otherwise):
        with then:
            for row, each in zip(c_rows, sums, strict=True):
                builder.store(each, builder.bitcast(row, vector.as_pointer()), align=4)
        with otherwise:
            buffer = cgutils.alloca_once(builder, vector)  # type: ignore[no-untyped-call]
            first = builder.bitcast(buffer, element.as_pointer())
            for row, each in zip(c_rows, sums, strict=True):
                builder.store(each, buffer)
                with cgutils.for_range(builder, columns) as loop:
                    value = builder.load(builder.gep(first, [loop.index]))
                    builder.store(value, builder.gep(row, [loop.index]))


@intrinsic
def turn(_: Any, memory: Any, to: Any, to_row: Any, source: Any, source_row: Any) -> Any:
    """Transpose a square of `LANES` × `LANES` elements whose rows lie as many elements apart."""
    numbers = (to, to_row, source, source_row)
    return types.void(memory, *(types.int64 for _ in numbers)), _generate_turn


def _generate_turn(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    to, to_row, source, source_row = values[1:]
    vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
    sources = _rows(builder, builder.gep(array.data, [source]), source_row, LANES)
    lines = [builder.load(builder.bitcast(row, vector.as_pointer()), align=4) for row in sources]
    distance = LANES // 2
    while distance:  # swap the off-diagonal blocks of ever smaller squares
        for i in range(LANES):
            if not i & distance:
                upper, lower = lines[i], lines[i + distance]
                lines[i] = _mixed(builder, upper, lower, distance, 0)
                lines[i + distance] = _mixed(builder, upper, lower, distance, distance)
        distance //= 2
    targets = _rows(builder, builder.gep(array.data, [to]), to_row, LANES)
    for row, line in zip(targets, lines, strict=True):
        builder.store(line, builder.bitcast(row, vector.as_pointer()), align=4)
    return context.get_dummy_value()


def _mixed(builder: Any, upper: Any, lower: Any, distance: int, start: int) -> Any:
    """Every other block of the upper line, from ``start`` on, beside those of the lower one."""
    picks = [
        LANES + lane - distance + start if lane & distance else lane + start
        for lane in range(LANES)
    ]
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), picks)
    return builder.shuffle_vector(upper, lower, mask)
