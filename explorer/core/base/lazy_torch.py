"""PyTorch, imported when it is first used: it takes longer to import than the window to open.

A module that works with tensors says ``from explorer.core.base.lazy_torch import torch`` and uses
it inside functions as ever; what it uses outside of them would import PyTorch at once. Whoever
comes first imports it, whole; other threads wait for that.
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from explorer.core.base.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from safetensors import torch as safetensors_torch

__all__ = ["no_grad", "np", "safetensors_torch", "torch"]

P = ParamSpec("P")
R = TypeVar("R")


class LazyModule:
    """Stands for a module and imports it when asked for any of its names.

    Raises:
        EngineError: it cannot be imported.
    """

    def __init__(self, name: str, library: str) -> None:
        """Begin.

        Args:
            name: of the module.
            library: what to call the library that it is or needs.
        """
        self._name, self._library = name, library

    def __getattr__(self, attribute: str) -> Any:
        try:
            module = import_module(self._name)
        except Exception as error:  # broken libraries raise much besides ImportError
            reason = str(error).strip().partition("\n")[0]
            raise EngineError(
                f"{self._library} cannot be loaded ({reason}): install the program again."
            ) from error
        value = getattr(module, attribute)
        setattr(self, attribute, value)  # the next time it costs what a module's name costs
        return value


if not TYPE_CHECKING:
    np = LazyModule("numpy", "NumPy")
    torch = LazyModule("torch", "PyTorch")
    safetensors_torch = LazyModule("safetensors.torch", "PyTorch")


def no_grad(function: Callable[P, R]) -> Callable[P, R]:
    """As the decorator `torch.no_grad`, which would need torch where the function is defined."""

    @wraps(function)
    def without_gradients(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.no_grad():
            return function(*args, **kwargs)

    return without_gradients
