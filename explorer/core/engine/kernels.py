"""The innermost loops, on vectors of the processor: matrix products, transposes, elementwise lines.

Matrices of 10 × 40 are too small for BLAS, whose calls cost more than the work in them, and
Numba's own loops keep sums in memory and take long to compile. So these are written in LLVM's
terms. All of them work on one array, the memory; places and strides count its elements.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from explorer.core.engine.layout import LANES
from explorer.core.engine.recording import Op

# Rows of a tile of one and of two vectors: their sums, b and an element of a fit the sixteen
# registers of AVX2. Two vectors need fewer loads for as many sums.
ROWS, WIDE_ROWS = 10, 6

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
    is_wide = builder.icmp_signed("==", columns, ir.Constant(_INTEGER, 2 * LANES))
    builder.cbranch(is_wide, wide, narrow)
    for block, vectors, most in ((narrow, 1, ROWS), (wide, 2, WIDE_ROWS)):
        builder.position_at_end(block)
        switch = builder.switch(rows, done)
        for count in range(1, most + 1):
            case = builder.append_basic_block(f"rows_{count}")
            switch.add_case(ir.Constant(_INTEGER, count), case)
            builder.position_at_end(case)
            a_rows = _rows(builder, a, a_row, count)
            places = _vectors(builder, element, _rows(builder, c, c_row, count), vectors)
            begun = _begun(builder, places, onward)
            sums = _sums(builder, element, begun, a_rows, a_inner, b, b_inner, inner)
            if vectors == 1:
                _store_part(builder, sums, places, columns)
            else:
                _store(builder, sums, places)
            builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


def _rows(builder: Any, first: Any, stride: Any, count: int) -> list[Any]:
    rows = [first]
    for _ in range(1, count):
        rows.append(builder.gep(rows[-1], [stride]))
    return rows


def _vectors(builder: Any, element: Any, rows: list[Any], count: int) -> list[Any]:
    """Pointers to so many vectors of each row."""
    pointer = ir.VectorType(element, LANES).as_pointer()
    starts = [ir.Constant(_INTEGER, LANES * i) for i in range(count)]
    return [builder.bitcast(builder.gep(row, [at]), pointer) for row in rows for at in starts]


def _begun(builder: Any, places: list[Any], onward: Any) -> list[Any]:
    """What the sums begin with: zero, or what stands in C."""
    start = builder.block
    adding, after = builder.append_basic_block("adding"), builder.append_basic_block("begun")
    builder.cbranch(builder.icmp_signed("==", onward, ir.Constant(_INTEGER, 0)), after, adding)
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
    k = builder.phi(_INTEGER)
    k.add_incoming(ir.Constant(_INTEGER, 0), before)
    sums = [builder.phi(value.type) for value in begun]
    for each, value in zip(sums, begun, strict=True):
        each.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", k, inner), body, after)

    builder.position_at_end(body)
    line = [builder.gep(b, [builder.mul(k, b_inner)])]
    places = _vectors(builder, element, line, len(begun) // len(a_rows))
    vectors = [builder.load(place, align=4) for place in places]
    along = builder.mul(k, a_inner)
    rest = iter(sums)
    for row in a_rows:
        spread = _spread(builder, builder.load(builder.gep(row, [along])))
        for vector in vectors:
            each = next(rest)
            product = builder.fmul(spread, vector, flags=["contract"])
            each.add_incoming(builder.fadd(each, product, flags=["contract"]), body)
    k.add_incoming(builder.add(k, ir.Constant(_INTEGER, 1)), body)
    builder.branch(test)

    builder.position_at_end(after)
    return sums


def _spread(builder: Any, number: Any) -> Any:
    """A vector of one number."""
    undefined = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    lane = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, undefined, everywhere)


def _store(builder: Any, sums: list[Any], places: list[Any]) -> None:
    for place, each in zip(places, sums, strict=True):
        builder.store(each, place, align=4)


def _store_part(builder: Any, sums: list[Any], places: list[Any], columns: Any) -> None:
    """Write the first so many columns of each row."""
    whole = builder.icmp_signed("==", columns, ir.Constant(_INTEGER, LANES))
    with builder.if_else(whole) as (then, otherwise):
        with then:
            _store(builder, sums, places)
        with otherwise:
            mask = _first_lanes(builder, columns)
            for place, each in zip(places, sums, strict=True):
                _store_masked(builder, each, place, mask)


def _first_lanes(builder: Any, count: Any) -> Any:
    """A mask of the first so many lanes."""
    lanes = ir.VectorType(ir.IntType(32), LANES)
    numbers = ir.Constant(lanes, list(range(LANES)))
    limit = builder.trunc(count, ir.IntType(32))
    return builder.icmp_signed(">", _spread(builder, limit), numbers)


def _store_masked(builder: Any, value: Any, place: Any, mask: Any) -> None:
    store = _intrinsic(
        builder,
        f"masked.store.{_suffix(value.type)}.p0",
        ir.VoidType(),
        [value.type, place.type, ir.IntType(32), mask.type],
    )
    builder.call(store, [value, place, ir.Constant(ir.IntType(32), 4), mask])


def _suffix(vector: Any) -> str:
    return f"v{LANES}{'f32' if vector.element == ir.FloatType() else 'f64'}"


def _intrinsic(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """A function of LLVM's own."""
    name = f"llvm.{name}"
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


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
    whole = builder.and_(inner, ir.Constant(_INTEGER, -LANES))
    mask = _first_lanes(builder, builder.sub(inner, whole))

    def vectors(i: Any, k: Any) -> list[Any]:
        starts = builder.gep(a, [builder.mul(i, a_row)]), b
        return [builder.bitcast(builder.gep(start, [k]), pointer) for start in starts]

    def with_product(total: Any, left: Any, right: Any) -> Any:
        return _scaled_sum(builder, total, left, right)

    with _loop(builder, rows, 1) as i:
        zero = ir.Constant(pointer.pointee, [0.0] * LANES)
        with _loop(builder, whole, LANES, zero) as (k, total, keep):
            keep(with_product(total, *(builder.load(v, align=4) for v in vectors(i, k))))
        rest = (_load_masked(builder, v, mask) for v in vectors(i, whole))
        value = _sum_of_lanes(builder, with_product(total, *rest))
        builder.store(value, builder.gep(c, [builder.mul(i, c_row)]))
    return context.get_dummy_value()


def _load_masked(builder: Any, place: Any, mask: Any) -> Any:
    """A vector with zero in the other lanes."""
    vector = place.type.pointee
    arguments = [place.type, ir.IntType(32), mask.type, vector]
    load = _intrinsic(builder, f"masked.load.{_suffix(vector)}.p0", vector, arguments)
    zero = ir.Constant(vector, [0.0] * LANES)
    return builder.call(load, [place, ir.Constant(ir.IntType(32), 4), mask, zero])


def _sum_of_lanes(builder: Any, vector: Any) -> Any:
    element = vector.type.element
    name = f"vector.reduce.fadd.{_suffix(vector.type)}"
    reduce = _intrinsic(builder, name, element, [element, vector.type])
    return builder.call(reduce, [ir.Constant(element, 0.0), vector], fastmath=("reassoc",))


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


def _no_more_than_zero(builder: Any, value: Any) -> Any:
    return builder.fcmp_ordered("<=", value, ir.Constant(value.type, [0.0] * LANES))


def _where_above_zero(builder: Any, value: Any, where: Any) -> Any:
    """The value where another is above zero or NaN, elsewhere zero."""
    zero = ir.Constant(value.type, [0.0] * LANES)
    return builder.select(_no_more_than_zero(builder, where), zero, value)


def _root(builder: Any, value: Any) -> Any:
    root = _intrinsic(builder, f"sqrt.{_suffix(value.type)}", value.type, [value.type])
    return builder.call(root, [value])


def _scaled_sum(builder: Any, x: Any, s: Any, y: Any) -> Any:
    """X + s·y."""
    product = builder.fmul(s, y, flags=["contract"])
    return builder.fadd(x, product, flags=["contract"])


# From vectors of a and b, and of s and t, to one of the result, or None if it takes a function
# that knows no vectors. What stood in the place of the result comes last.
VECTORS: dict[Op, Callable[[Any, Any, Any, Any, Any, Any], Any]] = {
    Op.FILL: lambda _, a, b, s, t, old: s,
    Op.COPY: lambda _, a, b, s, t, old: a,
    Op.AFFINE: lambda builder, a, b, s, t, old: _scaled_sum(builder, t, s, a),
    Op.RELU: lambda builder, a, b, s, t, old: _where_above_zero(builder, a, a),
    Op.SQRT: lambda builder, a, b, s, t, old: _root(builder, a),
    Op.ADD: lambda builder, a, b, s, t, old: _scaled_sum(builder, a, s, b),
    Op.MULTIPLY: lambda builder, a, b, s, t, old: builder.fmul(a, b),
    Op.DIVIDE: lambda builder, a, b, s, t, old: builder.fdiv(a, b),
    Op.LERP: lambda builder, a, b, s, t, old: _scaled_sum(builder, a, s, builder.fsub(b, a)),
    Op.THRESHOLD: lambda builder, a, b, s, t, old: _where_above_zero(builder, a, b),
    Op.ACCUMULATE: lambda builder, a, b, s, t, old: _scaled_sum(builder, old, s, a),
}


@intrinsic
def lines(
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
    return types.void(memory, *(types.int64 for _ in places), *scalars), _generate_lines


def _generate_lines(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    op, height, count, out, out_line, a, a_line, b, b_line, b_step, s, t = values[1:]
    starts = [builder.gep(array.data, [place]) for place in (out, a, b)]
    scalars = [_spread(builder, number) for number in (s, t)]
    done = builder.append_basic_block("done")
    switch = builder.switch(op, done)
    for case, compute in VECTORS.items():
        block = builder.append_basic_block(case.name)
        switch.add_case(ir.Constant(_INTEGER, int(case)), block)
        builder.position_at_end(block)

        def vector(x: Any, y: Any, old: Any, compute: Callable[..., Any] = compute) -> Any:
            return compute(builder, x, y, *scalars, old)

        with _loop(builder, height, 1) as z:
            places = [
                builder.gep(start, [builder.mul(z, stride)])
                for start, stride in zip(starts, (out_line, a_line, b_line), strict=True)
            ]
            _along(builder, count, places, b_step, vector)
        builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


@contextmanager
def _loop(builder: Any, end: Any, step: int, start: Any = None) -> Iterator[Any]:
    """A loop from 0 up to an end; its body is built inside the context.

    Yields:
        The index; with something to start from, also what the last round kept of it, and a
        function to keep something for the next.
    """
    before = builder.block
    test, body, after = (builder.append_basic_block(name) for name in ("test", "body", "after"))
    builder.branch(test)
    builder.position_at_end(test)
    index = builder.phi(_INTEGER)
    index.add_incoming(ir.Constant(_INTEGER, 0), before)
    kept = builder.phi(start.type) if start is not None else None
    if kept is not None:
        kept.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", index, end), body, after)
    builder.position_at_end(body)
    if kept is None:
        yield index
    else:
        yield index, kept, lambda value: kept.add_incoming(value, builder.block)
    index.add_incoming(builder.add(index, ir.Constant(_INTEGER, step)), builder.block)
    builder.branch(test)
    builder.position_at_end(after)


def _along(
    builder: Any, count: Any, starts: list[Any], b_step: Any, compute: Callable[..., Any]
) -> None:
    """The loop over whole vectors, and a masked one for what is left."""
    whole = builder.and_(count, ir.Constant(_INTEGER, -LANES))
    with _loop(builder, whole, LANES) as k:
        place, value = _one_vector(builder, k, starts, b_step, compute)
        builder.store(value, place, align=4)
    with builder.if_then(builder.icmp_signed("<", whole, count)):
        place, value = _one_vector(builder, whole, starts, b_step, compute)
        _store_masked(builder, value, place, _first_lanes(builder, builder.sub(count, whole)))


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
    alone = builder.icmp_signed("==", b_step, ir.Constant(_INTEGER, 0))
    return places[0], compute(x, builder.select(alone, _spread(builder, one), y), old)
