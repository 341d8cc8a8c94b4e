"""Runs in files, and the networks that a sandbox compares."""

from dataclasses import replace
from pathlib import Path

import torch

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.files.checkpoint import save
from explorer.core.training.loop import Run, advance, start
from explorer.state.workspace import Workspace
from tests.trainers import SMALL


def saved_run(folder: Path, iterations: int = 20) -> tuple[Path, Run]:
    """A resumable file and the run in it."""
    run = advance(start(replace(SMALL, seed=8)), iterations)[0]
    path = folder / "run.safetensors"
    save(path, run, "maml")
    return path, run


def thetas(workspace: Workspace) -> dict[str, torch.Tensor]:
    """The networks that the sandbox compares."""
    starts = {role: entry.start for role, entry in workspace.sandbox.competitors.by_role.items()}
    return {role: s.theta for role, s in starts.items() if isinstance(s, StartingPoint)}
