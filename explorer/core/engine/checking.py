"""A switch for those who change the engine or write a learner: is what the machine computes right?

With the environment variable `CHECK` set to ``1``, the first round of every program is run both
ways in double precision, by the machine and as ordinary Python, and must come to the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor

CHECK = "MAML_EXPLORER_CHECK"
TOLERANCE = 1e-6  # of the largest number of a tensor: far above rounding, far below what matters

Results = tuple[tuple["Tensor", ...], tuple["Tensor", ...]]  # carried on and made


class DifferenceError(AssertionError):
    """The machine and ordinary Python come to different numbers: one of them is wrong."""


def checks() -> bool:
    """Whether first rounds are to be compared."""
    return os.environ.get(CHECK, "") == "1"


def compare(machine: Results, python: Results) -> None:
    """Compare the results of a round.

    Raises:
        DifferenceError: they differ by more than rounding can.
    """
    for what, ours, theirs in zip(("carries on", "makes"), machine, python, strict=True):
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            if x.shape != y.shape:
                raise DifferenceError(
                    f"Tensor {i} of what a round {what} has the shape {tuple(x.shape)} on the "
                    f"machine and {tuple(y.shape)} in Python."
                )
            finite = torch.isfinite(x) & torch.isfinite(y)
            size = torch.where(finite, y.abs(), 0).max() if y.numel() else y.new_zeros(())
            off = torch.where(finite, (x - y).abs(), 0) > TOLERANCE * size
            if off.any() or bool((torch.isfinite(x) != torch.isfinite(y)).any()):
                raise DifferenceError(
                    f"Tensor {i} of what a round {what} differs between the machine and Python: "
                    f"{x[off][:3].tolist()} instead of {y[off][:3].tolist()}."
                )
