"""Weights whose file says nothing of itself: what is said of them, and what their shapes tell.

Shapes tell the layers. They do not tell whose weights these are, nor the activation, the family of
functions or step sizes: who opens the file says that, or it is as in the MAML paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.adaptation.starting_point import NetworkStart, StartingPoint
from explorer.core.base.errors import CheckpointError, SettingsError
from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS, MAML
from explorer.core.network.mlp import Network, parameter_count

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Declaration:
    """What is said of weights whose file says nothing of itself.

    Attributes:
        learners: names of learners; the first whose network has such layers has found them. If
            none is named, they play the part of MAML.
        settings: of their experiment, by flat name, in any form that `Settings` takes.
        base: the other settings.
    """

    learners: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: Settings = field(default_factory=Settings)

    def experiment(self) -> Settings:
        """The settings as they are declared.

        Raises:
            SettingsError: one is impossible.
        """
        return self.base.changed(**self.settings)


@dataclass(frozen=True, eq=False)
class Opened:
    """What the weights are taken for.

    Attributes:
        learner: whose they are; empty if nobody says.
        start: where adaptation starts.
        settings: of the experiment, the layers among them where training takes such.
    """

    learner: str
    start: NetworkStart
    settings: Settings


def opened(path: Path, theta: Tensor, sizes: list[int], declared: Declaration) -> Opened:
    """What weights ``(P,)`` of such layers are, with what is declared of them.

    Raises:
        CheckpointError: it contradicts the layers, or does not say enough.
        SettingsError: a declared setting is impossible.
    """
    if sizes[-1] != 1 or len(sizes) < 3:
        raise CheckpointError(
            f"{path} holds a network with layers {sizes}; a network for functions has one output "
            "and at least one hidden layer."
        )
    said = declared.experiment()
    if not declared.learners and sizes[0] != 1:
        raise CheckpointError(_whose(path, sizes, said))
    names = declared.learners or (MAML.name,)
    learner = next((name for name in names if takes(name, sizes, said)), None)
    if learner is None:
        raise CheckpointError(_contradiction(path, names, sizes, said))
    told = {"hidden": tuple(sizes[1:-1]), **LEARNERS[learner].told_by_inputs(sizes[0])}
    for name in told.keys() & declared.settings.keys():
        if said.value(name) != told[name]:
            raise CheckpointError(
                f"{path} holds a network with layers {sizes}, which contradicts "
                f"“{said.descriptions[name].label}: {_commas(said.value(name))}”: leave that out."
            )
    settings = _changed(said, told)
    network = Network(sizes, settings.activation == "tanh")
    start = start_from(path, learner, theta, network, settings)
    return Opened(learner if declared.learners else "", start, settings)


def takes(learner: str, sizes: Sequence[int], settings: Settings) -> bool:
    """Whether a learner's network has as many inputs as such layers."""
    return _inputs(learner, sizes, settings) == sizes[0]


def _inputs(learner: str, sizes: Sequence[int], settings: Settings) -> int | None:
    """How many inputs its network has where they are to be as these; None if that cannot be."""
    rule = LEARNERS[learner]
    try:
        return rule.network(settings.changed(**rule.told_by_inputs(sizes[0]))).sizes[0]
    except SettingsError:
        return None


def _changed(settings: Settings, told: Mapping[str, Any]) -> Settings:
    """An experiment with what shapes tell, as far as training takes networks so large."""
    for name, value in told.items():
        with suppress(SettingsError):
            settings = settings.changed(**{name: value})
    return settings


def start_from(
    path: Path, learner: str, theta: Tensor, network: Network, settings: Settings
) -> NetworkStart:
    """Where a learner's adaptation starts, of which no more is known than its weights.

    Raises:
        CheckpointError: it has learned more than weights.
    """
    rule = LEARNERS[learner]
    if rule.own_tasks is not None:
        return StartingPoint(network, theta)
    if is_in_weights(learner, settings):
        return rule.start(theta, network, settings)
    raise CheckpointError(
        f"{path} holds the weights of {rule.label} without what it learned beside them, such "
        "as step sizes: use a file that this program saved."
    )


def is_in_weights(learner: str, settings: Settings) -> bool:
    """Whether a learner's meta-parameters are the weights of its network and no more."""
    return meta_size(learner, settings) == parameter_count(LEARNERS[learner].network(settings))


@lru_cache
def meta_size(learner: str, settings: Settings) -> int:
    """M, how many meta-parameters a learner has."""
    rule = LEARNERS[learner]
    theta = torch.zeros(parameter_count(rule.network(settings)))
    return len(rule.begin(theta, settings))


def _whose(path: Path, sizes: Sequence[int], settings: Settings) -> str:
    able = [
        name
        for name, rule in LEARNERS.items()
        if rule.own_tasks is None and takes(name, sizes, settings) and is_in_weights(name, settings)
    ]
    text = f"{path} holds a network with {sizes[0]} inputs and does not say whose it is: "
    if not able:
        return text + f"no learner has one on {settings.family.label} tasks."
    flags = " or ".join(f"--learner {name}" for name in able)
    return text + f"name its learner on the command line, with {flags}."


def _contradiction(
    path: Path, learners: Sequence[str], sizes: Sequence[int], settings: Settings
) -> str:
    counts = {LEARNERS[name].label: _inputs(name, sizes, settings) for name in learners}
    theirs = " or ".join(f"{label}'s{f' ({n})' if n else ''}" for label, n in counts.items())
    plural = "s" * (sizes[0] > 1)
    return (
        f"{path} holds a network with {sizes[0]} input{plural}, which is not {theirs} on "
        f"{settings.family.label} tasks: name another learner, or the family that it knows."
    )


def _commas(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
