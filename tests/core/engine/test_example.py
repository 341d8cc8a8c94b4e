"""The worked example in the engine's own description."""

import doctest

from explorer.core import engine


def test_the_example_is_true() -> None:
    """Every output in it is what the engine prints."""
    failed, tried = doctest.testmod(engine)
    assert failed == 0
    assert tried >= 10
