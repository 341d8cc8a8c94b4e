"""Checkpoint files as bytes: a safetensors document with text in its metadata.

A safetensors file is eight bytes of length, a JSON header with the metadata, and the tensors.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer.core.base.errors import CheckpointError, SettingsError, UserError

MAX_BYTES = 256 * 2**20
LENGTH_BYTES = 8


def read(path: Path) -> bytes:
    """A file's whole content: read once, so that all of it is of one version of the file.

    Raises:
        CheckpointError: it cannot be read or is too large for a checkpoint.
    """
    with _reading(path):
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(
                f"{path} is larger than {MAX_BYTES // 2**20} MiB: choose a checkpoint of a small "
                "multilayer perceptron."
            )
        return path.read_bytes()


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a file, its tensors unread.

    Raises:
        CheckpointError: it cannot be read.
        ValueError: it is no such file.
    """
    with _reading(path), path.open("rb") as file:
        start = file.read(LENGTH_BYTES)
        length = min(int.from_bytes(start, "little"), MAX_BYTES)
        return metadata_of(start + file.read(length))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"Could not read {path}: {error.strerror or error}. Check the name and the permissions."
        ) from error


def metadata_of(content: bytes) -> dict[str, str]:
    """The metadata of a safetensors file.

    Raises:
        ValueError: the content is not that of such a file.
    """
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])
    metadata: dict[str, str] = header.get("__metadata__") or {}
    return metadata


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside over an odd description becomes a `CheckpointError`."""
    try:
        yield
    except SettingsError as error:
        raise CheckpointError(f"{path} holds an impossible setting: {error}") from error
    except UserError:
        raise
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
    ) as error:
        raise CheckpointError(
            f"{path} has a damaged description: use another copy of the file."
        ) from error
