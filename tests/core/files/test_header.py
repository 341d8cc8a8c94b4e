"""What a checkpoint says of itself, without its tensors."""

from pathlib import Path

import pytest

from explorer import resources
from explorer.core.base.errors import CheckpointError
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import load, save
from explorer.core.files.header import read_header
from explorer.core.training.loop import advance, start


def assert_same(path: Path) -> None:
    """The header says what the whole file says."""
    found, whole = read_header(path), load(path)
    assert found.learner == whole.learner
    assert found.settings == whole.settings
    assert found.iteration == whole.iteration
    assert found.provenance == whole.provenance


@pytest.mark.parametrize("name", [resources.MAML_CHECKPOINT, resources.PRETRAINED_CHECKPOINT])
def test_it_agrees_with_the_shipped_files(name: str) -> None:
    """Learner, settings, iteration and provenance."""
    assert_same(resources.resource(name))


def test_it_agrees_with_a_file_of_ones_own(tmp_path: Path) -> None:
    """Also where a second learner and the state to resume stand in the file."""
    path = tmp_path / "run.safetensors"
    save(path, advance(start(Settings(hidden=(5,), seed=4)), 2)[0], "pretrained")
    assert_same(path)


def test_tensors_are_not_looked_at(tmp_path: Path) -> None:
    """A file that is cut off behind its header still says what it was."""
    whole = resources.resource(resources.MAML_CHECKPOINT)
    content = whole.read_bytes()
    path = tmp_path / "short.safetensors"
    path.write_bytes(content[: 8 + int.from_bytes(content[:8], "little")])
    assert read_header(path) == read_header(whole)


@pytest.mark.parametrize(
    "content", [b"", b"no header at all", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"]
)
def test_a_file_without_one_is_refused(tmp_path: Path, content: bytes) -> None:
    """In one sentence that names it."""
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.safetensors has a damaged description"):
        read_header(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """As `load` says it."""
    with pytest.raises(CheckpointError, match="Could not read"):
        read_header(tmp_path / "missing.safetensors")
