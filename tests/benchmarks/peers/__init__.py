"""Other ways to run the same meta-training, each as its library's users would write it.

A peer is a module with a function ``make(settings: Settings) -> Peer``. Before it is timed it has
to show that it computes the right thing, see `disagreement`.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import torch
from torch import Tensor

from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch, sample
from explorer.core.learners import MAML, InnerLoop
from explorer.core.training.loop import advance, start

# Library: (the module it is imported as, the module here).
PEERS = {
    "JAX": ("jax", "jax_peer"),
    "torch.func": ("torch", "torch_func_peer"),
    "higher": ("higher", "higher_peer"),
    "torchopt": ("torchopt", "torchopt_peer"),
}
CHECKED_ITERATIONS = 10
TOLERANCE = 1e-4  # of float32 gradients, relative to the largest component
TRAINING_TOLERANCE = 0.02  # of the way θ goes: Adam magnifies rounding where gradients vanish


class Peer(Protocol):
    """A library's meta-training of MAML with one experiment's settings."""

    def meta_gradient(self, theta: Tensor, batch: Batch) -> Tensor:
        """The meta-gradient at θ, both ``(P,)`` in the engine's layout."""

    def trainer(self, theta: Tensor, batches: Batch) -> Callable[[], Tensor]:
        """A function that trains from θ with a fresh Adam and returns the θ it ends with.

        Args:
            theta: ``(P,)`` in the engine's layout.
            batches: ``(iterations, T, K, 1)`` each; whatever form the library wants them in, it
                is made here, so that only training is timed.
        """


class PeerMissingError(Exception):
    """A peer cannot be measured; the message says why."""


def draw(settings: Settings, iterations: int) -> Batch:
    """The batches that a run's first iterations draw, ``(iterations, T, K, 1)`` each."""
    tasks = sample(
        *(settings.family, settings.meta_batch, settings.shots + settings.query),
        stream(settings.seed, "tasks"),
        stream(settings.seed, "noise"),
        iterations,
    )
    return tasks.split(settings.shots)


def disagreement(peer: Peer, settings: Settings) -> str | None:
    """How a peer departs from the engine: in the meta-gradient, or after some iterations."""
    begin = start(settings, (MAML.name,))
    theta = begin.learners[MAML.name].meta
    batches = draw(settings, CHECKED_ITERATIONS)
    batch = Batch(*(part[0] for part in batches))
    inner = InnerLoop(settings.alpha, settings.inner_steps)
    with torch.no_grad():
        ours, _ = MAML.meta_gradient(theta, batch, MAML.network(settings), inner)
    error = float((peer.meta_gradient(theta, batch) - ours).abs().max() / ours.abs().max())
    if not error <= TOLERANCE:
        return f"its meta-gradient is off by {error:.1e} of the largest component"
    end = advance(begin, CHECKED_ITERATIONS)[0].learners[MAML.name].meta
    error = float((peer.trainer(theta, batches)() - end).norm() / (end - theta).norm())
    if not error <= TRAINING_TOLERANCE:
        return f"after {CHECKED_ITERATIONS} iterations θ is off by {error:.1e} of the way it went"
    return None


def load(name: str, settings: Settings) -> Peer:
    """A peer that computes the right thing.

    Raises:
        PeerMissingError: it is not installed, cannot be imported, or departs from the engine.
    """
    library, module = PEERS[name]
    if find_spec(library) is None:
        raise PeerMissingError(f"{library} is not installed")
    try:
        peer: Peer = import_module(f"tests.benchmarks.peers.{module}").make(settings)
        wrong = disagreement(peer, settings)
    except Exception as error:
        raise PeerMissingError(f"{name} fails: {type(error).__name__}: {error}") from error
    if wrong:
        raise PeerMissingError(f"{name} computes something else: {wrong}")
    return peer
