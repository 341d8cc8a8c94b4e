"""What the tests of checkpoints have in common: a run's settings, refusals, a file's contents."""

from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors import torch as safetensors_torch
from torch import Tensor

from explorer.core.base.errors import CheckpointError
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import load

SETTINGS = Settings(hidden=(6, 5), shots=3, query=4, meta_batch=3, noise=0.2, seed=7)


def refused(path: Path) -> str:
    """The one line with which a file is refused; it names the file."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    return checked(caught.value, path)


def checked(error: CheckpointError, path: Path) -> str:
    message = str(error)
    assert str(path) in message
    assert "\n" not in message
    assert message.endswith(".")
    return message


def contents(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(str(path), "pt") as file:
        return safetensors_torch.load_file(path), dict(file.metadata() or {})
