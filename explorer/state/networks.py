"""The networks that the sandbox compares: which MAML, its baseline, and an untrained one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from explorer.core.checkpoint import Checkpoint
from explorer.core.learners import LEARNERS, MAML, PRETRAINED
from explorer.core.network import Network, initialise
from explorer.core.schema import Settings
from explorer.core.tasks import stream
from explorer.core.training import Run

Source = Literal["shipped", "training", "file"]
SOURCES: tuple[Source, ...] = get_args(Source)

RANDOM = "random"
ROLES = (MAML.name, PRETRAINED.name, RANDOM)


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
    """One network per role, with the settings they were trained with and where they come from.

    Lines are compared by identity: the same object holds the same networks.
    """

    entries: Mapping[str, Entry]
    settings: Settings
    origin: str


def _random(network: Network, seed: int) -> Entry:
    return Entry("Untrained", initialise(network, stream(seed, "sandbox network")), network)


def from_run(run: Run) -> Line:
    """The learners of a training run as they are now."""
    entries = {
        name: Entry(LEARNERS[name].label, state.theta, run.network)
        for name, state in run.learners.items()
    }
    entries[RANDOM] = _random(run.network, run.settings.seed)
    return Line(entries, run.settings, f"in training, iteration {run.iteration:,}")


def from_checkpoints(first: Checkpoint, *others: Checkpoint) -> Line:
    """The networks of a checkpoint; roles that it leaves empty are filled from the others.

    A file that does not name its learner plays the part of MAML.
    """
    entries: dict[str, Entry] = {}
    for checkpoint in (first, *others):
        for name, theta in checkpoint.networks().items():
            label = LEARNERS[name].label if name else checkpoint.label
            entries.setdefault(name or MAML.name, Entry(label, theta, checkpoint.network))
    entries[RANDOM] = _random(first.network, first.settings.seed)
    done = "" if first.iteration is None else f", {first.iteration:,} iterations"
    return Line(entries, first.settings, f"{first.path.name}{done}")
