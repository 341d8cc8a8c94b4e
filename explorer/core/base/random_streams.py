"""Random streams, one for each purpose, so that no use of one shifts another."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch

if TYPE_CHECKING:
    from torch import Generator


def stream(seed: int, purpose: str) -> Generator:
    """A generator of its own for each seed and purpose."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
