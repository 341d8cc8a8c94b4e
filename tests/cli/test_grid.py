"""``maml-explorer grid``: the numbers of the engine, as text, JSON and files."""

from pathlib import Path

import pytest

from explorer.core.evaluation.evaluation import evaluate
from explorer.core.files.checkpoint import load
from tests.cli.commands import parsed, printed, refused, tiny_file

Captured = pytest.CaptureFixture[str]
FEW = ("--shots", 2, 5, "--steps", 3, "--tasks", 40, "--alphas", 0.005, 0.02)


def test_json_equals_the_engine(tmp_path: Path, capsys: Captured) -> None:
    """Every K with every step size, its own among them."""
    path = tiny_file(tmp_path)
    found = parsed(capsys, "grid", path, *FEW, "--seed", 3)
    assert (found["name"], found["own_alpha"], found["seed"]) == ("MAML", 0.01, 3)
    file = load(path)
    assert [(one["shots"], one["alpha"]) for one in found["grid"]] == [
        (shots, alpha) for shots in (2, 5) for alpha in (0.005, 0.01, 0.02)
    ]
    for one in found["grid"]:
        expected = evaluate(
            file.start, file.settings.family, shots=one["shots"], steps=3, tasks=40,
            alpha=one["alpha"], seed=3,
        )  # fmt: skip
        for key in ("full", "full_ci95", "median", "mse", "ci95", "diverged", "astray"):
            assert tuple(one[key]) == getattr(expected, key)
        assert len(one["hurts"]) == 4


def test_the_best_are_in_the_grid(tmp_path: Path, capsys: Captured) -> None:
    """One for each K and number of steps, the lowest."""
    found = parsed(capsys, "grid", tiny_file(tmp_path), *FEW)
    assert [(one["shots"], one["steps"]) for one in found["best"]] == [
        (shots, step) for shots in (2, 5) for step in range(4)
    ]
    for best in found["best"]:
        row = [one for one in found["grid"] if one["shots"] == best["shots"]]
        assert best["full"] == min(one["full"][best["steps"]] for one in row)


def test_text_shows_both_maps(tmp_path: Path, capsys: Captured) -> None:
    """At the best step sizes and at its own, then in words, then how it was measured."""
    path = tiny_file(tmp_path)
    text = printed(capsys, "grid", path, *FEW)
    best = parsed(capsys, "grid", path, *FEW)["best"][-1]
    assert f"{best['full']:.2f} @{best['alpha']:g}" in text
    assert "MSE at its own α = 0.01" in text
    assert "40 fresh tasks for each K" in text
    tables = text.partition("K = 2:")[0]
    assert max(map(len, tables.splitlines())) <= 100


def test_other_tasks_and_learners(tmp_path: Path, capsys: Captured) -> None:
    """Any learner of the file, on any tasks."""
    path = tiny_file(tmp_path, ("maml", "pretrained"))
    found = parsed(capsys, "grid", path, *FEW, "--learner", "pretrained", "--x", 0, 2)
    assert found["name"] == "Pretrained"
    assert found["distribution"]["x"] == [0, 2]


def test_export_writes_the_figure(tmp_path: Path, capsys: Captured) -> None:
    """As pictures and numbers."""
    folder = tmp_path / "out"
    found = parsed(capsys, "grid", tiny_file(tmp_path), *FEW, "--export", folder)
    assert {Path(file).name for file in found["files"]} == {"grid.svg", "grid.png", "grid.csv"}
    assert all(Path(file).stat().st_size for file in found["files"])


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--alphas", "0"], "--alphas"),
        (["--alphas"], "--alphas"),
        (["--alphas", "0.1", "0.1"], "once"),
        (["--shots", "101"], "--shots"),
        (["--steps", "-1"], "--steps"),
        (["--learner", "cavia"], "does not hold cavia"),
        (["--x", "2", "1"], "first value must be below"),
        (["another.safetensors"], "another.safetensors"),
    ],
)
def test_refuses_bad_values(tmp_path: Path, capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names what is wrong."""
    assert word in refused(capsys, "grid", tiny_file(tmp_path), *flags)


def test_refuses_a_missing_file(tmp_path: Path, capsys: Captured) -> None:
    """By its name."""
    assert "nothing.safetensors" in refused(capsys, "grid", tmp_path / "nothing.safetensors")
