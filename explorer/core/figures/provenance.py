"""Where a figure comes from."""

from __future__ import annotations

import platform
from datetime import UTC, datetime

import explorer
from explorer.core.base.lazy_torch import torch


def provenance(seed: int, command: str) -> str:
    """Where a figure comes from, in one line: program, command if there was one, date, versions."""
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    versions = f"torch {torch.__version__}, Python {platform.python_version()}"
    origin = command or f"seed {seed}"
    return " · ".join([f"MAML Explorer {explorer.__version__}", origin, made, versions])
