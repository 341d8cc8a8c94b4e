"""Adaptation from the command line."""

from pathlib import Path

import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.families.sine import sine
from explorer.core.files.checkpoint import load
from tests.cli.commands import parsed, printed, refused, tiny_file

Captured = pytest.CaptureFixture[str]
SINE = ("--amplitude", 3, "--phase", 1)


@pytest.mark.parametrize("y", [None, [0.5, -1.25, 2.0]])
def test_json_equals_the_engine(tmp_path: Path, capsys: Captured, y: list[float] | None) -> None:
    """Every number printed is the engine's, with targets on the sine or given."""
    path = tiny_file(tmp_path)
    targets = [] if y is None else ["--y=" + ",".join(map(str, y))]
    flags = ["--x=-3.2,-1,0.5", *targets, "--steps", 4, "--alpha", 0.02]
    result = parsed(capsys, "adapt", path, *SINE, *flags)
    file = load(path)
    inputs = file.settings.family.grid(100)
    amplitude, phase = torch.tensor(3.0), torch.tensor(1.0)
    truth = sine(inputs, amplitude, phase)
    x = torch.tensor([-3.2, -1, 0.5]).view(1, -1, 1)
    support = sine(x, amplitude, phase) if y is None else torch.tensor(y).view(1, -1, 1)
    trail = adapt(file.start, x, support, inputs, alpha=0.02, steps=4)
    assert result["x"] == inputs.tolist()
    assert result["truth"] == truth.tolist()
    assert result["diverged"] is None
    for found, step in zip(result["steps"], trail, strict=True):
        assert found["step"] == step.step
        assert found["support_mse"] == float(step.support_loss)
        assert found["mse"] == float((step.prediction - truth).square().mean())
        assert found["y"] == step.prediction[0].tolist()


def test_negative_lists_need_no_equals_sign(tmp_path: Path, capsys: Captured) -> None:
    """Values that begin with a minus are values, in lists and on their own."""
    path = tiny_file(tmp_path)
    plain = parsed(
        capsys, "adapt", path, "--amplitude", 1, "--phase", "-1e-1", "--x", "-3.2,-1", "--y",
        "-.5,-2",
    )  # fmt: skip
    assert plain == parsed(
        capsys, "adapt", path, "--amplitude=1", "--phase=-0.1", "--x=-3.2,-1", "--y=-0.5,-2"
    )


def test_table_has_a_line_for_each_step(tmp_path: Path, capsys: Captured) -> None:
    """The text form shows step, support error and error against the sine."""
    path = tiny_file(tmp_path)
    flags = ("--x=0.5,1", "--steps", 3)
    lines = printed(capsys, "adapt", path, *SINE, *flags).splitlines()
    result = parsed(capsys, "adapt", path, *SINE, *flags)
    assert lines[1].split() == ["step", "support", "MSE", "MSE"]
    assert [line.split() for line in lines[2:]] == [
        [str(s["step"]), f"{s['support_mse']:.3f}", f"{s['mse']:.3f}"] for s in result["steps"]
    ]


def test_divergence_is_told_in_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    """Too long a step: when it went wrong and why, no bare infinities, and strict JSON."""
    path = tiny_file(tmp_path)
    flags = ("--x=-4,4.5,4.9", "--alpha", 1, "--steps", 20)
    result = parsed(capsys, "adapt", path, *SINE, *flags)
    assert result["diverged"]["curvature"] > 2
    assert result["steps"][-1]["mse"] is None
    text = printed(capsys, "adapt", path, *SINE, *flags)
    assert f"MAML diverged at step {result['diverged']['step']}: α × largest curvature" in text
    assert "inf" not in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--x="], "--x"),
        (["--x=1,,2"], "--x"),
        (["--x=1,nan"], "--x"),
        (["--x=1e30"], "--x"),
        (["--x=a,b"], "--x"),
        (["--x=1,2", "--y=1"], "--y"),
        (["--x=1", "--y=inf"], "--y"),
        (["--x=1", "--steps", "many"], "--steps"),
        (["--x=1", "--alpha", "2"], "--alpha"),
        (["--x=1", "--amplitude", "inf"], "--amplitude"),
        (["--x=1", "--phase", "left"], "--phase"),
        ([], "--x"),
    ],
)
def test_refuses_bad_values(tmp_path: Path, capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names the flag."""
    assert word in refused(capsys, "adapt", tiny_file(tmp_path), *SINE, *flags)


def test_refuses_a_missing_file(tmp_path: Path, capsys: Captured) -> None:
    """The message names the file."""
    path = tmp_path / "none.safetensors"
    assert str(path) in refused(capsys, "adapt", path, *SINE, "--x=1")
