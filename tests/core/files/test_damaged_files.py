"""Files that cannot be opened: missing, of another format, cut short, too large, altered."""

import base64
import random
import struct
from pathlib import Path

import pytest
import torch
from safetensors import torch as safetensors_torch

from explorer.core.base.errors import CheckpointError
from explorer.core.files import container, weights
from explorer.core.files.checkpoint import DESCRIPTION_KEY, RESUME_KEY, Checkpoint, load
from explorer.core.training.loop import advance
from tests.core.files.checkpoints import checked, contents, refused


def test_missing(tmp_path: Path) -> None:
    """A file that is not there."""
    assert "Could not read" in refused(tmp_path / "nowhere" / "net.safetensors")


def test_directory(tmp_path: Path) -> None:
    """A folder instead of a file."""
    assert "Could not read" in refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 8,
        b"\xff" * 64,
        b"PK\x03\x04 a zip, such as torch.save makes",
        "un fichier texte, accentué".encode(),
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 21) + b'{"__metadata__":null}',
        struct.pack("<Q", 41) + b'{"__metadata__":{"maml-explorer":"{}"}}  ',
        random.Random(0).randbytes(5000),
    ],
)
def test_not_safetensors(tmp_path: Path, content: bytes) -> None:
    """Empty files, random bytes and other formats."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("part", [0.0, 0.0005, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_cut_short(saved: Path, part: float) -> None:
    """A file of which the end is missing, however little."""
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    refused(saved)


def test_one_byte_short_or_long(saved: Path) -> None:
    """Even a single byte too few or too many is noticed."""
    content = saved.read_bytes()
    for other in (content[:-1], content + b"\0"):
        saved.write_bytes(other)
        refused(saved)


def test_too_large(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge file is refused before it is read into memory."""
    monkeypatch.setattr(container, "MAX_BYTES", 2**20)
    with saved.open("r+b") as file:
        file.truncate(2**20 + 1)
    assert "larger than 1 MiB" in refused(saved)


def test_too_many_parameters(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a network too large to be explored."""
    monkeypatch.setattr(weights, "MAX_PARAMETERS", 10)
    assert "more than the 10" in refused(saved)


def load_or_refuse(path: Path) -> Checkpoint | None:
    """A checkpoint of finite weights, or None after a proper refusal."""
    try:
        found = load(path)
    except CheckpointError as error:
        checked(error, path)
        return None
    assert torch.isfinite(found.start.theta).all()
    return found


def test_flipped_bytes(saved: Path) -> None:
    """Whichever byte is wrong, a file opens with finite weights or is properly refused."""
    content = saved.read_bytes()
    chance = random.Random(1)
    outcomes = set()
    header = struct.unpack("<Q", content[:8])[0] + 8
    description = content.index(DESCRIPTION_KEY.encode())
    positions = [
        *range(16),
        *(chance.randrange(header, len(content)) for _ in range(60)),
        *(description + chance.randrange(900) for _ in range(150)),
        *(chance.randrange(len(content)) for _ in range(250)),
        *(header - 1 - chance.randrange(500) for _ in range(100)),
    ]
    for position in positions:
        flipped = bytearray(content)
        flipped[position] ^= chance.randrange(1, 256)
        saved.write_bytes(flipped)
        outcomes.add(load_or_refuse(saved) is None)
    assert outcomes == {True, False}


def test_flipped_bytes_of_a_training_state(saved: Path) -> None:
    """So it is beneath the base64: a state loads and trains on, or is properly refused."""
    tensors, metadata = contents(saved)
    content = base64.b64decode(metadata[RESUME_KEY])
    chance = random.Random(2)
    header = struct.unpack("<Q", content[:8])[0] + 8
    for _ in range(150):
        flipped = bytearray(content)
        flipped[chance.randrange(chance.choice([header, len(content)]))] ^= 1 << chance.randrange(8)
        metadata[RESUME_KEY] = base64.b64encode(flipped).decode()
        safetensors_torch.save_file(tensors, saved, metadata)
        found = load_or_refuse(saved)
        if found is not None:
            assert found.run is not None
            assert advance(found.run, 1)[0].iteration == 13
