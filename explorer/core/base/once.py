"""What is found once, by whoever is first to need it, although several threads may ask."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A function without arguments that is called once; who asks meanwhile waits for the answer.

    One that fails is called again by whoever asks next. `functools.cache` and `cached_property`
    would let two threads that ask at once have an answer each, which need not be the same.
    """

    def __init__(self, find: Callable[[], T]) -> None:
        self._find: Callable[[], T] | None = find
        self._lock = Lock()
        self._found: T

    def __call__(self) -> T:
        """The answer."""
        with self._lock:
            if self._find is not None:
                self._found = self._find()
                self._find = None  # what it holds is not needed any more
            return self._found
