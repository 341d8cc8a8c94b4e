"""TorchScript where the platform has it, the same function as ordinary Python elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from explorer.core.lazy_torch import torch

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The function in TorchScript, which holds no GIL while it runs, or the function itself.

    TorchScript is deprecated but works up to Python 3.13 and is unsupported from 3.14 on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            script: Function = torch.jit.script(function)
        except Exception:  # noqa: BLE001 - whatever TorchScript cannot do, Python can
            return function
    return script
