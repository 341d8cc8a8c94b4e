"""Every setting of an experiment, once: panel, command line, files and checks derive from it.

The defaults are those of the MAML paper's sinusoid experiment (arXiv 1703.03400, section 5.1),
completed from the authors' code where the paper is silent (query points, meta-batch, β).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from explorer.core.base.errors import SettingsError

Kind = Literal["integer", "number", "range", "layers", "choice"]


class Range(NamedTuple):
    """An interval from which values are drawn uniformly."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """The value a share of the way from low to high."""
        return self.low + (self.high - self.low) * share


@dataclass(frozen=True)
class Description:
    """What a setting is called, means and may be.

    Attributes:
        group: heading under which the panel shows it.
        label: name with the paper's symbol.
        kind: how it is entered.
        low: smallest value allowed (of each part, for ranges and layers).
        high: largest value allowed.
        unit: unit, or empty.
        help: one line for the reader.
        step: increment of the entry field.
        choices: the values of a choice.
    """

    group: str
    label: str
    kind: Kind
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    help: str = ""
    step: float = 1.0
    choices: tuple[str, ...] = ()


MAX_LAYERS = 5
# More work per meta-iteration than this many times the paper's, and Pause could no longer answer
# within 200 ms, since an iteration runs to its end.
MAX_WORK = 120.0
# Multiplications for each parameter and point: of a gradient, forward and backward, and of a
# Hessian-vector product.
GRADIENT, PRODUCT = 3, 6


def _setting(default: Any, *args: Any, **kwargs: Any) -> Any:
    return field(default=default, metadata={"description": Description(*args, **kwargs)})


@dataclass(frozen=True)
class Settings:
    """One experiment. Construction checks every value.

    Raises:
        SettingsError: a value is of the wrong type or out of bounds, or the whole is too large to
            stay responsive.
    """

    amplitude: Range = _setting(
        Range(0.1, 5.0), "Tasks", "Amplitude A", "range", 0.0, 100.0, "",
        "Amplitudes of the sines, drawn uniformly for each task.", 0.1,
    )  # fmt: skip
    phase: Range = _setting(
        Range(0.0, math.pi), "Tasks", "Phase φ", "range", -2 * math.pi, 2 * math.pi, "rad",
        "Phases in y = A·sin(x − φ), drawn uniformly for each task.", 0.1,
    )  # fmt: skip
    x: Range = _setting(
        Range(-5.0, 5.0), "Tasks", "Input x", "range", -100.0, 100.0, "",
        "Inputs of support and query points, drawn uniformly.", 0.5,
    )  # fmt: skip
    noise: float = _setting(
        0.0, "Tasks", "Noise σ", "number", 0.0, 10.0, "",
        "Standard deviation of Gaussian noise added to every target y.", 0.1,
    )  # fmt: skip
    shots: int = _setting(
        10, "Tasks", "Support points K", "integer", 1, 100, "points",
        "Points of each task that the inner step learns from.",
    )  # fmt: skip
    query: int = _setting(
        10, "Tasks", "Query points", "integer", 1, 100, "points",
        "Fresh points of the same task on which the adapted network is judged.",
    )  # fmt: skip
    judged_on: str = _setting(
        "fresh", "Tasks", "Judged on", "choice", choices=("fresh", "support"),
        help="Points of the query loss: fresh ones, or, as one known code has it, the support "
        "points again.",
    )  # fmt: skip
    inner_steps: int = _setting(
        1, "Inner loop", "Inner steps", "integer", 1, 20, "",
        "Gradient steps taken on the support points of each task during training.",
    )  # fmt: skip
    alpha: float = _setting(
        0.01, "Inner loop", "Step size α", "number", 1e-5, 1.0, "",
        "Size of the inner gradient step on the mean squared error.", 0.005,
    )  # fmt: skip
    reduction: str = _setting(
        "mean", "Inner loop", "Support loss", "choice", choices=("mean", "sum", "mean/K"),
        help="How the K support points make one loss: the paper's equation (2) sums, its text "
        "and code take the mean, one known code divides that by K again.",
    )  # fmt: skip
    outer_loss: str = _setting(
        "last", "Inner loop", "Query loss after", "choice", choices=("last", "every"),
        help="The last inner step, or every inner step with MAML++'s weights, which move to the "
        "last one as training goes on.",
    )  # fmt: skip
    meta_batch: int = _setting(
        25, "Meta-training", "Meta-batch", "integer", 1, 1000, "tasks",
        "Tasks whose meta-gradients are averaged in one meta-iteration.",
    )  # fmt: skip
    beta: float = _setting(
        0.001, "Meta-training", "Meta step size β", "number", 1e-6, 1.0, "",
        "Adam's learning rate in the outer loop.", 0.0005,
    )  # fmt: skip
    iterations: int = _setting(
        70_000, "Meta-training", "Meta-iterations", "integer", 1, 10_000_000, "",
        "Length of the training run.", 1000,
    )  # fmt: skip
    seed: int = _setting(
        0, "Meta-training", "Seed", "integer", 0, 2**31 - 1, "",
        "Start of every random stream: the same seed gives the same curve bit for bit.",
    )  # fmt: skip
    hidden: tuple[int, ...] = _setting(
        (40, 40), "Network", "Hidden layers", "layers", 1, 256, "units",
        f"Width of each hidden layer, up to {MAX_LAYERS}, separated by commas.",
    )  # fmt: skip
    activation: str = _setting(
        "relu", "Network", "Activation", "choice", choices=("relu", "tanh"),
        help="Nonlinearity of the hidden layers.",
    )  # fmt: skip
    initialisation: str = _setting(
        "uniform", "Network", "Initial weights", "choice", choices=("uniform", "normal", "glorot"),
        help="U(±1/√inputs) as PyTorch draws them, truncated normal with σ = 0.01 and no biases "
        "as in the authors' code, or Glorot's uniform and no biases as Keras does.",
    )  # fmt: skip
    pretrain_on: str = _setting(
        "all", "Other learners", "Pretrain on", "choice", choices=("all", "support"),
        help="Points that the pretrained network and the oracle learn from: all that MAML sees, "
        "or the support points alone as in the authors' code.",
    )  # fmt: skip
    reptile_steps: int = _setting(
        10, "Other learners", "Reptile's steps", "integer", 1, 100, "",
        "Inner steps of Reptile, on support and query points in turn.",
    )  # fmt: skip
    context: int = _setting(
        5, "Other learners", "CAVIA's context", "integer", 1, 100, "values",
        "Context parameters, the only ones that CAVIA adapts.",
    )  # fmt: skip
    context_alpha: float = _setting(
        1.0, "Other learners", "Context step size", "number", 1e-5, 100.0, "",
        "Size of CAVIA's inner gradient step on its context parameters.", 0.1,
    )  # fmt: skip
    networks: int = _setting(
        500, "Other learners", "Averaged networks", "integer", 1, 1000, "networks",
        "Networks that are trained on one sine each and then averaged.",
    )  # fmt: skip
    penalty: float = _setting(
        0.003, "Other learners", "Penalty λ", "number", 0.0, 10.0, "",
        "Weight of ‖θ‖² or of ‖θ − mean‖² in the loss of each averaged network that has one.",
        0.001,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, description in DESCRIPTIONS.items():
            object.__setattr__(self, name, coerce(name, getattr(self, name)))
            _check(name, description, getattr(self, name))
        if self.relative_work() > MAX_WORK:
            raise SettingsError(
                "hidden",
                f"One meta-iteration would cost {self.relative_work():.0f} times the paper's, "
                f"beyond the {MAX_WORK:.0f} times at which Pause still answers at once: lower "
                "the meta-batch, the layer widths, K or the inner steps.",
            )

    @property
    def effective_alpha(self) -> float:
        """The step size on the mean squared error that α and the support loss amount to."""
        return (
            self.alpha * {"mean": 1.0, "sum": self.shots, "mean/K": 1 / self.shots}[self.reduction]
        )

    def relative_work(self) -> float:
        """Multiplications of one meta-iteration, in units of the paper's settings."""
        judged = self.query * (self.inner_steps if self.outer_loss == "every" else 1)
        return _work(self.meta_batch, self.shots, judged, self.inner_steps, self.hidden) / _work(
            25, 10, 10, 1, (40, 40)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """Settings from `to_dict`'s output; names that this version does not know are ignored.

        Raises:
            SettingsError: a value has the wrong type or is out of bounds.
        """
        known = {n: coerce(n, values[n]) for n in DESCRIPTIONS if n in values}
        return cls(**known)


def _work(tasks: int, shots: int, judged: int, steps: int, hidden: Sequence[int]) -> float:
    sizes = [1, *hidden, 1]
    parameters = sum((n + 1) * m for n, m in pairwise(sizes))
    return tasks * parameters * ((GRADIENT + PRODUCT) * shots * steps + GRADIENT * judged)


DESCRIPTIONS: dict[str, Description] = {f.name: f.metadata["description"] for f in fields(Settings)}


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError
    return int(value)


def coerce(name: str, value: Any) -> Any:
    """A setting's value in its own type, from JSON, a text field or the command line.

    Raises:
        SettingsError: the value is not of that kind.
    """
    description = DESCRIPTIONS[name]
    try:
        match description.kind:
            case "integer":
                return _whole(value)
            case "number":
                return _number(value)
            case "range":
                if isinstance(value, str):
                    raise ValueError
                low, high = value
                return Range(_number(low), _number(high))
            case "layers":
                parts = value.split(",") if isinstance(value, str) else value
                return tuple(_whole(part) for part in parts)
            case "choice":
                return str(value)
    except (TypeError, ValueError, OverflowError):
        wanted = {
            "integer": "a whole number",
            "number": "a number",
            "range": "two numbers",
            "layers": "whole numbers separated by commas, such as 40, 40",
        }[description.kind]
        raise SettingsError(name, f"{description.label} must be {wanted}.") from None


def _check(name: str, description: Description, value: Any) -> None:
    label = description.label
    if description.kind == "choice":
        if value not in description.choices:
            raise SettingsError(name, f"{label} must be {' or '.join(description.choices)}.")
        return
    parts = value if isinstance(value, tuple) else (value,)
    if description.kind == "layers" and not 1 <= len(parts) <= MAX_LAYERS:
        raise SettingsError(name, f"{label}: give 1 to {MAX_LAYERS} layers.")
    if not all(description.low <= part <= description.high for part in parts):
        bounds = " and ".join(
            f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
            for bound in (description.low, description.high)
        )
        raise SettingsError(name, f"{label} must lie between {bounds}.")
    if description.kind == "range" and not parts[0] < parts[1]:
        raise SettingsError(name, f"{label}: the first value must be below the second.")
