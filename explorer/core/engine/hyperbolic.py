"""tanh in LLVM's terms, so that it is the same on every processor and with every C library.

It is computed in double precision: tanh x = e/(e + 2) with e = exp(2x) − 1, for x > 0. With
2x = n·ln 2 + r and |r| ≤ ln 2/2, e is 2ⁿ·p + (2ⁿ − 1), where p is Taylor's polynomial of
exp(r) − 1. Where n is 0 this is p itself, so that small numbers keep all their digits.
"""

import math
from typing import Any

from llvmlite import ir

from explorer.core.engine.vectors import llvm_function, scaled_sum, suffix

DEGREE = 13  # what is left out is a tenth of the last bit of double precision
SATURATED = 20.0  # where tanh is 1 in double precision
# ln 2 in two parts (Cody and Waite 1980): n times the first is exact.
LN2_HIGH = float.fromhex("0x1.62e42feep-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
ROUNDING = 1.5 * 2.0**52  # added to a small number, it leaves its integer in the last bits
MANTISSA, BIAS = 52, 1023  # of double precision


def tanh(builder: Any, value: Any) -> Any:
    """Tanh of numbers of either precision, in a vector or single."""
    count = value.type.count if isinstance(value.type, ir.VectorType) else 0

    def of_kind(element: Any) -> Any:
        return ir.VectorType(element, count) if count else element

    def constant(kind: Any, number: float) -> Any:
        return ir.Constant(kind, [number] * count if count else number)

    double, integer = of_kind(ir.DoubleType()), of_kind(ir.IntType(64))
    is_single = value.type == of_kind(ir.FloatType())
    x = builder.fpext(value, double) if is_single else value
    size = builder.call(llvm_function(builder, f"fabs.{suffix(double)}", double, [double]), [x])
    largest = constant(double, SATURATED)
    size = builder.select(builder.fcmp_ordered(">", size, largest), largest, size)  # NaN stays

    twice = builder.fadd(size, size)
    scaled = builder.fmul(twice, constant(double, 1 / math.log(2)))
    shifted = builder.fadd(scaled, constant(double, ROUNDING))
    n = builder.fsub(shifted, constant(double, ROUNDING))
    rest = scaled_sum(builder, twice, n, constant(double, -LN2_HIGH))
    rest = scaled_sum(builder, rest, n, constant(double, -LN2_LOW))
    series = constant(double, 1 / math.factorial(DEGREE))
    for k in range(DEGREE - 1, 0, -1):
        series = scaled_sum(builder, constant(double, 1 / math.factorial(k)), series, rest)
    series = builder.fmul(series, rest)

    exponent = builder.add(builder.bitcast(shifted, integer), constant(integer, BIAS))
    bits = builder.shl(exponent, constant(integer, MANTISSA))
    power = builder.bitcast(bits, double)
    less_one = builder.fsub(power, constant(double, 1.0))
    e = scaled_sum(builder, less_one, power, series)
    result = builder.fdiv(e, builder.fadd(e, constant(double, 2.0)))
    sign = llvm_function(builder, f"copysign.{suffix(double)}", double, [double, double])
    result = builder.call(sign, [result, x])
    return builder.fptrunc(result, value.type) if is_single else result
