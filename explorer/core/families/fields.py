"""The settings that families declare: ranges of parameters, inputs and noise."""

from typing import Any

from explorer.core.base.fields import Description, Range, setting

TASKS = "Tasks"  # heading of the form under which the settings of families stand


def task_range(default: Range, label: str, *bounds: float, **more: Any) -> Any:
    """A setting: the range from which a parameter of each task is drawn uniformly.

    Args:
        default: its range.
        label: name with its symbol.
        bounds: smallest and largest value allowed.
        more: further fields of its `Description`.
    """
    more = {"help": "Drawn uniformly for each task.", "step": 0.1, **more}
    return setting(default, TASKS, label, "range", *bounds, **more)


def input_range(low: float, high: float) -> Any:
    """The setting of the inputs."""
    return setting(
        Range(low, high), TASKS, "Input x", "range", -100.0, 100.0, "",
        "Inputs of support and query points, drawn uniformly.", 0.5,
    )  # fmt: skip


def target_noise(sigma: float) -> Any:
    """The setting of the noise."""
    return setting(
        sigma, TASKS, "Noise σ", "number", 0.0, 10.0, "",
        "Standard deviation of Gaussian noise added to every target y.", 0.1,
    )  # fmt: skip


def symbol_of(description: Description) -> str:
    """The symbol at the end of a setting's label: A of "Amplitude A"."""
    return description.label.rpartition(" ")[2]
