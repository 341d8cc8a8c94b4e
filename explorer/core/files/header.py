"""What a checkpoint says of itself, which can be read without PyTorch.

Under `DESCRIPTION_KEY` the metadata of a file (`explorer.core.files.container`) hold a JSON object
with the format, the learner, the settings, the iteration and the provenance.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.core.base.errors import CheckpointError
from explorer.core.experiment.settings import Settings
from explorer.core.files.container import damage_named, read_metadata
from explorer.core.learners import LEARNERS

FORMAT = 1
DESCRIPTION_KEY = "maml-explorer"
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
        return described(path, read_metadata(path))


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
