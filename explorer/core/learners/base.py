"""What a learner is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.experiment.settings import Settings
from explorer.core.network.mlp import Network, make_network

if TYPE_CHECKING:
    from torch import Tensor


class Batch(NamedTuple):
    """Support and query points of T tasks, each tensor ``(T, K, 1)``, and the tasks themselves.

    During training a leading axis runs over the meta-iterations of a chunk.
    """

    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor
    task: Tensor  # A and φ, (T, 1, 2)


class InnerLoop(NamedTuple):
    """What a meta-gradient may need to know of the settings.

    Attributes:
        alpha: step size α on the mean squared error.
        steps: inner steps.
        context_alpha: CAVIA's step size.
        reptile_steps: Reptile's inner steps.
        joint_on_support: whether joint training leaves out the query points.
        penalty: weight of the penalty of averaged networks.
    """

    alpha: float
    steps: int
    context_alpha: float = Settings.context_alpha
    reptile_steps: int = Settings.reptile_steps
    joint_on_support: bool = False
    penalty: float = Settings.penalty


def inner_loop(settings: Settings) -> InnerLoop:
    """The inner loop of an experiment."""
    return InnerLoop(
        settings.effective_alpha,
        settings.inner_steps,
        settings.context_alpha,
        settings.reptile_steps,
        settings.pretrain_on == "support",
        settings.penalty,
    )


class MetaGradient(Protocol):
    """From meta-parameters and a batch to the meta-gradient and the training losses.

    Which PyTorch calls it makes must not depend on the values of its tensors
    (`explorer.core.engine`).
    """

    def __call__(
        self,
        meta: Tensor,
        batch: Batch,
        network: Network,
        inner: InnerLoop,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Compute both.

        Args:
            meta: the learner's meta-parameters ``(M,)``; θ for most.
            batch: points of T tasks.
            network: the shape of the learner's network.
            inner: the inner loop.
            weights: of the query loss after each inner step, ``(S,)``; None for the last alone.

        Returns:
            The meta-gradient ``(M,)``, averaged over tasks, and the losses ``(len(losses),)``.
        """


def plain_network(settings: Settings) -> Network:
    """The network whose only input is x."""
    return make_network(settings.hidden, settings.activation)


def as_drawn(theta: Tensor, _settings: Settings) -> Tensor:
    """θ is all there is to learn."""
    return theta


def plain_start(meta: Tensor, network: Network, _settings: Settings) -> StartingPoint:
    """Every parameter takes steps of α."""
    return StartingPoint(network, meta)


class Cost(NamedTuple):
    """What one task takes in one meta-iteration.

    Attributes:
        gradients: of its loss.
        points: of all these gradients together.
        products: Hessian-vector products of its loss on the K support points.
    """

    gradients: int
    points: int
    products: int = 0


def second_order(settings: Settings) -> Cost:
    """A gradient and a Hessian-vector product for each inner step, and the query gradients."""
    return first_order(settings)._replace(products=settings.inner_steps)


def first_order(settings: Settings) -> Cost:
    """A gradient for each inner step, and the query gradients."""
    steps = settings.inner_steps
    judged = steps if settings.outer_loss == "every" else 1
    return Cost(steps + judged, steps * settings.shots + judged * settings.query)


def one_gradient(settings: Settings) -> Cost:
    """A single gradient of all points."""
    return Cost(1, settings.shots + settings.query)


@dataclass(frozen=True)
class Learner:
    """A way to find a starting point.

    Attributes:
        name: identifier in files and on the command line.
        label: what people read.
        source: paper and equation.
        losses: what each recorded training loss is, in the order `meta_gradient` returns them.
        meta_gradient: what Adam follows.
        network: the shape of its network.
        begin: its meta-parameters ``(M,)`` before training, from a random θ ``(P,)``.
        start: from meta-parameters to where adaptation starts.
        own_tasks: whether it trains on tasks of its own (`families.sampling.own_tasks`) instead of
            the meta-batch; its `meta_gradient` then gets all of them at once.
        in_turn: whether its networks take turns, each trained from beginning to end before the
            next begins (`training.sequential`); its `meta_gradient` then gets one task at a time.
        cost: what one task takes in one meta-iteration.
    """

    name: str
    label: str
    source: str
    losses: tuple[str, ...]
    meta_gradient: MetaGradient
    network: Callable[[Settings], Network] = plain_network
    begin: Callable[[Tensor, Settings], Tensor] = as_drawn
    start: Callable[[Tensor, Network, Settings], StartingPoint] = plain_start
    own_tasks: bool = False
    in_turn: bool = False
    cost: Callable[[Settings], Cost] = second_order

    def starting_point(self, meta: Tensor, settings: Settings) -> StartingPoint:
        """Where adaptation starts after training has come to these meta-parameters."""
        return self.start(meta, self.network(settings), settings)
