"""What the body of a loop may call to hear of the other threads that run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


def all_reduce(part: Tensor) -> Tensor:
    """The sum of a tensor over all threads that run a loop together; a copy where one does."""
    if torch.overrides.has_torch_function((part,)):
        return torch.overrides.handle_torch_function(all_reduce, (part,), part)
    return part.clone()
