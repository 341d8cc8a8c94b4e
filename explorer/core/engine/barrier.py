"""How threads that run the machine wait for each other: numbers in memory that all of them see."""

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_PATIENCE = 4000  # looks at a number before the processor is offered to others


@intrinsic
def announce(_: Any, numbers: Any, place: Any, value: Any) -> Any:
    """Write a number; who sees it sees all that this thread wrote before."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = _pointer(context, builder, signature, values)
        builder.store_atomic(values[2], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(numbers, types.int64, types.int64), generate


@intrinsic
def wait_for(_: Any, numbers: Any, place: Any, value: Any) -> Any:
    """Wait until a number is at least so large, and see all that was written before it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = _pointer(context, builder, signature, values)
        integer = ir.IntType(64)
        start = builder.block
        look, again, rest, done = (
            builder.append_basic_block(name) for name in ("look", "again", "rest", "done")
        )
        builder.branch(look)
        builder.position_at_end(look)
        looks = builder.phi(integer)
        looks.add_incoming(ir.Constant(integer, 0), start)
        seen = builder.load_atomic(pointer, "acquire", 8)
        builder.cbranch(builder.icmp_signed(">=", seen, values[2]), done, again)
        builder.position_at_end(again)
        more = builder.add(looks, ir.Constant(integer, 1))
        looks.add_incoming(more, again)
        impatient = builder.icmp_signed(">=", more, ir.Constant(integer, _PATIENCE))
        builder.cbranch(impatient, rest, look)
        builder.position_at_end(rest)
        if hasattr(os, "sched_yield"):
            kind = ir.FunctionType(ir.IntType(32), [])
            offer = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
                builder.module, kind, "sched_yield"
            )
            builder.call(offer, [])
        looks.add_incoming(ir.Constant(integer, 0), builder.block)
        builder.branch(look)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.void(numbers, types.int64, types.int64), generate


def _pointer(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    return builder.gep(array.data, [values[1]])
