"""Training from the command line."""

import json
import os
import shlex
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.cli import main
from explorer.cli import train as command
from explorer.core.base.errors import CheckpointError
from explorer.core.base.fields import Range
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY, Settings
from explorer.core.files.checkpoint import load
from explorer.core.learners import LEARNERS
from explorer.core.training import loop as training
from tests.cli.commands import (
    TINY,
    TINY_FLAGS,
    interrupted,
    parsed,
    printed,
    refused,
    tiny_file,
    tiny_run,
)

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
        "implicit_products": "2", "ridge_penalty": "0.2",
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
    )  # fmt: skip


def test_flags_override_the_preset(tmp_path: Path, capsys: Captured) -> None:
    """What is not named on the command line comes from the preset."""
    path = tmp_path / "out.safetensors"
    printed(capsys, "train", "--preset", "5-shot", "--iterations", 2, "--output", path)
    assert load(path).settings == replace(PRESETS["5-shot"].settings, iterations=2)


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
    """Weights alone cannot be trained on."""
    from safetensors.torch import save_file

    path = tmp_path / "plain.safetensors"
    net = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    save_file(net.state_dict(), path)
    assert "no training state" in refused(capsys, "train", "--resume", path, "--output", path)


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
