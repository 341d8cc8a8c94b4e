"""What the body of a loop may call to hear of the other threads that run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


def all_reduce(parts: Tensor) -> Tensor:
    """The sum ``(n,)`` of the parts ``(B, n)`` of all threads that run a loop together.

    They are added one by one: those of the first thread in their order, then those of the next.
    So it does not matter to the sum which thread brings which of them, if their order is the same.
    """
    if torch.overrides.has_torch_function((parts,)):
        return torch.overrides.handle_torch_function(all_reduce, (parts,), parts)
    total = parts[0].clone()
    for part in parts[1:]:
        total = total + part
    return total
