"""The networks that the sandbox compares: which MAML, its baseline, and an untrained one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from explorer.core.checkpoint import Checkpoint, load
from explorer.core.header import read_header
from explorer.core.learners import LEARNERS, MAML
from explorer.core.network import Network, initialise, make_network
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
        network: its shape.
        weights: finds θ; asked once, by whoever is first to need θ, since that takes PyTorch.
    """

    label: str
    network: Network
    weights: Callable[[], Tensor]

    @cached_property
    def theta(self) -> Tensor:
        """Parameters, ``(P,)``."""
        return self.weights()


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


def from_shipped(*paths: Path) -> Line:
    """The networks of the program's own files; only the headers of the files are read here.

    Raises:
        CheckpointError: a file cannot be read.
    """
    headers = [read_header(path) for path in paths]
    entries = {
        header.learner: Entry(
            LEARNERS[header.learner].label, _network(header.settings), partial(_read_theta, path)
        )
        for path, header in zip(paths, headers, strict=True)
    }
    first = headers[0]
    entries[RANDOM] = _untrained(first.settings, _network(first.settings))
    origin = f"shipped networks, {first.iteration:,} iterations"
    return Line(entries, first.settings, first.settings.shots, origin)


def from_run(
    settings: Settings,
    iteration: int,
    learners: Iterable[str],
    run: Callable[[], Run],
    shipped: Line,
) -> Line:
    """The learners of a training run at an iteration; roles it lacks are filled as shipped.

    Args:
        settings: of the run.
        iteration: of the run.
        learners: their names.
        run: gives the run itself, once its networks are needed.
        shipped: the networks that come with the program.
    """
    network = _network(settings)
    entries = {
        name: Entry(LEARNERS[name].label, network, partial(_theta_in, run, name))
        for name in learners
    }
    origin = f"in training, iteration {iteration:,}"
    return _complete(entries, shipped, network, settings, origin, settings.shots)


def from_checkpoint(checkpoint: Checkpoint, shipped: Line) -> Line:
    """The networks of a file; roles it lacks are filled as shipped.

    A network whose learner the file does not name plays the part of MAML.
    """
    entries = {
        name or MAML.name: Entry(
            LEARNERS[name].label if name else checkpoint.label,
            checkpoint.network,
            partial(_given, theta),
        )
        for name, theta in checkpoint.networks().items()
    }
    known = checkpoint.iteration is not None
    origin = checkpoint.path.name
    if known:
        origin += f", {checkpoint.iteration:,} iterations"
    shots = checkpoint.settings.shots if known else None
    settings = checkpoint.settings
    return _complete(entries, shipped, checkpoint.network, settings, origin, shots)


def _complete(
    entries: dict[str, Entry],
    shipped: Line,
    network: Network,
    settings: Settings,
    origin: str,
    shots: int | None,
) -> Line:
    """Fill empty roles, and say with whose networks."""
    filled = {name: e for name, e in shipped.entries.items() if name not in {*entries, RANDOM}}
    if filled:
        labels = " and ".join(entry.label for entry in filled.values())
        origin = f"{origin} ({labels}: as shipped)"
    untrained = _untrained(settings, network)
    return Line({**entries, **filled, RANDOM: untrained}, settings, shots, origin)


def _network(settings: Settings) -> Network:
    return make_network(settings.hidden, settings.activation)


def _untrained(settings: Settings, network: Network) -> Entry:
    return Entry("Untrained", network, partial(_initial_theta, settings.seed, network))


def _initial_theta(seed: int, network: Network) -> Tensor:
    return initialise(network, stream(seed, "sandbox network"))


def _read_theta(path: Path) -> Tensor:
    return load(path).theta


def _theta_in(run: Callable[[], Run], learner: str) -> Tensor:
    return run().learners[learner].theta


def _given(theta: Tensor) -> Tensor:
    return theta
