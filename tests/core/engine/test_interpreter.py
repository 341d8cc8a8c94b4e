"""The machine itself: what it needs of memory, of the interpreter, and of other threads."""

import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch

from explorer.core.engine import Loop, Tensors, all_reduce, native
from explorer.core.engine.layout import BARRIER_SIZE, Numbers, Op, Row
from explorer.core.engine.program import assemble
from explorer.core.engine.tracing import trace


@pytest.fixture
def patient_interpreter() -> Iterator[None]:
    """No thread is ever made to give up the interpreter lock; only who waits releases it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


def counting(rounds: int, made: Numbers) -> tuple[object, ...]:
    """Arguments of `native.run` for a program that adds 1 and hands out the sum."""
    program = assemble(trace(lambda a: [a + 1], [torch.zeros(1)]))
    ((place, _),) = program.outputs
    return (
        np.zeros(program.size, np.float32),
        program.table,
        program.scalars.astype(np.float32),
        rounds,
        np.zeros(0, np.float32),
        np.zeros((0, 2), np.int64),
        made.reshape(-1),
        np.array([[place, 1]]),
        np.array([[place, program.inputs[0], 1]]),
        np.zeros(0, np.float32),
        np.zeros(BARRIER_SIZE, np.int64),
        0,
    )


@pytest.mark.usefixtures("patient_interpreter")
def test_a_run_needs_no_interpreter_lock() -> None:
    """A window can paint throughout: this thread never lets go of the lock, yet the work is done.

    The other thread takes the lock to begin with; this one gets it when the machine releases it.
    """
    native.run(*counting(1, np.zeros((1, 1), np.float32)))  # compiled, or read from the disk
    rounds = 2_000_000
    made = np.zeros((rounds, 1), np.float32)
    arguments, returned = counting(rounds, made), threading.Event()

    def work() -> None:
        native.run(*arguments)
        returned.set()

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 60
    while made[-1, 0] != rounds and time.monotonic() < deadline:
        pass
    assert made[-1, 0] == rounds
    assert not returned.is_set()
    thread.join()


def test_threads_do_not_disturb_each_other() -> None:
    """One loop run by several threads at once gives each its own result."""

    def body(carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        onward = torch.tanh(torch.matmul(carried[0], fixed[0]) + given[0])
        return (onward,), (onward.sum(),)

    loop, weights = Loop(body), torch.randn(20, 20, generator=torch.Generator().manual_seed(0))
    results: dict[int, torch.Tensor] = {}

    def work(number: int) -> None:
        start = torch.full((20, 20), number / 10)
        results[number] = loop.run((start,), (torch.linspace(0, 1, 2000),), (weights,))[1][0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = dict(results)
    for number in range(4):
        work(number)
        assert torch.equal(results[number], alone[number])


def test_what_is_not_needed_is_not_done() -> None:
    """Only what the outputs depend on is in the program, and joining costs no copies."""

    def function(a: torch.Tensor) -> list[torch.Tensor]:
        torch.tanh(a) + 1
        return [torch.cat([torch.relu(a), a * 2], 1)]

    program = assemble(trace(function, [torch.zeros(3, 4)]))
    assert program.table[:, Row.OP].tolist() == [Op.RELU, Op.AFFINE]


def test_memory_is_used_again() -> None:
    """A long chain of results needs room for a few of them."""

    def function(a: torch.Tensor) -> list[torch.Tensor]:
        for _ in range(50):
            a = torch.tanh(a) + 1
        return [a]

    size = 1000
    program = assemble(trace(function, [torch.zeros(size)]))
    assert len(program.table) == 100
    assert program.size < 6 * size


def test_long_recordings_are_assembled_fast_enough() -> None:
    """The number of steps to assemble grows with the length of a recording, not its square."""

    def steps(parts: int) -> int:
        def function(a: torch.Tensor) -> list[torch.Tensor]:
            return [torch.cat([torch.cat([torch.relu(a), a * i], 1) for i in range(parts)], 0)]

        recording, count = trace(function, [torch.zeros(3, 4)]), 0

        def count_step(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(count_step)
        try:
            assemble(recording)
        finally:
            sys.setprofile(None)
        return count

    assert steps(80) < 6 * steps(20)


# --- several threads


def averaging(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
    """Move towards the mean of what all threads are given."""
    (x,), (part,) = carried, given
    mean = all_reduce(part / 6)
    x = torch.lerp(x, mean + all_reduce(x.expand(len(part), -1) / 6), 0.3)
    return (x,), (mean,)


@pytest.mark.parametrize("cuts", [(2, 4), (1, 2, 3, 4, 5), (3,)])
def test_threads_carry_on_what_one_would(cuts: tuple[int, ...]) -> None:
    """However a batch is cut, the rows of all threads are added in the same order, bit for bit."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(50, generator=generator, dtype=torch.float64)
    given = torch.randn(500, 6, 50, generator=generator, dtype=torch.float64)
    ends = [0, *cuts, 6]

    def shard(given: Tensors, threads: int) -> list[Tensors]:
        assert threads == len(cuts) + 1
        return [(given[0][:, first:last],) for first, last in pairwise(ends)]

    loop = Loop(averaging, shard)
    (alone,), (means,) = loop.run((start,), (given,))
    (onward,), (seen,) = loop.run((start,), (given,), threads=len(cuts) + 1)
    assert torch.equal(onward, alone)
    assert torch.equal(seen, means)
    torch.testing.assert_close(means, given.mean(1), rtol=1e-12, atol=1e-12)
