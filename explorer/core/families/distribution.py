"""Which tasks an evaluation draws, how many of them, and how many steps are taken on each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from explorer.core.base.errors import SettingsError, UserError
from explorer.core.experiment.settings import DESCRIPTIONS, Range, Settings

MAX_STEPS = 1000
MAX_TASKS = 100_000
# Errors kept at once, of every task after every step: 400 MB.
MAX_ERRORS = 100_000_000
STEP_SIZES = DESCRIPTIONS["alpha"]


@dataclass(frozen=True)
class Distribution:
    """The sines of an evaluation, which may lie outside those of training. The paper's by default.

    Attributes:
        amplitude: range of A.
        phase: range of φ, in radians.
        x: range of the inputs, of support points and of the grid that errors are taken on.
        noise: standard deviation of the noise on the support points' targets.

    Raises:
        SettingsError: a value is out of bounds.
    """

    amplitude: Range = Settings.amplitude
    phase: Range = Settings.phase
    x: Range = Settings.x
    noise: float = Settings.noise

    def __post_init__(self) -> None:
        checked = Settings(
            amplitude=self.amplitude, phase=self.phase, x=self.x, noise=self.noise
        )  # which also puts every value into its own type
        for name in ("amplitude", "phase", "x", "noise"):
            object.__setattr__(self, name, getattr(checked, name))

    @classmethod
    def of(cls, settings: Settings) -> Distribution:
        """Of an experiment's tasks."""
        return cls(settings.amplitude, settings.phase, settings.x, settings.noise)

    @property
    def settings(self) -> Settings:
        """The paper's experiment on these tasks."""
        return Settings(amplitude=self.amplitude, phase=self.phase, x=self.x, noise=self.noise)

    def text(self) -> str:
        """All of it, for the reader."""
        return ", ".join(self._parts().values())

    def difference(self, other: Distribution) -> str:
        """What differs from another, in this one's values; empty if nothing does."""
        theirs = other._parts()
        return ", ".join(text for name, text in self._parts().items() if text != theirs[name])

    def _parts(self) -> dict[str, str]:
        ranges = {"A": self.amplitude, "φ": self.phase, "x": self.x}
        parts = {
            name: f"{name} from {_bound(bounds.low)} to {_bound(bounds.high)}"
            for name, bounds in ranges.items()
        }
        return {**parts, "σ": f"noise σ = {self.noise:g}" if self.noise else "no noise"}


def _bound(value: float) -> str:
    for name, multiple in (("π", 1.0), ("2π", 2.0)):
        if math.isclose(abs(value), multiple * math.pi):
            return ("−" if value < 0 else "") + name
    return f"{value:g}".replace("-", "−")


def check_numbers(
    shots: tuple[int, ...], steps: int, tasks: int, seed: int, errors_per_task: int
) -> None:
    """Check what every evaluation is asked for.

    Args:
        shots: numbers of support points K.
        steps: gradient steps.
        tasks: tasks for each K.
        seed: draws them.
        errors_per_task: how many errors are kept of each task.

    Raises:
        UserError: a value is out of bounds, or all together take too much memory.
    """
    low, high = (int(bound) for bound in (DESCRIPTIONS["shots"].low, DESCRIPTIONS["shots"].high))
    if not shots or not all(low <= each <= high for each in shots):
        raise UserError(f"Support points K: give one or several numbers from {low} to {high}.")
    if len(set(shots)) < len(shots):
        raise UserError("Support points K: give each number once.")
    if not 0 <= steps <= MAX_STEPS:
        raise UserError(f"Gradient steps must lie between 0 and {MAX_STEPS}.")
    if not 1 <= tasks <= MAX_TASKS:
        raise UserError(f"Tasks must lie between 1 and {MAX_TASKS:,}.")
    bounds = DESCRIPTIONS["seed"]
    if not bounds.low <= seed <= bounds.high:
        raise SettingsError("seed", f"Seed must lie between {bounds.low:g} and {bounds.high:,}.")
    if tasks * errors_per_task > MAX_ERRORS:
        raise UserError(
            f"{tasks:,} tasks with {errors_per_task:,} errors each take too much memory: lower "
            "the tasks, the steps or what is compared."
        )


def check_alpha(alpha: float) -> None:
    """Check a step size.

    Raises:
        UserError: it is out of bounds.
    """
    if not STEP_SIZES.low <= alpha <= STEP_SIZES.high:
        raise UserError(f"Step size α must lie between {STEP_SIZES.low:g} and {STEP_SIZES.high:g}.")


def step_sizes_around(alpha: float, halvings: int) -> tuple[float, ...]:
    """α times 2⁻ⁿ … 2ⁿ, as far as step sizes go."""
    wanted = (alpha * 2.0**power for power in range(-halvings, halvings + 1))
    return tuple(each for each in wanted if STEP_SIZES.low <= each <= STEP_SIZES.high)
