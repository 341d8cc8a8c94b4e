"""``python -m explorer.state.make_shipped FOLDER LEARNER…`` trains networks to ship.

The learners are trained side by side with the paper's settings, on the same points of the same
tasks, and each is saved as FOLDER/LEARNER-10shot.safetensors without the state of its training.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from explorer.core.checkpoint import save
from explorer.core.learners import LEARNERS
from explorer.core.presets import PRESETS
from explorer.core.reproduction import FULL
from explorer.core.training import Run, start, threads_for, train
from explorer.resources import checkpoint_name

SEED = 12  # resources/README.md says why


def trained(learners: Sequence[str], iterations: int | None = None) -> Run:
    """The learners after the paper's training, or after some iterations of it.

    Networks that are averaged are trained only as long as they need.
    """
    settings = replace(PRESETS["paper"].settings, seed=SEED)
    if any(LEARNERS[name].own_tasks for name in learners):
        settings = replace(settings, iterations=FULL.averaged_iterations)
    run = start(settings, tuple(learners))
    for event in train(run, iterations, threads=threads_for(settings)):
        run = getattr(event, "run", run)
    return run


def save_each(run: Run, folder: Path) -> None:
    """One file for each learner of the run."""
    for name in run.learners:
        save(folder / checkpoint_name(name), run, name, resumable=False)


if __name__ == "__main__":
    save_each(trained(sys.argv[2:]), Path(sys.argv[1]))
