"""MAML Explorer: see model-agnostic meta-learning (arXiv 1703.03400) work.

As a library it offers what `explorer.library` makes; importing it costs nothing before that is
used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

OFFERED = (
    "CLOSED_FORMS", "FAMILIES", "LEARNERS", "PRESETS", "Evaluation", "Family", "Figure", "Network",
    "Run", "Settings", "Trail", "adapt", "compare", "evaluate", "load", "save", "train",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """What is offered, imported when it is first asked for."""
    if name not in OFFERED:
        raise AttributeError(f"explorer has no {name!r}")
    return getattr(import_module("explorer.library"), name)
