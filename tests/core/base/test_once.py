"""Several threads, one answer."""

import threading
from itertools import count

import pytest

from explorer.core.base.once import Once


def test_who_asks_meanwhile_has_the_same_answer() -> None:
    """The second thread asks while the first is still looking."""
    numbers, gate, asked = count(), threading.Event(), threading.Event()

    def find() -> int:
        asked.set()
        gate.wait(10)
        return next(numbers)

    once, found = Once(find), list[int]()
    threads = [threading.Thread(target=lambda: found.append(once())) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert asked.wait(10)
    gate.set()
    for thread in threads:
        thread.join()
    assert found == [0, 0, 0]
    assert once() == 0


def test_a_failure_is_no_answer() -> None:
    """It is tried again."""
    tries = count()

    def find() -> str:
        if not next(tries):
            raise OSError("not yet")
        return "there"

    once = Once(find)
    with pytest.raises(OSError, match="not yet"):
        once()
    assert once() == "there"
