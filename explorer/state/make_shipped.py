"""``python -m explorer.state.make_shipped FOLDER LEARNER…`` trains networks to ship.

Each learner is trained as the full reproduction trains it, but from another seed, and saved as
FOLDER/LEARNER-10shot.safetensors without the state of its training.
"""

import sys
from pathlib import Path

from explorer.core.files.checkpoint import save
from explorer.core.jobs.reproduction import Plan
from explorer.core.jobs.reproduction.store import plain
from explorer.core.training.loop import Run, start, threads_for, train
from explorer.resources import checkpoint_name

SEED = 12  # resources/README.md says why


def trained(learner: str, folder: Path) -> Run:
    """The learner after the paper's training, or after what averaged networks need."""
    training = plain(Plan(quick=False, seed=SEED, store=folder), learner)
    run = start(training.settings, (learner,))
    for event in train(run, threads=threads_for(training.settings)):
        run = getattr(event, "run", run)
    return run


def main(folder: Path, learners: list[str]) -> None:
    """One file for each learner."""
    for learner in learners:
        run = trained(learner, folder)
        save(folder / checkpoint_name(learner), run, learner, resumable=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
