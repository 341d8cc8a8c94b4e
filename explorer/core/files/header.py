"""What a checkpoint says of itself, which can be read without PyTorch.

A checkpoint is a safetensors file: eight bytes of length, a JSON header with the metadata, and
the tensors. Under `DESCRIPTION_KEY` the metadata hold a JSON object with the format, the learner,
the settings, the iteration and the provenance.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.core.base.errors import CheckpointError, SettingsError, UserError
from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS

FORMAT = 1
DESCRIPTION_KEY = "maml-explorer"
MAX_BYTES = 256 * 2**20
MAX_ITERATION = 2**53


@dataclass(frozen=True)
class Header:
    """A checkpoint's description.

    Attributes:
        learner: name of the learner that found θ.
        settings: the experiment.
        iteration: meta-iterations done.
        provenance: when and with what the file was made, as text; empty if it does not say.
        seconds: spent on training each learner of the run, where the file says it.
    """

    learner: str
    settings: Settings
    iteration: int
    provenance: Mapping[str, str]
    seconds: Mapping[str, float]


def read_header(path: Path) -> Header:
    """The header of a checkpoint that this program has made, its tensors unread.

    Raises:
        CheckpointError: the file cannot be read or has no such description.
    """
    with damage_named(path):
        return described(path, metadata_of(read(path)))


def read(path: Path) -> bytes:
    """A file's whole content: read once, so that all of it is of one version of the file.

    Raises:
        CheckpointError: it cannot be read or is too large for a checkpoint.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(
                f"{path} is larger than {MAX_BYTES // 2**20} MiB: choose a checkpoint of a small "
                "multilayer perceptron."
            )
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"Could not read {path}: {error.strerror or error}. Check the name and the permissions."
        ) from error


def metadata_of(content: bytes) -> dict[str, str]:
    """The metadata of a safetensors file.

    Raises:
        ValueError: the content is not that of such a file.
    """
    length = int.from_bytes(content[:8], "little")
    metadata: dict[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__", {})
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


def described(path: Path, metadata: Mapping[str, str]) -> Header:
    """The header in a file's metadata; to be called inside `damage_named`."""
    description: dict[str, Any] = json.loads(metadata[DESCRIPTION_KEY])
    if int(description["format"]) > FORMAT:
        raise CheckpointError(
            f"{path} was made by a newer version of MAML Explorer: update this program to open it."
        )
    learner = str(description["learner"])
    if learner not in LEARNERS:
        raise CheckpointError(
            f"{path} comes from the learner {learner!r}, which this version does not know: "
            "update this program to open it."
        )
    settings = Settings.from_dict(description["settings"])
    iteration = int(description["iteration"])
    if not 0 <= iteration <= MAX_ITERATION:
        raise ValueError
    provenance = {str(k): str(v) for k, v in description.get("provenance", {}).items()}
    seconds = {str(k): float(v) for k, v in description.get("seconds", {}).items()}
    return Header(learner, settings, iteration, provenance, seconds)
