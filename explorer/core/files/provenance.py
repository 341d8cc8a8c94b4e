"""When and with what a checkpoint is made, and whether training goes on to the same bits here."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import explorer
from explorer.core.base.lazy_torch import torch
from explorer.core.training.outer_loop import arithmetic

ARITHMETIC = "arithmetic"  # its name in a file


def provenance() -> dict[str, str]:
    """What a file that is made now says."""
    return {
        "program": f"MAML Explorer {explorer.__version__}",
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        ARITHMETIC: arithmetic(),
    }


def why_other_bits(path: Path, said: Mapping[str, str]) -> str:
    """Why training from a file does not end at the bits that it would have ended at where it began.

    Args:
        path: the file.
        said: its provenance.

    Returns:
        A sentence; empty if it does.
    """
    there, here = said.get(ARITHMETIC, ""), arithmetic()
    if there == here:
        return ""
    then = f"with {there}" if there else "by an earlier version, which added up in another order"
    return (
        f"{path} was trained {then}: training goes on from it with {here}, and so comes to the "
        "same numbers but for rounding."
    )
