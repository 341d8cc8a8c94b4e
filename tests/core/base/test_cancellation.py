"""A loop that nobody waits for any more is not prepared to its end, and nothing is kept of it."""

from threading import Thread

import pytest
import torch

from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.engine import Loop, Tensors

CALLS = 40


def body(carried: Tensors, given: Tensors, _fixed: Tensors) -> tuple[Tensors, Tensors]:
    (total,) = carried
    for _ in range(CALLS):
        total = total + given[0]
    return (total,), (total * 2,)


def run(loop: Loop) -> float:
    (total,), _ = loop.run((torch.zeros(2),), (torch.ones(3, 2),))
    return float(total[0])


@pytest.mark.parametrize("patience", [0, 1, CALLS // 2, CALLS + 1, CALLS + 5, 2 * CALLS])
def test_it_is_cancelled_when_asked_and_done_when_asked_again(patience: int) -> None:
    """Whether the calls are being noted or laid out by then."""
    loop, asked = Loop(body), []

    def is_over() -> bool:
        asked.append(1)
        return len(asked) > patience

    with pytest.raises(CancelledWorkError), cancelled_when(is_over):
        run(loop)
    assert len(asked) == patience + 1
    assert run(loop) == 3 * CALLS


def test_what_is_prepared_is_not_given_up() -> None:
    """It no longer asks."""
    loop = Loop(body)
    run(loop)
    with cancelled_when(lambda: True):
        assert run(loop) == 3 * CALLS


def test_other_threads_do_not_give_up() -> None:
    """Who no longer waits for one loop may still wait for another."""
    found = []
    with cancelled_when(lambda: True):
        other = Thread(target=lambda: found.append(run(Loop(body))))
        other.start()
        other.join()
    assert found == [3 * CALLS]


def test_it_ends_with_the_block() -> None:
    """Also when the block ends with an error."""
    with pytest.raises(KeyError), cancelled_when(lambda: True):
        raise KeyError
    assert run(Loop(body)) == 3 * CALLS
