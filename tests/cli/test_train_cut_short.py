"""Training from the command line that diverges, is interrupted or finds no room."""

import json
import shlex
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from explorer.cli import main
from explorer.cli import train as command
from explorer.core.base.errors import CheckpointError
from explorer.core.files.checkpoint import load
from explorer.core.training import loop as training
from tests.cli.commands import TINY_FLAGS, interrupted, printed, tiny_run

Captured = pytest.CaptureFixture[str]


def test_divergence_saves_the_last_good_run(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained before the numbers blew up is kept, and the message says where."""
    good = training.Progress(tiny_run(iterations=7), {}, 0.1)

    def diverging(run: training.Run, threads: int) -> Iterator[training.TrainEvent]:
        yield good
        raise training.TrainingDivergedError("Training left the finite numbers.")

    monkeypatch.setattr(command, "train", diverging)
    path = tmp_path / "out.safetensors"
    capsys.readouterr()
    assert main(["train", *TINY_FLAGS, "--output", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    line = captured.err.splitlines()[-1]
    assert line.startswith("maml-explorer: error: Training left the finite numbers.")
    assert str(path) in line
    assert load(path).iteration == 7


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_place_that_fills_up_loses_nothing(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    """The run goes to a temporary place, message and data say where, and all else is as ever."""
    path, spare = tmp_path / "out.safetensors", tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    real_save, real_train = command.save, training.train

    def save(place: Path, run: training.Run, learner: str) -> None:
        if place == path:
            raise CheckpointError("No space left.")
        real_save(place, run, learner)

    def train(run: training.Run, threads: int) -> Iterator[training.TrainEvent]:
        for event in real_train(run, threads=threads):
            if interrupted:
                signal.raise_signal(signal.SIGINT)
            yield event

    monkeypatch.setattr(command, "save", save)
    monkeypatch.setattr(command, "train", train)
    capsys.readouterr()
    code = main(["train", *TINY_FLAGS, "--output", str(path), "--json"])
    captured = capsys.readouterr()
    assert code == (130 if interrupted else 0)
    result = json.loads(captured.out)
    assert Path(result["file"]).is_relative_to(spare)
    assert (
        load(Path(result["file"])).iteration == result["iterations"] == (1 if interrupted else 60)
    )
    assert result["finished"] is not interrupted
    assert f"No space left. Saved {result['file']} instead." in captured.err
    assert str(path) not in captured.err
    assert not path.exists()


def test_real_divergence_ends_in_one_line(tmp_path: Path, capsys: Captured) -> None:
    """A hopeless step size neither hangs nor shows a traceback."""
    path = tmp_path / "out.safetensors"
    hopeless = ["--alpha", "1", "--inner-steps", "20", "--amplitude", "50", "100"]
    assert main(["train", *hopeless, "--iterations", "50", "--output", str(path)]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "lower α" in told.splitlines()[-1]
    assert load(path).iteration is not None


def test_interruption_between_chunks_saves_and_restores_the_handler(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends training after the chunk at hand, with data, a hint and exit code 130."""
    real = training.train

    def interrupted(run: training.Run, threads: int) -> Iterator[training.TrainEvent]:
        for event in real(run):
            signal.raise_signal(signal.SIGINT)
            yield event

    monkeypatch.setattr(command, "train", interrupted)
    before = signal.getsignal(signal.SIGINT)
    path = tmp_path / "has space.safetensors"
    capsys.readouterr()
    assert main(["train", *TINY_FLAGS, "--output", str(path)]) == 130
    captured = capsys.readouterr()
    assert captured.out == f"{path}\n"
    hint = f"maml-explorer train --resume '{path}' --output '{path}'"
    assert captured.err.splitlines()[-1].endswith(hint)
    assert load(path).iteration == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_interrupted_process_resumes_exactly(tmp_path: Path, capsys: Captured) -> None:
    """A real Ctrl-C loses nothing: the printed command carries on to the uninterrupted result."""
    path = tmp_path / "out.safetensors"
    flags = [*TINY_FLAGS, "--iterations", "1000000", "--output", path]
    stopped = interrupted("train", 4, "train", *flags)
    assert (stopped.returncode, stopped.stdout) == (130, f"{path}\n")
    assert "Traceback" not in stopped.stderr
    done = load(path).iteration
    assert done
    hint = stopped.stderr.splitlines()[-1].partition("to go on: maml-explorer ")[2]
    printed(capsys, *shlex.split(hint), "--iterations", done + 33)
    assert torch.equal(load(path).start.theta, tiny_run(iterations=done + 33).learners["maml"].meta)
