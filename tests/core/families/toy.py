"""A family that the program does not know, to try what has to work with any."""

import pytest

from explorer.core.families import FAMILIES
from tests.core.families.steep import Steep

__all__ = ["Steep", "make_known"]


def make_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program has it among its families until the test ends."""
    monkeypatch.setitem(FAMILIES, Steep.name, Steep)
