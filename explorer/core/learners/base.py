"""What a learner is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from explorer.core.adaptation.starting_point import NetworkStart, StartingPoint
from explorer.core.base.look import Look
from explorer.core.families.sampling import Batch
from explorer.core.learners.settings import CommonSettings, Options
from explorer.core.network.mlp import Network, make_network, parameter_count

if TYPE_CHECKING:
    from torch import Tensor

Group = Literal["Meta-learners", "Baselines"]
# Multiplications for each parameter and point: of a gradient, forward and backward, and of a
# Hessian-vector product.
GRADIENT, PRODUCT = 3, 6


class InnerLoop(NamedTuple):
    """What a meta-gradient may need to know of the settings.

    Attributes:
        alpha: step size α on the mean squared error.
        steps: inner steps.
        options: the learner's own settings; None if it has none.
    """

    alpha: float
    steps: int
    options: Any = None


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


def plain_network(settings: CommonSettings) -> Network:
    """The network whose only input is x."""
    return make_network(settings.hidden, settings.activation)


def as_drawn(theta: Tensor, _settings: CommonSettings) -> Tensor:
    """θ is all there is to learn."""
    return theta


def nothing_told(_inputs: int) -> Mapping[str, Any]:
    """The number of inputs tells no setting."""
    return {}


def plain_start(meta: Tensor, network: Network, _settings: CommonSettings) -> StartingPoint:
    """Every parameter takes steps of α."""
    return StartingPoint(network, meta)


class Cost(NamedTuple):
    """What one task takes in one meta-iteration.

    Attributes:
        gradients: of its loss.
        points: of all these gradients together.
        products: Hessian-vector products of its loss on the K support points.
        drawn: points of the task that it uses, each counted once.
    """

    gradients: int
    points: int
    products: int
    drawn: int


def points_drawn(settings: CommonSettings) -> int:
    """Support points, and query points where they are others."""
    return settings.shots + settings.query * (settings.judged_on == "fresh")


def second_order(settings: CommonSettings) -> Cost:
    """A gradient and a Hessian-vector product for each inner step, and the query gradients."""
    return first_order(settings)._replace(products=settings.inner_steps)


def first_order(settings: CommonSettings) -> Cost:
    """A gradient for each inner step, and the query gradients."""
    steps = settings.inner_steps
    judged = steps if settings.outer_loss == "every" else 1
    points = steps * settings.shots + judged * settings.query
    return Cost(steps + judged, points, 0, points_drawn(settings))


class OwnTasks(NamedTuple):
    """Tasks of a learner's own, one for each of its networks, in place of the meta-batch.

    Attributes:
        count: how many.
        next_network: of networks that are trained one after the other, the meta-parameters
            ``(M,)`` with which a network, counted from 0, begins; None if all train together.
        finished: the meta-parameters after a network's last step.
    """

    count: Callable[[CommonSettings], int]
    next_network: Callable[[Tensor, int, CommonSettings], Tensor] | None = None
    finished: Callable[[Tensor, int], Tensor] | None = None

    @property
    def sequential(self) -> bool:
        """Whether its networks are trained one after the other."""
        return self.next_network is not None


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
        options: its own settings; None if it has none.
        own_tasks: the tasks of its own that it trains on instead of the meta-batch; None for the
            meta-batch. Its `meta_gradient` then gets all of them at once, or one at a time where
            its networks are trained one after the other.
        cost: what one task takes in one meta-iteration.
        group: under which heading it is listed.
        look: how it is drawn; None for the look of who has none.
        remedy: what to lower where training it takes too long, besides the settings of all.
        hessians: whether its meta-gradient, through an inner loop of gradient steps on each task
            of the meta-batch, takes the Hessians of these steps along (True) or leaves them out
            (False); None if it goes through no such loop.
        instead: one sentence on what it follows instead, where it goes through none.
        told_by_inputs: the settings, by flat name, that follow from how many inputs a network of
            its own has.
    """

    name: str
    label: str
    source: str
    losses: tuple[str, ...]
    meta_gradient: MetaGradient
    network: Callable[[CommonSettings], Network] = plain_network
    begin: Callable[[Tensor, CommonSettings], Tensor] = as_drawn
    start: Callable[[Tensor, Network, CommonSettings], NetworkStart] = plain_start
    options: type[Options] | None = None
    own_tasks: OwnTasks | None = None
    cost: Callable[[CommonSettings], Cost] = second_order
    group: Group = "Meta-learners"
    look: Look | None = None
    remedy: str = ""
    hessians: bool | None = None
    instead: str = "Its meta-gradient does not go through an inner loop of gradient steps."
    told_by_inputs: Callable[[int], Mapping[str, Any]] = nothing_told

    def starting_point(self, meta: Tensor, settings: CommonSettings) -> NetworkStart:
        """Where adaptation starts after training has come to these meta-parameters."""
        return self.start(meta, self.network(settings), settings)

    def inner_loop(self, settings: CommonSettings) -> InnerLoop:
        """The inner loop of an experiment."""
        own = None if self.options is None else settings.options_of(self.options)
        return InnerLoop(settings.effective_alpha, settings.inner_steps, own)

    def work(self, settings: CommonSettings) -> float:
        """Multiplications of one meta-iteration, as its `cost` says: estimates all rest on this."""
        cost = self.cost(settings)
        each = GRADIENT * cost.points + PRODUCT * cost.products * settings.shots
        parameters = parameter_count(self.network(settings))
        return float(self.tasks_at_once(settings) * parameters * each)

    def tasks_at_once(self, settings: CommonSettings) -> int:
        """Tasks in one meta-iteration: the meta-batch, or one for each of its networks."""
        return settings.meta_batch if self.own_tasks is None else self.own_tasks.count(settings)
