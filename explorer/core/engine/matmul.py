"""The innermost loops of matrix products.

Matrices of 10 × 40 are too small for BLAS, whose calls cost more than the work in them, and
Numba's own loops keep sums in memory. So these are written in LLVM's terms. All of them work on
one array, the memory; places and strides count its elements.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from explorer.core.engine.layout import LANES
from explorer.core.engine.vectors import (
    INTEGER,
    broadcast,
    first_lanes,
    load_masked,
    loop,
    row_starts,
    scaled_sum,
    store_masked,
    vector_places,
)

# Rows of a tile of one and of two vectors: their sums, b and an element of a fit the sixteen
# registers of AVX2. Two vectors need fewer loads for as many sums.
ROWS, WIDE_ROWS = 10, 6


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
    """C = A·B for one tile of C, or C += A·B if onward is not 0.

    A tile has up to `ROWS` rows and `LANES` columns, or up to `WIDE_ROWS` rows and exactly twice
    as many columns. The columns of B lie side by side, and whole vectors of them are read:
    `LANES` elements behind the last one must belong to the memory.
    """
    numbers = (rows, columns, inner, onward, c, c_row, a, a_row, a_inner, b, b_inner)
    return types.void(memory, *(types.int64 for _ in numbers)), _generate


def _generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    rows, columns, inner, onward, c, c_row, a, a_row, a_inner, b, b_inner = values[1:]
    element = context.get_value_type(signature.args[0].dtype)
    a, b, c = (builder.gep(array.data, [place]) for place in (a, b, c))
    done, narrow, wide = (builder.append_basic_block(name) for name in ("done", "narrow", "wide"))
    is_wide = builder.icmp_signed("==", columns, ir.Constant(INTEGER, 2 * LANES))
    builder.cbranch(is_wide, wide, narrow)
    for block, vectors, most in ((narrow, 1, ROWS), (wide, 2, WIDE_ROWS)):
        builder.position_at_end(block)
        switch = builder.switch(rows, done)
        for count in range(1, most + 1):
            case = builder.append_basic_block(f"rows_{count}")
            switch.add_case(ir.Constant(INTEGER, count), case)
            builder.position_at_end(case)
            a_rows = row_starts(builder, a, a_row, count)
            places = vector_places(builder, element, row_starts(builder, c, c_row, count), vectors)
            begun = _begun(builder, places, onward)
            sums = _sums(builder, element, begun, a_rows, a_inner, b, b_inner, inner)
            if vectors == 1:
                _store_part(builder, sums, places, columns)
            else:
                _store(builder, sums, places)
            builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


def _begun(builder: Any, places: list[Any], onward: Any) -> list[Any]:
    """What the sums begin with: zero, or what stands in C."""
    start = builder.block
    adding, after = builder.append_basic_block("adding"), builder.append_basic_block("begun")
    builder.cbranch(builder.icmp_signed("==", onward, ir.Constant(INTEGER, 0)), after, adding)
    builder.position_at_end(adding)
    found = [builder.load(place, align=4) for place in places]
    builder.branch(after)
    builder.position_at_end(after)
    sums = []
    for each in found:
        value = builder.phi(each.type)
        value.add_incoming(ir.Constant(each.type, [0.0] * LANES), start)
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
    """The loop over the inner index; the vectors of sums, row after row."""
    before = builder.block
    test, body, after = (builder.append_basic_block(name) for name in ("test", "body", "after"))
    builder.branch(test)

    builder.position_at_end(test)
    k = builder.phi(INTEGER)
    k.add_incoming(ir.Constant(INTEGER, 0), before)
    sums = [builder.phi(value.type) for value in begun]
    for each, value in zip(sums, begun, strict=True):
        each.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", k, inner), body, after)

    builder.position_at_end(body)
    line = [builder.gep(b, [builder.mul(k, b_inner)])]
    places = vector_places(builder, element, line, len(begun) // len(a_rows))
    vectors = [builder.load(place, align=4) for place in places]
    along = builder.mul(k, a_inner)
    rest = iter(sums)
    for row in a_rows:
        number = broadcast(builder, builder.load(builder.gep(row, [along])))
        for vector in vectors:
            each = next(rest)
            each.add_incoming(scaled_sum(builder, each, number, vector), body)
    k.add_incoming(builder.add(k, ir.Constant(INTEGER, 1)), body)
    builder.branch(test)

    builder.position_at_end(after)
    return sums


def _store(builder: Any, sums: list[Any], places: list[Any]) -> None:
    for place, each in zip(places, sums, strict=True):
        builder.store(each, place, align=4)


def _store_part(builder: Any, sums: list[Any], places: list[Any], columns: Any) -> None:
    """Write the first so many columns of each row."""
    whole = builder.icmp_signed("==", columns, ir.Constant(INTEGER, LANES))
    with builder.if_else(whole) as (then, otherwise):
        with then:
            _store(builder, sums, places)
        with otherwise:
            mask = first_lanes(builder, columns)
            for place, each in zip(places, sums, strict=True):
                store_masked(builder, each, place, mask)


@intrinsic
def dots(
    _: Any, memory: Any, rows: Any, inner: Any, c: Any, c_row: Any, a: Any, a_row: Any, b: Any
) -> Any:
    """C = A·b for one column b, where the elements of b and of each row of A lie side by side."""
    numbers = (rows, inner, c, c_row, a, a_row, b)
    return types.void(memory, *(types.int64 for _ in numbers)), _generate_dots


def _generate_dots(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    rows, inner, c, c_row, a, a_row, b = values[1:]
    element = context.get_value_type(signature.args[0].dtype)
    pointer = ir.VectorType(element, LANES).as_pointer()
    a, b, c = (builder.gep(array.data, [place]) for place in (a, b, c))
    whole = builder.and_(inner, ir.Constant(INTEGER, -LANES))
    mask = first_lanes(builder, builder.sub(inner, whole))

    def vectors(i: Any, k: Any) -> list[Any]:
        starts = builder.gep(a, [builder.mul(i, a_row)]), b
        return [builder.bitcast(builder.gep(start, [k]), pointer) for start in starts]

    def with_product(total: Any, left: Any, right: Any) -> Any:
        return scaled_sum(builder, total, left, right)

    with loop(builder, rows, 1) as i:
        zero = ir.Constant(pointer.pointee, [0.0] * LANES)
        with loop(builder, whole, LANES, zero) as (k, total, keep):
            keep(with_product(total, *(builder.load(v, align=4) for v in vectors(i, k))))
        rest = (load_masked(builder, v, mask) for v in vectors(i, whole))
        value = _sum_of_lanes(builder, with_product(total, *rest))
        builder.store(value, builder.gep(c, [builder.mul(i, c_row)]))
    return context.get_dummy_value()


def _sum_of_lanes(builder: Any, vector: Any) -> Any:
    """One half of the lanes onto the other until one is left, in the same order everywhere."""
    lane, distance = ir.IntType(32), LANES // 2
    while distance:
        picks = [(i + distance) % LANES for i in range(LANES)]
        mask = ir.Constant(ir.VectorType(lane, LANES), picks)
        vector = builder.fadd(vector, builder.shuffle_vector(vector, vector, mask))
        distance //= 2
    return builder.extract_element(vector, ir.Constant(lane, 0))


@intrinsic
def transpose(_: Any, memory: Any, to: Any, to_row: Any, source: Any, source_row: Any) -> Any:
    """Transpose a square of `LANES` × `LANES` elements whose rows lie as many elements apart."""
    numbers = (to, to_row, source, source_row)
    return types.void(memory, *(types.int64 for _ in numbers)), _generate_transpose


def _generate_transpose(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    to, to_row, source, source_row = values[1:]
    vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
    sources = row_starts(builder, builder.gep(array.data, [source]), source_row, LANES)
    lines = [builder.load(builder.bitcast(row, vector.as_pointer()), align=4) for row in sources]
    distance = LANES // 2
    while distance:  # swap the off-diagonal blocks of ever smaller squares
        for i in range(LANES):
            if not i & distance:
                upper, lower = lines[i], lines[i + distance]
                lines[i] = _mixed(builder, upper, lower, distance, 0)
                lines[i + distance] = _mixed(builder, upper, lower, distance, distance)
        distance //= 2
    targets = row_starts(builder, builder.gep(array.data, [to]), to_row, LANES)
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
