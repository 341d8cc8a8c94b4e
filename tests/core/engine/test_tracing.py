"""What would bring a value of the example into a program is refused, and runs as Python instead."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.engine import Loop, Tensors
from explorer.core.engine.checking import CHECK, DifferenceError
from explorer.core.engine.recording import UnsupportedError
from explorer.core.engine.tracing import trace
from tests.core.engine.test_loop import assert_runs_as_written, numbers

Function = Callable[[Tensor, Tensor], Tensor]

ELSEWHERE = numbers(3, 4, seed=7)  # a tensor that the functions below know of without being given

# Each hands out the value of a tensor, keeps one out of sight, or changes one in place.
REFUSED: dict[str, Function] = {
    # the value of a tensor as a number of Python
    "float": lambda a, b: a * float(b.sum()),
    "item": lambda a, b: a * b.sum().item(),
    "int": lambda a, b: a * int(b.sum()),
    "list": lambda a, b: a * b.tolist()[0][0],
    "truth": lambda a, b: a if b.sum() > 0 else -1 * a,
    "bool": lambda a, b: a if bool(b.sum()) else a * 2,
    "larger": lambda a, b: a * max(b[0, 0], b[0, 1]),
    "contained": lambda a, b: a if 0.0 in b else a * 2,
    "text": lambda a, b: a * len(f"{b.sum()}"),
    "all close": lambda a, b: a if torch.allclose(a, b) else a * 2,
    "equal": lambda a, b: a if torch.equal(a, b) else a * 2,
    "not zero": lambda a, b: a * torch.count_nonzero(b),
    "an index": lambda a, b: a * int(b.sum(1).argmax()),
    # and as an array or a piece of memory
    "numpy": lambda a, b: a * b.numpy().sum(),
    "as an array": lambda a, b: a * np.asarray(b)[0, 0],
    "array and back": lambda a, b: a * torch.from_numpy(b.numpy()),
    "storage": lambda a, b: a * b.untyped_storage()[0],
    "address": lambda a, b: a * (b.data_ptr() % 2 + 2),
    "version": lambda a, b: a * (b.stride(0) + 1) + b.storage_offset(),
    # tensors from elsewhere
    "closure": lambda a, b: a * ELSEWHERE,
    "part of a closure": lambda a, b: a + ELSEWHERE[0],
    "closure alone": lambda a, b: ELSEWHERE,
    "closure's number": lambda a, b: a * float(ELSEWHERE[0, 0]),
    "closure as a weight": lambda a, b: torch.lerp(a, b, ELSEWHERE[0, 0]),
    "new": lambda a, b: a * torch.tensor(2.0),
    "new by class": lambda a, b: a * torch.DoubleTensor([[2.0]]),
    "filled": lambda a, b: a + torch.full((3, 4), 2.0, dtype=a.dtype),
    "counted": lambda a, b: a + torch.arange(4, dtype=a.dtype),
    "random": lambda a, b: a * (torch.rand(3, 4, dtype=a.dtype) > 2),
    "dropped out": lambda a, b: torch.nn.functional.dropout(a, 1.0),
    "weighed by a tensor": lambda a, b: torch.lerp(a, b, b[0, 0]),
    # another kind of tensor
    "single": lambda a, b: a.float().double(),
    "as single": lambda a, b: a.to(torch.float32) + 1,
    "bits": lambda a, b: a.view(torch.int64).view(torch.float64) * 2,
    "sum in single": lambda a, b: b.sum(dtype=torch.float32) + a.sum(dtype=torch.float32),
    "ones in single": lambda a, b: torch.ones_like(a, dtype=torch.float32),
    "signs changed": lambda a, b: torch._neg_view(a) + b,
    "complex": lambda a, b: (a * (1 + 0j)).real,
    "sparse": lambda a, b: a.to_sparse().to_dense() + b,
    # chosen by values
    "where": lambda a, b: torch.where(b > 0, a, b),
    "masked": lambda a, b: a[b > 0].sum() + b,
    "sorted": lambda a, b: a.sort().values,
    "gathered": lambda a, b: a.gather(1, (b > 0).long()),
    "indexed by a tensor": lambda a, b: a[:, torch.tensor([1, 0])],
    "sliced by a tensor": lambda a, b: a[torch.tensor(1) :],
    "clamped": lambda a, b: a.clamp(min=0.1),
    # changed in place
    "out": lambda a, b: torch.add(a, b, out=a * 2),
    "out behind the back": lambda a, b: (c := a * 2, torch.mul(a, b, out=c))[0],
    "added": lambda a, b: (a * 2).add_(b),
    "set": lambda a, b: (c := a * 2, c.__setitem__(0, 1.0))[0],
    "set by data": lambda a, b: (c := a * 2, c.data.copy_(b))[0],
    "all at once": lambda a, b: (c := a * 2, torch._foreach_add_([c], [b]))[0],
    "relu in place": lambda a, b: torch.nn.functional.relu(a * 2, inplace=True),
    # layouts that an input need not have
    "strides": lambda a, b: a.as_strided((4, 3), (1, 4)) * 1,
    # arguments without instructions
    "rounded": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "by nothing": lambda a, b: a / 0,
    "another relu": lambda a, b: torch.threshold(a, 0.5, 0.0),
    "by name": lambda a, b: torch.tanh(input=a),
    # what fails on zeros only
    "inverse": lambda a, b: torch.linalg.inv(a[:, :3]),
    # derivatives by PyTorch
    "functional": lambda a, b: torch.func.grad(lambda x: (x * b).sum())(a),
    "mapped": torch.func.vmap(lambda x, y: x * y),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_freeze_a_value_is_refused(name: str) -> None:
    """It is not recorded, and the loop comes to the numbers of ordinary Python."""
    function = REFUSED[name]
    a, b = numbers(3, 4), numbers(3, 4, seed=1)
    with pytest.raises(UnsupportedError):
        trace(lambda a, b: [function(a, b)], [torch.zeros(3, 4, dtype=a.dtype)] * 2)

    def body(carried: Tensors, _given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        return carried, (function(*carried),)

    start, rounds = (a, b), (a.new_zeros(2),)
    expected = Loop(body).run_plainly(start, rounds)[1][0]
    torch.testing.assert_close(Loop(body).run(start, rounds)[1][0], expected, rtol=0, atol=0)


# Calls near to those above that the machine does run.
RUN: dict[str, Function] = {
    "reversed difference": torch.rsub,
    "reversed with a factor": lambda a, b: torch.rsub(a, b, alpha=3),
    "reversed with a number": lambda a, b: torch.rsub(a, 2, alpha=3),
    "sum with a factor": lambda a, b: torch.add(a, b, alpha=2),
    "sum with a number and a factor": lambda a, b: torch.add(a, 5, alpha=2),
    "difference with a factor": lambda a, b: torch.sub(a, b, alpha=0.5),
    "difference by name": lambda a, b: a.sub(other=b, alpha=-1),
    "difference with a broadcast": lambda a, b: torch.rsub(a, b[0], alpha=-1),
    "factor joined": lambda a, b: a - (b * 3) * 0.5,
    "lerp by name": lambda a, b: torch.lerp(a, b, weight=0.3),
    "number of numpy": lambda a, b: a * np.float32(2) + np.float64(0.5) * b,
    "truth as a number": lambda a, b: a * True,
    "functional relu": lambda a, b: torch.nn.functional.relu(a) + b.relu(),
    "shapes": lambda a, b: a * (b.size(0) + b.shape[1] + len(b) + b.dim() + b.numel() + b.ndim),
    "kinds": lambda a, b: a * 2 if b.dtype == a.dtype and b.device == a.device else a,
    "gradients off": lambda a, b: torch.no_grad()(lambda: a * b)(),
    "unpacked": lambda a, b: sum(row * i for i, row in enumerate(a.unbind(0))) + b,
    "split": lambda a, b: torch.cat(a.split(2, 1)[::-1], 1) + b,
    "detached": lambda a, b: a.detach() + b.data,
    "expanded": lambda a, b: a[:1].expand(3, 4) * b.mT.reshape(3, 4),
    "no change of type": lambda a, b: a.to(a.dtype) * b,
    "mean of no dimension": lambda a, b: a.mean(()) + b,
}


@pytest.mark.parametrize("name", RUN)
def test_calls_of_the_same_kind_run_on_the_machine(name: str) -> None:
    """With every argument heeded, on contiguous operands and on parts of larger ones."""
    function = RUN[name]
    assert_runs_as_written(function, numbers(3, 4), numbers(3, 4, seed=1))
    assert_runs_as_written(
        lambda a, b: function(a.narrow(1, 1, 4), b.narrow(0, 2, 3)), numbers(3, 6), numbers(5, 4)
    )


@pytest.mark.parametrize(
    "part",
    [
        torch.arange(6).view(2, 3),
        torch.ones(2, 3, dtype=torch.float32),
        torch.ones(2, 3, dtype=torch.float64, requires_grad=True),
    ],
)
def test_tensors_of_another_kind_are_not_copied_as_if_they_were_alike(part: Tensor) -> None:
    """Whole numbers, another precision or gradients to be followed: the loop runs as Python."""

    def body(carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        return carried, (carried[0] * given[0] / 3 + fixed[0],)

    start, given = (numbers(3),), (part,)
    for fixed in (numbers(3), torch.arange(3)):
        expected = Loop(body).run_plainly(start, given, (fixed,))[1][0]
        assert torch.equal(Loop(body).run(start, given, (fixed,))[1][0], expected)


def test_whole_numbers_are_left_to_python() -> None:
    """The machine has no integers."""

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        return (carried[0] + given[0],), (carried[0],)

    (total,), _ = Loop(body).run((torch.zeros(2, dtype=torch.int64),), (torch.ones(3).long(),))
    assert total.tolist() == [3, 3]


def test_what_is_carried_on_keeps_its_shape() -> None:
    """Or the machine would write beyond it."""

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        return (carried[0] + given[0],), (carried[0].sum(),)

    (total,), (sums,) = Loop(body).run((numbers(1),), (numbers(4, 3),))
    assert total.shape == (3,)
    assert sums.shape == (4,)


def test_a_body_that_fails_says_so_itself() -> None:
    """Its own error reaches the caller, not one about the engine."""

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        raise ZeroDivisionError("my own mistake")

    with pytest.raises(ZeroDivisionError, match="my own mistake"):
        Loop(body).run((numbers(1),), (numbers(4, 3),))


def test_a_body_that_cannot_be_recorded_is_tried_once() -> None:
    """Not again for every chunk of training."""
    calls = []

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        calls.append(1)
        return carried, (carried[0].flip(0) + given[0],)

    loop = Loop(body)
    for _ in range(3):
        loop.run((numbers(3),), (numbers(2, 3),))
    assert len(calls) == 3 * 2 + 1


# --- the comparison of first rounds


def random_body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
    """Makes another number in every call, of which tracing cannot know."""
    return carried, (carried[0] * random.random() + given[0],)


@pytest.mark.usefixtures("checked")
def test_a_first_round_that_differs_is_an_error() -> None:
    """The sentence says where and by how much."""
    with pytest.raises(DifferenceError, match="Tensor 0 of what a round makes differs"):
        Loop(random_body).run((numbers(3),), (numbers(2, 3),))


@pytest.mark.usefixtures("checked")
def test_a_first_round_that_agrees_is_no_error() -> None:
    """For one thread and for two, in both precisions, each compared once."""
    calls = []

    def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        calls.append(1)
        return (torch.tanh(carried[0] * 2),), (carried[0] / given[0], given[0] / 0.3)

    loop = Loop(body)
    for dtype in (torch.float32, torch.float64):
        start, given = (numbers(3, dtype=dtype),), (torch.zeros(2, 3, dtype=dtype),)
        _, (quotients, _) = loop.run(start, given)
        assert quotients.isinf().all()
    before = len(calls)
    loop.run(start, given)
    assert len(calls) == before


def test_without_the_switch_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it who has not asked."""
    monkeypatch.delenv(CHECK, raising=False)
    Loop(random_body).run((numbers(3),), (numbers(2, 3),))
