"""Loops give what ordinary Python gives, whatever PyTorch calls they are made of."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from explorer.core.engine.loop import Loop, Tensors

ROUNDS = 3
Function = Callable[..., Tensor]


def numbers(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator, dtype=dtype)


def assert_runs_as_written(function: Function, *fixed: Tensor) -> None:
    """The machine computes what Python does, and does so itself."""

    def body(carried: Tensors, _given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        return carried, (function(*fixed),)

    loop, nothing = Loop(body), fixed[0].new_zeros(ROUNDS)
    _, (expected,) = loop.run_plainly((nothing,), (nothing,), fixed)
    loop.run_plainly = None  # type: ignore[method-assign,assignment]
    _, (actual,) = loop.run((nothing,), (nothing,), fixed)
    assert actual.shape == expected.shape
    tolerance = 1e-12 if expected.dtype == torch.float64 else 2e-5
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


# --- products

SIZES = (1, 2, 5, 8, 10, 11, 41)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("inner", [0, 1, 3, 40, 300])
@pytest.mark.parametrize("columns", SIZES)
def test_product(rows: int, inner: int, columns: int, dtype: torch.dtype) -> None:
    """Of matrices of any size, alone and for every task, with shared and with own factors."""
    a, b = numbers(rows, inner, dtype=dtype), numbers(inner, columns, dtype=dtype)
    many_a, many_b = numbers(3, rows, inner, dtype=dtype), numbers(3, inner, columns, dtype=dtype)
    for left in (a, many_a):
        for right in (b, many_b):
            assert_runs_as_written(torch.matmul, left, right)


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("columns", SIZES)
def test_product_of_turned_matrices(rows: int, columns: int) -> None:
    """Transposed factors, and factors that are parts of larger matrices."""
    inner = 12

    def left_turned(a: Tensor, b: Tensor) -> Tensor:
        return torch.matmul(a.transpose(-1, -2), b)

    def right_turned(a: Tensor, b: Tensor) -> Tensor:
        return torch.matmul(a, b.transpose(-1, -2))

    def parts(a: Tensor, b: Tensor) -> Tensor:
        return torch.matmul(a.narrow(-1, 1, inner), b.narrow(-2, 2, inner).narrow(-1, 0, columns))

    for batch in ((), (4,)):
        a, b = numbers(*batch, inner, rows), numbers(*batch, inner, columns)
        assert_runs_as_written(left_turned, a, b)
        a, b = numbers(*batch, rows, inner), numbers(*batch, columns, inner)
        assert_runs_as_written(right_turned, a, b)
        a, b = numbers(*batch, rows, inner + 2), numbers(*batch, inner + 3, columns + 1)
        assert_runs_as_written(parts, a, b)


# --- everything else


def joined_twice(both: Tensor, b: Tensor) -> Tensor:
    """One tensor as a part of two others."""
    return torch.cat([both, b, both], 0) * torch.cat([both, both, both], 0)


ELEMENTWISE: dict[str, Function] = {
    "sum of two": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "quotient": lambda a, b: a / b,
    "with numbers": lambda a, b: (1 - a) * 2 + 3 * b - 0.5 + a / 4,
    "one number times many": lambda a, b: a[0, 0] * b + a * b[1, 1],
    "less one number": lambda a, b: b[1, 1] - a,
    "relu": lambda a, b: torch.relu(a) + torch.relu(b),
    "tanh": lambda a, b: torch.tanh(a) * b,
    "root": lambda a, b: torch.sqrt(a * a + b * b),
    "lerp": lambda a, b: torch.lerp(a, b, 0.3),
    "threshold": lambda a, b: torch.ops.aten.threshold_backward(a, b, 0),
    "broadcast rows": lambda a, b: a + b[0],
    "broadcast columns": lambda a, b: a * b.narrow(1, 2, 1),
    "of transposes": lambda a, b: a.transpose(0, 1) + b.transpose(0, 1) * 2,
    "beside constants": lambda a, b: torch.cat([a, torch.ones_like(b), torch.zeros_like(a)], 1),
    "chained": lambda a, b: torch.cat([torch.cat([a + b, b], 0), torch.cat([a, a * b], 0)], 1),
    "kept and joined": lambda a, b: torch.cat([a * b, (a * b).flatten().unflatten(0, [3, 4])], 0),
    "joined twice": lambda a, b: joined_twice(a + b, b),
    "stacked": lambda a, b: torch.stack([a, b, a * b], 1),
    "all summed": lambda a, b: (a * b).sum(),
    "rows summed": lambda a, b: (a * b).sum(0),
    "columns averaged": lambda a, b: (a * b).mean(-1),
    "averaged": lambda a, b: (a - b).mean(),
    "flattened copy": lambda a, _b: (a.transpose(0, 1)).flatten() * 2,
    "the input itself": lambda _a, b: b,
    "a part of the input": lambda _a, b: b.narrow(1, 1, 2),
    "a constant": lambda a, _b: torch.ones_like(a),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_call(name: str, dtype: torch.dtype) -> None:
    """Each call that the machine knows, on contiguous operands and on parts of larger ones."""
    function = ELEMENTWISE[name]
    a, b = numbers(3, 4, dtype=dtype), numbers(3, 4, dtype=dtype, seed=1)
    assert_runs_as_written(function, a, b)
    assert_runs_as_written(
        lambda a, b: function(a.narrow(1, 1, 4), b.narrow(0, 2, 3)),
        numbers(3, 6, dtype=dtype),
        numbers(5, 4, dtype=dtype),
    )


def test_numbers_that_are_not_finite() -> None:
    """NaN and ∞ go through everything as they do in PyTorch."""
    a = torch.tensor([[1.0, torch.nan, torch.inf, -torch.inf], [0.0, -0.0, -1.0, 1e300]])
    b = a.flip(0)
    for name in ("relu", "tanh", "root", "threshold", "lerp", "quotient", "columns averaged"):
        assert_runs_as_written(ELEMENTWISE[name], a, b)
    assert_runs_as_written(lambda a: a.mean(0), torch.zeros(0, 3))


# --- the loop


def test_what_is_carried_and_given_and_made() -> None:
    """A body sees what the last round left and its own round's part, and its results are kept."""

    def body(carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        (x, total), (step, pair), (factor,) = carried, given, fixed
        onward = x * factor + step
        return (onward, total + onward.sum()), (onward - pair, x)

    start = (numbers(2, 3), numbers(1))
    given = (numbers(5), numbers(5, 2, 3))
    fixed = (numbers(3),)
    before = [part.clone() for part in (*start, *given, *fixed)]
    loop = Loop(body)
    for actual, expected in zip(
        loop.run(start, given, fixed), loop.run_plainly(start, given, fixed), strict=True
    ):
        for one, other in zip(actual, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    for one, other in zip((*start, *given, *fixed), before, strict=True):
        assert torch.equal(one, other)


def test_carried_tensors_may_change_places() -> None:
    """Each round sees what the last one left, not what this one has already written."""

    def body(carried: Tensors, _given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        one, other = carried
        return (other, one), (one,)

    start = (torch.zeros(3), torch.ones(3))
    onward, (seen,) = Loop(body).run(start, (torch.zeros(5),))
    assert seen[:, 0].tolist() == [0, 1, 0, 1, 0]
    assert [float(part[0]) for part in onward] == [1, 0]


def test_rounds_cut_anywhere_are_the_same_rounds() -> None:
    """A loop continued from what it carried goes on bit for bit."""

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        onward = torch.tanh(torch.matmul(carried[0], carried[0]) + given[0])
        return (onward,), (onward.mean(),)

    loop, start, given = Loop(body), numbers(7, 7).float(), numbers(9).float()
    (whole,), (means,) = loop.run((start,), (given,))
    (part,), (first,) = loop.run((start,), (given[:4],))
    (rest,), (second,) = loop.run((part,), (given[4:],))
    assert torch.equal(rest, whole)
    assert torch.equal(torch.cat([first, second]), means)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: a.flip(0),
        lambda a: (a > 0) * a,
        lambda a: (a + 0).add_(1),
        lambda a: torch.ops.aten.threshold_backward(a, a, 0.5),
        lambda a: 2 / a,
        lambda a: torch.matmul(a, a[0]),
        lambda a: a + torch.arange(3),
    ],
)
def test_what_the_machine_does_not_know_runs_as_python(function: Function) -> None:
    """A call without an instruction, or one that changes a tensor in place, is no hindrance."""

    def body(carried: Tensors, _given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        return carried, (function(carried[0]),)

    start, rounds = (numbers(3, 3),), (numbers(2),)
    assert torch.equal(
        Loop(body).run(start, rounds)[1][0], Loop(body).run_plainly(start, rounds)[1][0]
    )
