"""Work that takes a while is cancelled from outside, by whoever waits for it.

This is the one way to stop work. Whoever starts it says when it is no longer wanted, with
`cancelled_when`; whatever takes long asks now and then, with `check_cancelled`, however deep in
the work it is. So no function need be a generator only to be stopped.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class CancelledWorkError(Exception):
    """Whoever wanted a result no longer waits for it; nothing of it is kept."""


def _never() -> bool:
    return False


_is_cancelled: ContextVar[Callable[[], bool]] = ContextVar("is_cancelled", default=_never)


@contextmanager
def cancelled_when(is_cancelled: Callable[[], bool]) -> Iterator[None]:
    """What this thread works on meanwhile is cancelled once the answer is yes.

    Whoever is inside gets a `CancelledWorkError` then. The question is asked very often.
    """
    token = _is_cancelled.set(is_cancelled)
    try:
        yield
    finally:
        _is_cancelled.reset(token)


def check_cancelled() -> None:
    """For whatever takes long to call now and then, at least every 100 ms.

    Raises:
        CancelledWorkError: it is no longer wanted.
    """
    if _is_cancelled.get()():
        raise CancelledWorkError
