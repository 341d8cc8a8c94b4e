"""Checkpoints: safetensors files that plain PyTorch can load, and that training can resume from.

The tensors of a file are one learner's weights under the names of an ``nn.Sequential`` state
dict, and nothing else, so that ``net.load_state_dict(safetensors.torch.load_file(path))`` works.
Everything else stands beside them in the file's metadata: under `DESCRIPTION_KEY` a JSON object
(format, learner, settings, iteration, provenance), and under `RESUME_KEY`, base64-coded, a second
safetensors document with the optimiser and generator states and the run's other learners; the
run's ladder is a third (`explorer.core.files.past`).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from explorer.core.adaptation.starting_point import NetworkStart
from explorer.core.base.atomic_files import write_atomically
from explorer.core.base.errors import CheckpointError
from explorer.core.base.lazy_torch import safetensors_torch, torch
from explorer.core.experiment.settings import Settings
from explorer.core.files.container import damage_named
from explorer.core.files.header import DESCRIPTION_KEY, FORMAT, Header, described
from explorer.core.files.past import with_past, written
from explorer.core.files.provenance import provenance
from explorer.core.files.weights import Weights, read_weights
from explorer.core.files.weights_alone import (
    Declaration,
    is_in_weights,
    meta_size,
    opened,
    start_from,
)
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import parameter_count, to_state_dict
from explorer.core.training.ladder import EMPTY
from explorer.core.training.learner_state import LearnerState
from explorer.core.training.loop import Run, start

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"
OPENED = (SUFFIX, ".pt", ".pth")  # endings of files that open; what a file is, its content tells
RESUME_KEY = "maml-explorer-resume"
NOTHING = Declaration()


@dataclass(frozen=True)
class Checkpoint:
    """One learner's weights with all that is known about them.

    Attributes:
        path: the file.
        learner: name of the learner that found θ; empty if neither the file nor who opens it says.
        start: where adaptation starts; θ in float32.
        settings: the experiment; what is declared of it and else the paper's, but for the network,
            if the file does not say.
        iteration: meta-iterations done; None if the file does not say.
        provenance: when and with what the file was made, as text; empty if it does not say.
        run: the training run to resume, if the file carries one.
    """

    path: Path
    learner: str
    start: NetworkStart
    settings: Settings
    iteration: int | None
    provenance: Mapping[str, str]
    run: Run | None

    @property
    def is_bare(self) -> bool:
        """Whether the file holds weights alone and says nothing of itself."""
        return self.iteration is None

    @property
    def label(self) -> str:
        """What to call the network: its learner, or the file's name if that is unknown."""
        return LEARNERS[self.learner].label if self.learner else self.path.stem

    def starting_points(self) -> dict[str, NetworkStart]:
        """Starting points by learner name, this one's first and then those trained beside it."""
        run = self.run
        others = [name for name in run.learners if name != self.learner] if run else []
        rest = {name: run.starting_point(name) for name in others} if run else {}
        return {self.learner: self.start, **rest}


def save(path: Path, run: Run, learner: str, resumable: bool = True) -> None:
    """Write a checkpoint of one of the run's learners, all or nothing.

    Args:
        path: the file.
        run: what is saved.
        learner: whose weights the file shows.
        resumable: whether training can go on from the file. If not, it is far smaller: it leaves
            out the ladder and the other learners, and the training state too unless that holds
            more of what was learned than the weights, as with Meta-SGD.

    Raises:
        CheckpointError: the file cannot be written; an older file at that path is untouched.
    """
    if not resumable:
        run = replace(run, learners={learner: run.learners[learner]}, ladder=EMPTY)
    description = {
        "format": FORMAT,
        "learner": learner,
        "settings": run.settings.to_dict(),
        "iteration": run.iteration,
        "seconds": {name: state.seconds for name, state in run.learners.items()},
        "provenance": provenance(),
    }
    metadata = {DESCRIPTION_KEY: json.dumps(description)}
    if resumable or not _weights_tell_all(learner, run.settings):
        state = safetensors_torch.save(_resume_tensors(run, learner))
        metadata[RESUME_KEY] = base64.b64encode(state).decode()
        metadata |= written(run, len(metadata[RESUME_KEY]))
    start = run.starting_point(learner)
    weights = to_state_dict(start.theta, start.network)
    try:
        path = path.resolve()  # the message names the file that a link points to
        write_atomically(path, safetensors_torch.save(weights, metadata))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError(
            f"Could not save {path}: {reason}. Choose another place and save again."
        ) from error


def _resume_tensors(run: Run, learner: str) -> dict[str, Tensor]:
    tensors = {"streams.tasks": run.task_stream, "streams.noise": run.noise_stream}
    for name, state in run.learners.items():
        tensors[f"{name}.first_moment"] = state.first_moment.clone()
        tensors[f"{name}.second_moment"] = state.second_moment.clone()
        if name != learner or not is_in_weights(name, run.settings):
            tensors[f"{name}.theta"] = state.meta.clone()
    return tensors


def _weights_tell_all(learner: str, settings: Settings) -> bool:
    """Whether adaptation starts from the weights alone, with nothing else that was learned."""
    return LEARNERS[learner].own_tasks is not None or is_in_weights(learner, settings)


def load(path: Path, declared: Declaration = NOTHING) -> Checkpoint:
    """Read and check a checkpoint, whoever made it.

    A file with the weights of an ``nn.Sequential`` and no metadata opens too, and a state dict
    that ``torch.save`` wrote: the layers follow from the shapes.

    Args:
        path: the file.
        declared: what is said of it where it says nothing of itself.

    Raises:
        CheckpointError: the file is missing, damaged, not finite, wrongly shaped, of a newer
            format or of another kind, or is not what is declared.
        SettingsError: a declared setting is impossible, and needed.
    """
    weights = read_weights(path)
    if weights.are_bare:
        found = opened(path, weights.theta, weights.sizes, declared)
        return Checkpoint(path, found.learner, found.start, found.settings, None, {}, None)
    with damage_named(path):
        return _described(path, weights)


def begun_from(checkpoint: Checkpoint, learners: Sequence[str]) -> Run:
    """A run at iteration 0 in which every learner begins with a checkpoint's weights.

    Raises:
        CheckpointError: a learner's network has other layers, or begins with weights of its own.
    """
    network, settings = checkpoint.start.network, checkpoint.settings
    for name in learners:
        rule = LEARNERS[name]
        if rule.own_tasks is not None:
            raise CheckpointError(
                f"{rule.label} trains many networks, each from weights of its own: leave it out, "
                f"or train it without {checkpoint.path}."
            )
        if rule.network(settings) != network:
            raise CheckpointError(
                f"{checkpoint.path} holds a network with layers {network.sizes}, and "
                f"{rule.label}'s has {rule.network(settings).sizes} here: choose learners with "
                "such a network, and one that training takes."
            )
    return start(settings, tuple(learners), checkpoint.start.theta[: parameter_count(network)])


def _described(path: Path, weights: Weights) -> Checkpoint:
    theta, sizes, metadata = weights.theta, weights.sizes, weights.metadata
    header = described(path, metadata)
    rule = LEARNERS[header.learner]
    network = rule.network(header.settings)
    if sizes != network.sizes:
        raise CheckpointError(
            f"{path} is inconsistent: its weights have layers {sizes}, its settings say "
            f"{network.sizes}. Use another copy of the file."
        )
    run = None
    if RESUME_KEY in metadata:
        run = _resume(path, header, theta, metadata)
        start = run.starting_point(header.learner)
    else:
        start = start_from(path, header.learner, theta, network, header.settings)
    return Checkpoint(
        path,
        header.learner,
        start,
        header.settings,
        header.iteration,
        header.provenance,
        run,
    )


def _resume(path: Path, header: Header, theta: Tensor, metadata: Mapping[str, str]) -> Run:
    damaged = CheckpointError(
        f"{path} holds a damaged training state: its weights may be fine, but use another copy."
    )
    try:
        tensors = safetensors_torch.load(base64.b64decode(metadata[RESUME_KEY], validate=True))
        names = {name.partition(".")[0] for name in tensors} - {"streams"}
        streams = tensors["streams.tasks"], tensors["streams.noise"]
        for state in streams:
            torch.Generator().set_state(state)
        states = {
            name: LearnerState(
                theta
                if name == header.learner and is_in_weights(name, header.settings)
                else tensors[f"{name}.theta"],
                tensors[f"{name}.first_moment"],
                tensors[f"{name}.second_moment"],
                header.seconds.get(name, 0.0),
            )
            for name in LEARNERS
            if name in names
        }
    except (SafetensorError, binascii.Error, KeyError, RuntimeError, TypeError) as error:
        raise damaged from error
    if header.learner not in states:
        raise damaged
    for name, found in states.items():
        expected = (meta_size(name, header.settings),)
        for part in (found.meta, found.first_moment, found.second_moment):
            if part.dtype != torch.float32 or part.shape != expected:
                raise damaged
            if not torch.isfinite(part).all():
                raise damaged
    run = Run(header.settings, header.iteration, states, *streams)
    try:
        return with_past(run, metadata)
    except ValueError as error:
        raise damaged from error
