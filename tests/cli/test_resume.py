"""Training that goes on from a file, from the command line."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.core.files.checkpoint import load, save
from tests.cli.commands import TINY, printed, refused, tiny_file, tiny_run

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("learners", [("maml",), ("maml", "pretrained")])
def test_resuming_equals_never_having_stopped(
    tmp_path: Path, capsys: Captured, learners: tuple[str, ...]
) -> None:
    """A finished run that is extended matches one long run bit for bit, every learner of it."""
    path = tiny_file(tmp_path, learners)
    printed(capsys, "train", "--resume", path, "--iterations", 145, "--output", path)
    resumed, straight = load(path).run, tiny_run(learners, 145)
    assert resumed is not None
    assert resumed.settings == replace(TINY, iterations=145)
    for name in learners:
        assert torch.equal(resumed.learners[name].meta, straight.learners[name].meta)
        assert torch.equal(
            resumed.learners[name].second_moment, straight.learners[name].second_moment
        )
    assert torch.equal(resumed.task_stream, straight.task_stream)


def test_turns_cannot_be_made_longer(tmp_path: Path, capsys: Captured) -> None:
    """Networks that take turns would otherwise go on with another's task."""
    path = tiny_file(tmp_path, ("maml", "averaged-pulled"))
    message = refused(capsys, "train", "--resume", path, "--iterations", 145, "--output", path)
    assert "take turns" in message
    assert "without --iterations" in message


def test_resuming_a_finished_run_says_what_to_do(tmp_path: Path, capsys: Captured) -> None:
    """Nothing is left to train, so nothing is written, and the message names the flag."""
    path = tiny_file(tmp_path)
    output = tmp_path / "out"
    assert "--iterations" in refused(capsys, "train", "--resume", path, "--output", output)
    assert not output.exists()


@pytest.mark.parametrize(
    "flags", [["--alpha", "0.1"], ["--seed", "0"], ["--preset", "quick"], ["--learner", "maml"]]
)
def test_resuming_refuses_other_settings(
    tmp_path: Path, capsys: Captured, flags: list[str]
) -> None:
    """An exact continuation cannot have another α, seed, preset or learner."""
    path = tiny_file(tmp_path)
    line = refused(capsys, "train", "--resume", path, "--output", path, *flags)
    assert flags[0] in line


def test_resuming_refuses_a_file_without_training_state(tmp_path: Path, capsys: Captured) -> None:
    """A network of this program's without its run is no run that could go on."""
    path = tmp_path / "plain.safetensors"
    save(path, tiny_run(), "maml", resumable=False)
    assert "no training state" in refused(capsys, "train", "--resume", path, "--output", path)
