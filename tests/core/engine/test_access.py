"""Without the machine, or until it is there, loops run as ordinary Python, and somebody says so."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.errors import EngineError
from explorer.core.base.lazy_torch import LazyModule
from explorer.core.engine import Loop, Tensors, access, may_begin_plainly, native
from explorer.core.engine.status import State, Status

ROUNDS = 5


def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
    return (torch.tanh(carried[0] * 2 + given[0]),), (carried[0].sum(),)


def start() -> tuple[Tensors, Tensors]:
    double = torch.float64
    return (torch.linspace(0, 1, 7, dtype=double),), (torch.ones(ROUNDS, 7, dtype=double),)


def whichever(loop: Loop) -> tuple[str, Tensor]:
    """Run a loop, and tell which way it went."""
    ways = []
    plainly = loop.run_plainly

    def noted(*arguments: Tensors) -> tuple[Tensors, Tensors]:
        ways.append("plainly")
        return plainly(*arguments)

    loop.run_plainly = noted  # type: ignore[method-assign]
    (onward,), _ = loop.run(*start())
    return (ways or ["machine"])[0], onward


@pytest.fixture
def unloaded(fresh_status: Status, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Status:
    """As at the first start after an installation."""
    monkeypatch.setattr(native, "_functions", {})
    monkeypatch.setattr(native, "_builders", {})
    monkeypatch.setattr(native, "cache_folder", lambda: tmp_path)
    return fresh_status


@pytest.fixture
def told(unloaded: Status) -> Iterator[list[str]]:
    """What is said to those who listen."""
    sentences: list[str] = []
    stop = unloaded.observe(sentences.append)
    yield sentences
    stop()


def failing_build(_dtype: str) -> bytes:
    raise EngineError("The engine cannot be compiled (no numba): install the program again.")


def failing_link(_code: bytes) -> object:
    raise RuntimeError("no such processor\nand more")


def missing_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "native", LazyModule("no.such.module", "LLVM"))


FAILURES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "compiled (no numba)": lambda patch: patch.setattr(native, "_built", failing_build),
    "loaded (no such processor)": lambda patch: (
        patch.setattr(native, "_built", lambda _: b"code"),
        patch.setattr(native, "linked", failing_link),
    )[0],
    "LLVM cannot be loaded (No module named": missing_llvm,
}


@pytest.mark.parametrize("reason", FAILURES)
@pytest.mark.parametrize("waits", [True, False])
def test_a_machine_that_cannot_be_had_is_no_hindrance(
    reason: str,
    waits: bool,
    unloaded: Status,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loops run as ordinary Python, and one sentence says why, once."""
    FAILURES[reason](monkeypatch)
    expected = Loop(body).run_plainly(*start())[0][0]
    for _ in range(3):
        if waits:
            way, onward = whichever(Loop(body))
        else:
            with may_begin_plainly():
                way, onward = whichever(Loop(body))
        assert way == "plainly"
        assert torch.equal(onward, expected)
    for builder in native._builders.values():
        builder.join()
    assert unloaded.state is State.OFF
    assert reason in unloaded.why_plain
    assert unloaded.why_plain.endswith("everything runs as ordinary Python, several times slower.")
    assert [sentence for sentence in told if sentence] == [unloaded.why_plain]


def test_a_failed_machine_is_not_built_again(
    unloaded: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fail again, after as many seconds."""
    built = []

    def build(dtype: str) -> bytes:
        built.append(dtype)
        return failing_build(dtype)

    monkeypatch.setattr(native, "_built", build)
    for _ in range(3):
        Loop(body).run(*start())
    assert built == ["float64"]


@pytest.fixture(scope="module")
def code() -> bytes:
    """What the compiler makes."""
    return native._object_code("float64")


@pytest.fixture
def slow_build(code: bytes, unloaded: Status, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A compiler that ends when it is told to."""
    go = threading.Event()

    def build(_dtype: str) -> bytes:
        assert go.wait(60)
        return code

    monkeypatch.setattr(native, "_built", build)
    return go


def test_who_may_begins_plainly_and_changes_over(
    unloaded: Status, slow_build: threading.Event
) -> None:
    """Without waiting while the machine is compiled, and on the machine once it is there."""
    with may_begin_plainly():
        for _ in range(2):
            assert whichever(Loop(body))[0] == "plainly"
        assert unloaded.state is State.COMPILING
        assert unloaded.why_plain == ""
        slow_build.set()
        (builder,) = native._builders.values()
        builder.join()
        assert unloaded.state is State.READY
        assert whichever(Loop(body))[0] == "machine"


def test_who_may_not_waits(unloaded: Status, slow_build: threading.Event) -> None:
    """So that the same command gives the same bits the first time and ever after."""
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(whichever(Loop(body))[0]))
    with may_begin_plainly():  # which another thread does not inherit
        waiting.start()
    while unloaded.state is not State.COMPILING:
        waiting.join(0.001)
    assert found == []
    slow_build.set()
    waiting.join()
    assert found == ["machine"]


def test_a_machine_on_the_disk_is_waited_for(unloaded: Status, slow_build: threading.Event) -> None:
    """It takes no time, so that a window's run too is the same every time but the first."""
    slow_build.set()
    native.load("float64")
    native._functions.clear()
    with may_begin_plainly():
        assert whichever(Loop(body))[0] == "machine"


@pytest.mark.usefixtures("engine_off")
def test_it_can_be_switched_off(fresh_status: Status) -> None:
    """Whether it is loaded or not; that is said too."""
    assert whichever(Loop(body))[0] == "plainly"
    assert fresh_status.state is State.OFF
    assert "MAML_EXPLORER_ENGINE=off" in fresh_status.why_plain


def test_plain_rounds_are_given_up_one_by_one() -> None:
    """Who no longer waits need not wait for the whole loop either."""
    rounds = []

    def counted(carried: Tensors, given: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        rounds.append(1)
        return body(carried, given, fixed)

    with pytest.raises(CancelledWorkError), cancelled_when(lambda: len(rounds) == 2):
        Loop(counted).run_plainly(*start())
    assert len(rounds) == 2


def test_a_loop_that_cannot_be_recorded_is_named_once(fresh_status: Status) -> None:
    """With what is in the way, for whoever wrote it."""

    def own(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
        return (carried[0] * float(given[0].sum()),), (carried[0],)

    sentences: list[str] = []
    stop = fresh_status.observe(sentences.append)
    for loop in (Loop(own, name="My learner"), Loop(own, name="My learner")):
        loop.run(*start())
        loop.run(*start())
    stop()
    Loop(own, name="Nobody listens").run(*start())
    assert sentences == [
        "My learner runs as ordinary Python, several times slower, because the engine cannot "
        "repeat it: __float__ hands out values of a tensor."
    ]
    assert fresh_status.why_plain.startswith("Nobody listens runs as ordinary Python")
