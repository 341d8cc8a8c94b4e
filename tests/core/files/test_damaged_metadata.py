"""Intact weights beside a description or a training state that cannot be."""

import base64
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import torch as safetensors_torch
from torch import Tensor

from explorer.core.files.checkpoint import DESCRIPTION_KEY, FORMAT, RESUME_KEY
from tests.core.files.checkpoints import contents, refused


def describe(path: Path, **changes: Any) -> None:
    """Rewrite a file with another description."""
    tensors, metadata = contents(path)
    description = json.loads(metadata[DESCRIPTION_KEY]) | changes
    metadata[DESCRIPTION_KEY] = json.dumps(description)
    safetensors_torch.save_file(tensors, path, metadata)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": FORMAT + 1}, "newer version"),
        ({"format": None}, "damaged description"),
        ({"format": math.inf}, "damaged description"),
        ({"learner": "fomaml"}, "'fomaml'"),
        ({"learner": "two\nlines"}, "learner"),
        ({"learner": None}, "learner"),
        ({"iteration": "many"}, "damaged description"),
        ({"iteration": None}, "damaged description"),
        ({"iteration": -1}, "damaged description"),
        ({"iteration": math.nan}, "damaged description"),
        ({"iteration": math.inf}, "damaged description"),
        ({"iteration": 10**30}, "damaged description"),
        ({"settings": None}, "damaged description"),
        ({"settings": ["shots"]}, "damaged description"),
        ({"settings": {}}, "inconsistent"),
        ({"settings": {"hidden": [6, 6]}}, "inconsistent"),
        ({"settings": {"hidden": "six"}}, "Hidden layers"),
        ({"settings": {"hidden": [6, 5], "shots": -3}}, "Support points"),
        ({"settings": {"hidden": [6, 5], "alpha": math.nan}}, "Step size"),
        ({"settings": {"hidden": [6, 5], "x": [1, 0]}}, "Input x"),
        ({"settings": {"hidden": [6, 5], "activation": "sine"}}, "Activation"),
        ({"settings": {"hidden": [6, 5], "family": "cubes"}}, "Family"),
        ({"settings": {"hidden": [6, 5], "family": None}}, "Family"),
        ({"settings": {"hidden": [6, 5], "family": ["sine"]}}, "Family"),
        ({"settings": {"hidden": [6, 5], "amplitude": [2, 1]}}, "Amplitude"),
        ({"settings": {"hidden": [6, 5], "context": 0}}, "CAVIA's context"),
        ({"provenance": "yesterday"}, "damaged description"),
        ({"provenance": None}, "damaged description"),
    ],
)
def test_bad_description(saved: Path, changes: dict[str, Any], words: str) -> None:
    """Intact weights with a description that cannot be."""
    describe(saved, **changes)
    assert words in refused(saved)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"format"',
        "{}",
        "NaN",
        '{"format": 1}',
        '{"format": 1, "learner": "maml"}',
        "[" * 100_000,
        '{"format": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: text[:40],
)
def test_garbled_json(saved: Path, text: str) -> None:
    """A description that is no JSON object, or not one of ours."""
    tensors, metadata = contents(saved)
    safetensors_torch.save_file(tensors, saved, metadata | {DESCRIPTION_KEY: text})
    assert "damaged description" in refused(saved)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        "é",
        "AAAA",
        base64.b64encode(b"\xff" * 100).decode(),
        base64.b64encode(safetensors_torch.save({"x": torch.zeros(1)})).decode(),
    ],
)
def test_garbled_training_state(saved: Path, text: str) -> None:
    """A training state that is none."""
    tensors, metadata = contents(saved)
    safetensors_torch.save_file(tensors, saved, metadata | {RESUME_KEY: text})
    assert "damaged" in refused(saved)


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("streams.tasks", None),
        ("streams.noise", None),
        ("streams.tasks", torch.zeros(5056, dtype=torch.uint8)),
        ("streams.noise", torch.zeros(3, dtype=torch.uint8)),
        ("streams.noise", torch.zeros(5056)),
        ("maml.first_moment", None),
        ("maml.second_moment", torch.zeros(3)),
        ("maml.second_moment", torch.full((53,), math.nan)),
        ("maml.first_moment", torch.zeros(53, dtype=torch.float64)),
        ("maml.first_moment", torch.zeros(53, dtype=torch.float8_e4m3fn)),
        ("maml.first_moment", torch.zeros(53, dtype=torch.complex64)),
        ("pretrained.theta", None),
        ("pretrained.theta", torch.full((53,), math.inf)),
        ("pretrained.theta", torch.zeros(1, 53)),
    ],
)
def test_damaged_training_state(saved: Path, name: str, replacement: Tensor | None) -> None:
    """A training state with a part missing, misshapen, mistyped or not finite."""
    tensors, metadata = contents(saved)
    parts = safetensors_torch.load(base64.b64decode(metadata[RESUME_KEY]))
    assert name in parts
    assert parts["maml.first_moment"].shape == (53,)
    if replacement is None:
        del parts[name]
    else:
        parts[name] = replacement
    metadata[RESUME_KEY] = base64.b64encode(safetensors_torch.save(parts)).decode()
    safetensors_torch.save_file(tensors, saved, metadata)
    assert "damaged training state" in refused(saved)


def test_another_learners_training_state(saved: Path) -> None:
    """A training state that lacks the very learner whose weights the file holds."""
    tensors, metadata = contents(saved)
    parts = safetensors_torch.load(base64.b64decode(metadata[RESUME_KEY]))
    kept = {name: part for name, part in parts.items() if not name.startswith("maml.")}
    metadata[RESUME_KEY] = base64.b64encode(safetensors_torch.save(kept)).decode()
    safetensors_torch.save_file(tensors, saved, metadata)
    assert "damaged training state" in refused(saved)
