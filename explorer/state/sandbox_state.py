"""What the user has set up in the sandbox."""

from dataclasses import dataclass

from explorer.core.experiment.settings import Settings
from explorer.core.families import DEFAULT_FAMILY, DEFAULT_TASK, Family
from explorer.core.training.loop import DEFAULT_LEARNERS
from explorer.state.adaptation_query import SupportPoint
from explorer.state.competitors import Source


@dataclass(frozen=True)
class SandboxState:
    """All that the user has set up in the sandbox.

    Attributes:
        family: of the task.
        task: parameters of the true function.
        points: support points.
        snap: whether new points snap to the function.
        selected: index of the point that keys act on, or None.
        alpha: step size α.
        steps: gradient steps computed, n.
        step: gradient step shown, 0…n.
        shown: roles whose curves are drawn.
        source: which MAML is compared.
        follow: whether the network in training is followed as it learns.
        frozen: indices of the layers that do not adapt, 0 for the one that sees the inputs.
        query_x: inputs of the query points, which lie on the function; none while they are off.
        explains: whether the step shown is explained by its formula.
    """

    family: Family = DEFAULT_FAMILY
    task: tuple[float, ...] = DEFAULT_TASK
    points: tuple[SupportPoint, ...] = ()
    snap: bool = True
    selected: int | None = None
    alpha: float = Settings.alpha
    steps: int = 10
    step: int = 1
    shown: frozenset[str] = frozenset(DEFAULT_LEARNERS)
    source: Source = "shipped"
    follow: bool = True
    frozen: frozenset[int] = frozenset()
    query_x: tuple[float, ...] = ()
    explains: bool = False

    @property
    def query_points(self) -> tuple[tuple[float, float], ...]:
        """The query points (x, y)."""
        return tuple((x, self.family.value(x, self.task)) for x in self.query_x)

    @property
    def follows_training(self) -> bool:
        """Whether the network in training is shown as it learns."""
        return self.source == "training" and self.follow
