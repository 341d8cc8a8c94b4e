"""Evaluation from the command line."""

from pathlib import Path

import pytest
import torch

from explorer.core.evaluation.coverage import coverage
from explorer.core.evaluation.evaluation import Evaluation, evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import load, save
from explorer.core.training.loop import start
from tests.cli.commands import parsed, printed, refused, tiny_file

Captured = pytest.CaptureFixture[str]
FEW = ("--shots", 2, 5, "--steps", 3, "--tasks", 30)


def evaluated(path: Path, name: str, shots: int, alpha: float = 0.01, seed: int = 0) -> Evaluation:
    """The engine's own answer for one of the file's networks."""
    file = load(path)
    return evaluate(
        file.starting_points()[name],
        file.settings.family,
        shots=shots,
        steps=3,
        tasks=30,
        alpha=alpha,
        seed=seed,
    )


def test_json_equals_the_engine(tmp_path: Path, capsys: Captured) -> None:
    """Every number printed is the engine's, for each network of the file and each K."""
    path = tiny_file(tmp_path, ("maml", "pretrained"))
    found = parsed(capsys, "evaluate", path, *FEW, "--alpha", 0.02, "--seed", 7)["learners"]
    assert [(one["file"], one["name"]) for one in found] == [
        (str(path), "MAML"),
        (str(path), "Pretrained"),
    ]
    for one, name in zip(found, ("maml", "pretrained"), strict=True):
        assert [result["shots"] for result in one["results"]] == [2, 5]
        for result in one["results"]:
            expected = evaluated(path, name, result["shots"], 0.02, 7)
            verdict = result["verdict"]
            way = verdict["single"] - verdict["ideal"]
            gained = [(verdict["single"] - mse) / way for mse in expected.full]
            assert verdict["shares"] == pytest.approx(gained, abs=1e-5)
            assert verdict["text"].startswith(f"After 3 steps at K = {result['shots']} ")
            assert result["tasks"] == 30
            for key in ("full", "full_ci95", "median", "mse", "ci95", "diverged", "astray"):
                assert tuple(result[key]) == getattr(expected, key)


def test_several_files_follow_one_another(tmp_path: Path, capsys: Captured) -> None:
    """Files stand before --shots, and each gives its own entry."""
    first = tiny_file(tmp_path)
    second = tmp_path / "second.safetensors"
    second.write_bytes(first.read_bytes())
    found = parsed(capsys, "evaluate", first, second, *FEW)["learners"]
    assert [one["file"] for one in found] == [str(first), str(second)]
    assert found[0]["results"] == found[1]["results"]


def test_weights_without_description_are_named_after_their_file(
    tmp_path: Path, capsys: Captured
) -> None:
    """A file from plain PyTorch is evaluated on the paper's tasks."""
    from safetensors.torch import save_file

    net = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    path = tmp_path / "mine.safetensors"
    save_file(net.state_dict(), path)
    (found,) = parsed(capsys, "evaluate", path, *FEW)["learners"]
    assert found["name"] == "mine"


def test_table_shows_means_medians_and_intervals(tmp_path: Path, capsys: Captured) -> None:
    """One line for each step with the engine's rounded numbers, within 100 columns."""
    path = tiny_file(tmp_path)
    lines = printed(
        capsys, "evaluate", path, "--shots", 2, 5, 10, 20, "--steps", 3, "--tasks", 30
    ).splitlines()
    assert max(map(len, lines)) <= 100
    assert "MAML" in lines[0]
    row = lines[4].split()
    expected = evaluated(path, "maml", 2)
    assert row[0] == "1"
    assert row[1:5] == [
        f"{expected.full[1]:.3f}",
        "±",
        f"{expected.full_ci95[1]:.3f}",
        f"{expected.median[1]:.3f}",
    ]


def test_diverged_tasks_are_counted_and_mentioned(tmp_path: Path, capsys: Captured) -> None:
    """Where adaptation blows up the table says so, and JSON stays strict."""
    path = tmp_path / "raw.safetensors"
    save(path, start(Settings(), ("maml",)), "maml")
    flags = ("--shots", 1, "--steps", 40, "--tasks", 20, "--alpha", 1)
    (found,) = parsed(capsys, "evaluate", path, *flags)["learners"]
    (result,) = found["results"]
    count = result["diverged"][-1]
    assert count > 10
    assert result["median"][-1] is None
    text = printed(capsys, "evaluate", path, *flags)
    assert "Of 20 tasks are lost by step 40: " in text
    assert f"({count} diverged" in text
    assert "kept" in text
    assert "inf " not in text
    assert "nan" not in text


def test_converging_tasks_need_no_warning(tmp_path: Path, capsys: Captured) -> None:
    """Nothing is said about divergence where there is none, and no column is empty of it."""
    text = printed(capsys, "evaluate", tiny_file(tmp_path), *FEW)
    assert not [word for word in ("by step", "kept", "astray") if word in text]


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--shots", "0"], "--shots"),
        (["--shots", "five"], "--shots"),
        (["--shots"], "--shots"),
        (["--steps", "-1"], "--steps"),
        (["--steps", "100000"], "--steps"),
        (["--tasks", "0"], "--tasks"),
        (["--alpha", "nan"], "--alpha"),
        (["--alpha", "-0.01"], "--alpha"),
        (["--seed", "-1"], "--seed"),
        (["missing.safetensors"], "missing.safetensors"),
    ],
)
def test_refuses_bad_values(tmp_path: Path, capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names what is wrong."""
    assert word in refused(capsys, "evaluate", tiny_file(tmp_path), *flags)


def test_files_after_the_shots_are_explained(tmp_path: Path, capsys: Captured) -> None:
    """`--shots 5 10 FILE` reads the file as a number; the message says how to write it."""
    path = tiny_file(tmp_path)
    assert "before --shots" in refused(capsys, "evaluate", "--shots", 5, 10, path)


def test_refuses_files_of_another_kind(tmp_path: Path, capsys: Captured) -> None:
    """Text, an empty file and a folder are no checkpoints."""
    text, empty = tmp_path / "text", tmp_path / "empty"
    text.write_text("hello, this is no checkpoint at all")
    empty.touch()
    for path in (text, empty, tmp_path):
        assert str(path) in refused(capsys, "evaluate", path)


def test_a_file_is_required(capsys: Captured) -> None:
    """There is nothing to evaluate without one."""
    assert "FILE" in refused(capsys, "evaluate")


def test_coverage_of_who_knows_its_deviation(tmp_path: Path, capsys: Captured) -> None:
    """The core's shares as numbers and in words, beside the nominal one; others have none."""
    path = tiny_file(tmp_path, ("maml", "ridge"))
    maml, ridge = parsed(capsys, "evaluate", path, *FEW, "--seed", 7)["learners"]
    assert [one["coverage"] for one in maml["results"]] == [None, None]
    file = load(path)
    text = printed(capsys, "evaluate", path, *FEW, "--seed", 7)
    start = file.starting_points()["ridge"]
    for result, shots in zip(ridge["results"], (2, 5), strict=True):
        found = coverage(start, file.settings.family, shots=shots, tasks=30, seed=7)
        assert found is not None
        said = result["coverage"]
        assert (said["before"], said["after"], said["nominal"]) == (*found, 0.95)
        assert said["text"].startswith(f"At K = {shots} the ±2σ band of Ridge head holds ")
        assert f"{100 * found.after:.1f} % of the truth" in said["text"]
        assert said["text"] in " ".join(text.split())
    assert text.count("band of") == 2
