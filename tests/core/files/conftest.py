"""The run that the tests of checkpoints share, and a file of it."""

from pathlib import Path

import pytest

from explorer.core.files.checkpoint import save
from explorer.core.training.loop import Run, advance, start
from tests.core.files.checkpoints import SETTINGS


@pytest.fixture(scope="module")
def run() -> Run:
    """Both learners after a little training with noise."""
    return advance(start(SETTINGS), 12)[0]


@pytest.fixture
def saved(tmp_path: Path, run: Run) -> Path:
    """A valid checkpoint of MAML."""
    path = tmp_path / "maml.safetensors"
    save(path, run, "maml")
    return path
