"""What evaluations can be asked for: how many tasks, steps and which step sizes."""

from __future__ import annotations

from explorer.core.base.errors import SettingsError, UserError
from explorer.core.base.fields import descriptions
from explorer.core.learners.settings import CommonSettings

MAX_STEPS = 1000
MAX_TASKS = 100_000
MOST_SEEDS = 10  # of trainings that are repeated
# Errors kept at once, of every task after every step: 400 MB.
MAX_ERRORS = 100_000_000
DESCRIPTIONS = descriptions(CommonSettings)
STEP_SIZES = DESCRIPTIONS["alpha"]


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
