"""A sample of the torture, and that it tells the truth."""

import shutil
import sys

import pytest

from tests.torture.random_events import attempt


def test_a_sample_survives(capsys: pytest.CaptureFixture[str]) -> None:
    """Some random events end well: no death, no error, no collection in a worker."""
    assert attempt(events=70, seed=1, limit=110, eager=True), capsys.readouterr().out
    assert "exit 0; events 70," in capsys.readouterr().out


def test_a_dead_process_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that ends in any other way counts, and is named with its exit code."""
    dying = shutil.which("false")
    assert dying is not None
    monkeypatch.setattr(sys, "executable", dying)
    assert not attempt(events=1, seed=3, limit=60, eager=False)
    assert capsys.readouterr().out.startswith("seed 3: exit 1;")
