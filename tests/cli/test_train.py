"""Training from the command line."""

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.cli import main
from explorer.core.base.fields import Range
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY, Settings
from explorer.core.files.checkpoint import load
from explorer.core.learners import LEARNERS
from explorer.core.training import loop as training
from tests.cli.commands import TINY, TINY_FLAGS, parsed, printed, refused, tiny_run

Captured = pytest.CaptureFixture[str]


def same(one: Any, other: Any) -> bool:
    """Equality bit for bit, of tensors and of what holds them too."""
    if isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("learner", LEARNERS)
def test_trains_only_the_chosen_learner(tmp_path: Path, capsys: Captured, learner: str) -> None:
    """The file holds the learner asked for, trained exactly as the engine trains it."""
    path = tmp_path / "out.safetensors"
    assert printed(capsys, "train", *TINY_FLAGS, "--learner", learner, "--output", path) == (
        f"{path}\n"
    )
    checkpoint = load(path)
    assert checkpoint.settings == TINY
    assert list(checkpoint.starting_points()) == [learner]
    wanted = tiny_run((learner,)).starting_point(learner)
    assert type(checkpoint.start) is type(wanted)
    for field in fields(wanted):
        mine, theirs = (getattr(each, field.name) for each in (checkpoint.start, wanted))
        assert same(mine, theirs), field.name


def test_json_tells_what_was_trained(tmp_path: Path, capsys: Captured) -> None:
    """One object with the losses by name and every setting."""
    path = tmp_path / "out.safetensors"
    result = parsed(capsys, "train", *TINY_FLAGS, "--output", path)
    assert result["file"] == str(path)
    assert (result["learner"], result["iterations"], result["seed"]) == ("maml", 60, 5)
    assert result["finished"] is True
    assert result["seconds"] > 0
    assert tuple(result["losses"]) == LEARNERS["maml"].losses
    assert Settings.from_dict(result["settings"]) == TINY


def test_reported_loss_is_the_mean_of_the_last_hundred(tmp_path: Path, capsys: Captured) -> None:
    """The number printed can be reproduced from the engine's losses."""
    flags = [*TINY_FLAGS, "--iterations", "150"]
    result = parsed(capsys, "train", *flags, "--output", tmp_path / "out")
    losses = training.advance(training.start(TINY, ("maml",)), 150)[1]["maml"]
    expected = losses[-100:].astype(float).mean(0)
    assert list(result["losses"].values()) == pytest.approx(expected.tolist(), rel=1e-9)


def test_every_setting_has_a_flag(tmp_path: Path, capsys: Captured) -> None:
    """Flags are generated from the schema, and each one reaches the settings of the run."""
    values = {
        "amplitude": "1 2", "phase": "-1.5 -1e-3", "x": "-3 -.5", "noise": "0.1", "shots": "3",
        "query": "2", "inner_steps": "2", "alpha": "0.02", "meta_batch": "4", "beta": "0.002",
        "iterations": "3", "seed": "9", "hidden": "5,6", "activation": "tanh",
        "judged_on": "support", "reduction": "sum", "outer_loss": "every",
        "initialisation": "glorot", "pretrain_on": "support", "reptile_steps": "3",
        "context": "4", "context_alpha": "0.5", "networks": "7", "penalty": "0.01",
        "implicit_pull": "3", "implicit_alpha": "0.002", "implicit_steps": "4",
        "implicit_products": "2", "ridge_penalty": "0.2", "averaged_start": "shared",
    }  # fmt: skip
    assert {FAMILY, *values} == set(DESCRIPTIONS)
    flags = [
        part
        for name, value in values.items()
        for part in (f"--{name.replace('_', '-')}", *value.split())
    ]
    path = tmp_path / "out.safetensors"
    printed(capsys, "train", *flags, "--output", path)
    assert load(path).settings == Settings(
        amplitude=Range(1.0, 2.0), phase=Range(-1.5, -1e-3), x=Range(-3.0, -0.5), noise=0.1,
        shots=3, query=2, judged_on="support", inner_steps=2, alpha=0.02, reduction="sum",
        outer_loss="every", meta_batch=4, beta=0.002, iterations=3, seed=9, hidden=(5, 6),
        activation="tanh", initialisation="glorot", pretrain_on="support", reptile_steps=3,
        context=4, context_alpha=0.5, networks=7, penalty=0.01, implicit_pull=3.0,
        implicit_alpha=0.002, implicit_steps=4, implicit_products=2, ridge_penalty=0.2,
        averaged_start="shared",
    )  # fmt: skip


def test_flags_override_the_preset(tmp_path: Path, capsys: Captured) -> None:
    """What is not named on the command line comes from the preset."""
    path = tmp_path / "out.safetensors"
    printed(capsys, "train", "--preset", "5-shot", "--iterations", 2, "--output", path)
    assert load(path).settings == replace(PRESETS["5-shot"].settings, iterations=2)


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--preset", "nonsense"], "quick"),
        (["--learner", "nonsense"], "pretrained"),
        (["--alpha", "fast"], "--alpha"),
        (["--alpha", "nan"], "--alpha"),
        (["--alpha", "0"], "--alpha"),
        (["--inner-steps", "1.5"], "--inner-steps"),
        (["--amplitude", "3", "2"], "--amplitude"),
        (["--amplitude", "3"], "--amplitude"),
        (["--hidden", "40;40"], "--hidden"),
        (["--hidden", "0"], "--hidden"),
        (["--activation", "sine"], "tanh"),
        (["--iterations", "-5"], "--iterations"),
        (["--iter", "5"], "--iter"),
        (["--resume", "missing.safetensors"], "missing.safetensors"),
        (["surplus"], "surplus"),
    ],
)
def test_refuses_bad_settings(
    tmp_path: Path, capsys: Captured, flags: list[str], word: str
) -> None:
    """One line that names the flag or the choices, and no file."""
    output = tmp_path / "out"
    assert word in refused(capsys, "train", "--output", output, *flags)
    assert not output.exists()


def test_refuses_an_output_that_cannot_be_written(tmp_path: Path, capsys: Captured) -> None:
    """A missing folder, a folder, a device and a name too long are noticed before training."""
    for path in (tmp_path / "none" / "out", tmp_path, Path(os.devnull), tmp_path / ("o" * 300)):
        assert "--output" in refused(capsys, "train", *TINY_FLAGS, "--output", path)
    assert list(tmp_path.iterdir()) == []


def test_output_is_required(capsys: Captured) -> None:
    """Training for nothing is refused."""
    assert "--output" in refused(capsys, "train", "--preset", "quick")


def test_progress_goes_to_standard_error(tmp_path: Path, capsys: Captured) -> None:
    """The bar ends at the last iteration and shows the speed and the losses."""
    assert main(["train", *TINY_FLAGS, "--output", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    assert "60/60" in captured.err
    assert "it/s" in captured.err
    assert "MAML" in captured.err
    assert "it/s" not in captured.out
