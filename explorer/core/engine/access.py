"""Who gets the machine, who waits for it, and who goes on without it.

As ordinary Python a loop comes to the same numbers but for rounding. So whoever promises the same
numbers again, such as the command line, waits until the machine is there; whoever has somebody
waiting in front of a window begins without it, and changes over when it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from explorer.core.base.errors import EngineError
from explorer.core.base.lazy_torch import LazyModule
from explorer.core.engine.status import STATUS, State

if TYPE_CHECKING:
    from explorer.core.engine import native, processor
else:
    native, processor = (
        LazyModule(f"explorer.core.engine.{name}", "LLVM") for name in ("native", "processor")
    )

_begins_plainly: ContextVar[bool] = ContextVar("begins_plainly", default=False)


@contextmanager
def may_begin_plainly() -> Iterator[None]:
    """Loops that this thread runs meanwhile do not wait for a machine that must be compiled."""
    token = _begins_plainly.set(True)
    try:
        yield
    finally:
        _begins_plainly.reset(token)


def arithmetic() -> str:
    """How loops round in this process, in words; where these are the same, so are the bits."""
    if STATUS.state is not State.OFF:
        try:
            return "fused" if processor.fuses() else "unfused (no FMA)"
        except EngineError:
            pass
    return "PyTorch's"


def has_machine(dtype: str) -> bool:
    """Whether a loop on numbers of one type is to run on the machine, loaded by then."""
    if STATUS.state is State.OFF:
        if not STATUS.why_plain:
            STATUS.say_switched_off()
        return False
    try:
        if _begins_plainly.get():
            return native.begin_loading(dtype)
        native.load(dtype)
    except EngineError as error:
        STATUS.turn_off(str(error))
        return False
    return True
