"""The networks that the sandbox compares: which MAML, its baseline, and an untrained one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from explorer.core.checkpoint import Checkpoint
from explorer.core.learners import LEARNERS, MAML
from explorer.core.network import Network, initialise
from explorer.core.schema import Settings
from explorer.core.tasks import stream
from explorer.core.training import Run

if TYPE_CHECKING:
    from torch import Tensor

Source = Literal["shipped", "training", "file"]

RANDOM = "random"
ROLES = (*LEARNERS, RANDOM)


@dataclass(frozen=True, eq=False)
class Entry:
    """A network in the sandbox.

    Attributes:
        label: what people read.
        theta: parameters, ``(P,)``.
        network: their shape.
    """

    label: str
    theta: Tensor
    network: Network


@dataclass(frozen=True, eq=False)
class Line:
    """Networks by role; not every role need be filled.

    Lines are compared by identity: the same object holds the same networks.

    Attributes:
        entries: the networks.
        settings: those the first of them was trained with; the paper's if unknown.
        shots: K of that training; None if unknown.
        origin: where they come from, for the reader.
    """

    entries: Mapping[str, Entry]
    settings: Settings
    shots: int | None
    origin: str


def _complete(
    entries: dict[str, Entry],
    others: tuple[Checkpoint, ...],
    network: Network,
    settings: Settings,
    origin: str,
    shots: int | None,
) -> Line:
    """Fill empty roles, and say with whose networks."""
    filled = []
    for checkpoint in others:
        for name, entry in _entries(checkpoint).items():
            if name not in entries:
                entries[name] = entry
                filled.append(entry.label)
    untrained = initialise(network, stream(settings.seed, "sandbox network"))
    entries[RANDOM] = Entry("Untrained", untrained, network)
    if filled:
        origin = f"{origin} ({' and '.join(filled)}: as shipped)"
    return Line(entries, settings, shots, origin)


def _entries(checkpoint: Checkpoint) -> dict[str, Entry]:
    """A file's networks by role; one that does not name its learner plays the part of MAML."""
    return {
        name or MAML.name: Entry(
            LEARNERS[name].label if name else checkpoint.label, theta, checkpoint.network
        )
        for name, theta in checkpoint.networks().items()
    }


def from_run(run: Run, *shipped: Checkpoint) -> Line:
    """The learners of a training run as they are now; roles it lacks are filled as shipped."""
    entries = {
        name: Entry(LEARNERS[name].label, state.theta, run.network)
        for name, state in run.learners.items()
    }
    origin = f"in training, iteration {run.iteration:,}"
    return _complete(entries, shipped, run.network, run.settings, origin, run.settings.shots)


def from_checkpoint(checkpoint: Checkpoint, *shipped: Checkpoint) -> Line:
    """The networks of a file; roles it lacks are filled as shipped."""
    known = checkpoint.iteration is not None
    origin = checkpoint.path.name
    if known:
        origin += f", {checkpoint.iteration:,} iterations"
    shots = checkpoint.settings.shots if known else None
    settings = checkpoint.settings
    return _complete(_entries(checkpoint), shipped, checkpoint.network, settings, origin, shots)


def from_shipped(*shipped: Checkpoint) -> Line:
    """The networks that come with the program."""
    first = shipped[0]
    entries = {name: entry for file in shipped for name, entry in _entries(file).items()}
    origin = f"shipped networks, {first.iteration:,} iterations"
    return _complete(entries, (), first.network, first.settings, origin, first.settings.shots)
