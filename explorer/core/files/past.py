"""The ladder of a run as text in the metadata of a checkpoint.

It is a safetensors document of its own, base64-coded, with the iterations of the rungs ``(R,)`` and
of each learner what it had learned at each of them ``(R, M)``. Files of older versions have none.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from explorer.core.base.lazy_torch import safetensors_torch, torch
from explorer.core.training.ladder import MOST_RUNGS, Ladder, Rung, rung_size
from explorer.core.training.loop import Run

if TYPE_CHECKING:
    from torch import Tensor

LADDER_KEY = "maml-explorer-ladder"
ITERATIONS = "iterations"
MAX_METADATA = 95_000_000  # characters; safetensors reads no more than 100 million bytes of them


def written(run: Run, beside: int) -> dict[str, str]:
    """The metadata with a run's ladder; none if it has none, or there is no room for it.

    Args:
        run: the run.
        beside: how many characters of metadata there are already.
    """
    rungs = run.ladder.rungs
    if not rungs:
        return {}
    tensors = {ITERATIONS: torch.tensor(run.ladder.iterations)}
    for name in run.learners:
        tensors[name] = torch.stack([rung.learned[name] for rung in rungs])
    text = base64.b64encode(safetensors_torch.save(tensors)).decode()
    return {LADDER_KEY: text} if beside + len(text) <= MAX_METADATA else {}


def with_past(run: Run, metadata: Mapping[str, str]) -> Run:
    """A run with the ladder that the metadata of its file hold, if they do.

    Raises:
        ValueError: it is damaged, or is not of this run.
    """
    if LADDER_KEY not in metadata:
        return run
    try:
        tensors = safetensors_torch.load(base64.b64decode(metadata[LADDER_KEY], validate=True))
        iterations = _iterations(tensors.pop(ITERATIONS), run.iteration)
    except (SafetensorError, binascii.Error, KeyError, RuntimeError) as error:
        raise ValueError from error
    if tensors.keys() != run.learners.keys():
        raise ValueError
    for name, learned in tensors.items():
        size = rung_size(name, len(run.learners[name].meta), run.settings)
        if learned.dtype != torch.float32 or learned.shape != (len(iterations), size):
            raise ValueError
        if not torch.isfinite(learned).all():
            raise ValueError
    rungs = (
        Rung(iteration, {name: tensors[name][place] for name in run.learners})
        for place, iteration in enumerate(iterations)
    )
    return replace(run, ladder=Ladder(tuple(rungs)))


def _iterations(found: Tensor, newest: int) -> list[int]:
    """Where the rungs are, from the lowest to the highest.

    Raises:
        ValueError: they cannot be those of a run that has come to its newest iteration.
    """
    if found.dtype != torch.int64 or found.ndim != 1 or len(found) > MOST_RUNGS:
        raise ValueError
    iterations: list[int] = found.tolist()
    if iterations != sorted({*iterations}) or any(not 0 <= n <= newest for n in iterations):
        raise ValueError
    return iterations
