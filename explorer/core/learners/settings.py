"""The settings that every learner knows; an experiment adds those of single learners.

The defaults are those of the MAML paper's regression (arXiv 1703.03400, section 5.1),
completed from the authors' code where the paper is silent (query points, meta-batch, β).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from explorer.core.base.fields import MAX_LAYERS, Checked, Range, setting
from explorer.core.families import DEFAULT_FAMILY, Family
from explorer.core.families.fields import TASKS

INNER, OUTER, NETWORK = "Inner loop", "Meta-training", "Network"


@dataclass(frozen=True)
class Options(Checked):
    """Settings of one learner, or of several that share them; derived from in its file."""


O = TypeVar("O", bound=Options)  # noqa: E741


@dataclass(frozen=True)
class CommonSettings(Checked):
    """What every learner may know of an experiment. Construction checks every value.

    Attributes:
        family: the task distribution.
        options: settings of single learners, one object for each kind.

    Raises:
        SettingsError: a value is of the wrong type or out of bounds.
    """

    family: Family = DEFAULT_FAMILY
    shots: int = setting(
        10, TASKS, "Support points K", "integer", 1, 100, "points",
        "Points of each task that the inner step learns from.",
    )  # fmt: skip
    query: int = setting(
        10, TASKS, "Query points", "integer", 1, 100, "points",
        "Fresh points of the same task on which the adapted network is judged.",
    )  # fmt: skip
    judged_on: str = setting(
        "fresh", TASKS, "Judged on", "choice", choices=("fresh", "support"),
        help="Points of the query loss: fresh ones, or, as one known code has it, the support "
        "points again.",
    )  # fmt: skip
    inner_steps: int = setting(
        1, INNER, "Inner steps", "integer", 1, 20, "",
        "Gradient steps taken on the support points of each task during training.",
    )  # fmt: skip
    alpha: float = setting(
        0.01, INNER, "Step size α", "number", 1e-5, 1.0, "",
        "Size of the inner gradient step on the mean squared error.", 0.005,
    )  # fmt: skip
    reduction: str = setting(
        "mean", INNER, "Support loss", "choice", choices=("mean", "sum", "mean/K"),
        help="How the K support points make one loss: the paper's equation (2) sums, its text "
        "and code take the mean, one known code divides that by K again.",
    )  # fmt: skip
    outer_loss: str = setting(
        "last", INNER, "Query loss after", "choice", choices=("last", "every"),
        help="The last inner step, or every inner step with MAML++'s weights, which move to the "
        "last one as training goes on.",
    )  # fmt: skip
    meta_batch: int = setting(
        25, OUTER, "Meta-batch", "integer", 1, 1000, "tasks",
        "Tasks whose meta-gradients are averaged in one meta-iteration.",
    )  # fmt: skip
    beta: float = setting(
        0.001, OUTER, "Meta step size β", "number", 1e-6, 1.0, "",
        "Adam's learning rate in the outer loop.", 0.0005,
    )  # fmt: skip
    iterations: int = setting(
        70_000, OUTER, "Meta-iterations", "integer", 1, 10_000_000, "",
        "Length of the training run.", 1000,
    )  # fmt: skip
    seed: int = setting(
        0, OUTER, "Seed", "integer", 0, 2**31 - 1, "",
        "Start of every random stream: the same seed gives the same curve bit for bit.",
    )  # fmt: skip
    hidden: tuple[int, ...] = setting(
        (40, 40), NETWORK, "Hidden layers", "layers", 1, 256, "units",
        f"Width of each hidden layer, up to {MAX_LAYERS}, separated by commas.",
    )  # fmt: skip
    activation: str = setting(
        "relu", NETWORK, "Activation", "choice", choices=("relu", "tanh"),
        help="Nonlinearity of the hidden layers.",
    )  # fmt: skip
    initialisation: str = setting(
        "uniform", NETWORK, "Initial weights", "choice",
        choices=("uniform", "normal", "wide-normal", "glorot"),
        help="U(±1/√inputs) as PyTorch draws them, truncated normal with σ = 0.01 and no biases "
        "as in the authors' code, or with σ = 0.1, or Glorot's uniform and no biases as Keras "
        "does.",
    )  # fmt: skip
    options: tuple[Options, ...] = ()

    @property
    def x(self) -> Range:
        """Range of the inputs."""
        return self.family.x

    @property
    def noise(self) -> float:
        """Standard deviation σ of the noise on targets."""
        return self.family.noise

    @property
    def effective_alpha(self) -> float:
        """The step size on the mean squared error that α and the support loss amount to."""
        return (
            self.alpha * {"mean": 1.0, "sum": self.shots, "mean/K": 1 / self.shots}[self.reduction]
        )

    def options_of(self, kind: type[O]) -> O:
        """The settings of a learner."""
        return next((each for each in self.options if isinstance(each, kind)), None) or kind()
