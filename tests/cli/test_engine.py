"""The command line without the engine: the same numbers but for rounding, and a word on it."""

from pathlib import Path

import pytest
import torch

from explorer.core.engine.status import SWITCH, State, Status
from explorer.core.files.checkpoint import load
from tests.cli.commands import TINY_FLAGS, parsed, printed, process, tiny_file

Captured = pytest.CaptureFixture[str]


def test_training_and_adapting_without_the_engine(
    tmp_path: Path, capsys: Captured, fresh_status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that computes comes to what it comes to with the engine."""
    path, file = tmp_path / "out.safetensors", tiny_file(tmp_path)
    expected = load(file).start.theta
    monkeypatch.setenv(SWITCH, "off")

    assert printed(capsys, "train", *TINY_FLAGS, "--output", path) == f"{path}\n"
    torch.testing.assert_close(load(path).start.theta, expected, rtol=1e-4, atol=1e-5)
    flags = ("adapt", file, "--amplitude", 3, "--phase", 1, "--x=-3.2,-1,0.5", "--steps", 4)
    assert len(parsed(capsys, *flags)["steps"]) == 5
    assert len(errors(capsys, file)) == 3


def errors(capsys: Captured, file: Path) -> list[float]:
    """The mean error on some tasks before adaptation and after each of two steps."""
    flags = ("--tasks", 20, "--steps", 2, "--shots", 4)
    (learner,) = parsed(capsys, "evaluate", file, *flags)["learners"]
    mse: list[float] = learner["results"][0]["mse"]
    return mse


def test_the_machine_and_python_evaluate_alike(
    tmp_path: Path, capsys: Captured, fresh_status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors on the same tasks differ by rounding alone."""
    file = tiny_file(tmp_path)
    machine = errors(capsys, file)
    monkeypatch.setenv(SWITCH, "off")
    assert errors(capsys, file) == pytest.approx(machine, rel=1e-4)
    assert fresh_status.state is State.OFF


def test_it_is_said_once_on_standard_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many chunks of training run without it."""
    monkeypatch.setenv(SWITCH, "off")
    path = tmp_path / "out.safetensors"
    done = process("train", *TINY_FLAGS, "--output", path)
    assert (done.returncode, done.stdout) == (0, f"{path}\n")
    said = [line for line in done.stderr.splitlines() if line.startswith("maml-explorer: ")]
    assert said == [
        "maml-explorer: The engine is switched off (MAML_EXPLORER_ENGINE=off): everything runs as "
        "ordinary Python, several times slower."
    ]
