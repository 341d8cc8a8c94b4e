"""Giving up what takes a while, such as preparing a loop, once nobody waits for it any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class GivenUpError(Exception):
    """Whoever wanted a result no longer waits for it; nothing of it is kept."""


def _never() -> bool:
    return False


_is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=_never)


@contextmanager
def given_up_when(is_over: Callable[[], bool]) -> Iterator[None]:
    """What this thread works on meanwhile is given up once the answer is yes.

    Whoever is inside gets a `GivenUpError` then. The question is asked very often.
    """
    token = _is_over.set(is_over)
    try:
        yield
    finally:
        _is_over.reset(token)


def check_wanted() -> None:
    """For whatever takes long to call now and then.

    Raises:
        GivenUpError: it is no longer wanted.
    """
    if _is_over.get()():
        raise GivenUpError
