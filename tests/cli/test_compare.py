"""``maml-explorer evaluate`` beyond one network: other tasks, other competitors, differences."""

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.core.base.fields import Range
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.files.checkpoint import load, save
from explorer.core.training.loop import advance, start
from tests.cli.commands import TINY, parsed, printed, refused, tiny_file

Captured = pytest.CaptureFixture[str]
FEW = ("--shots", 2, 5, "--steps", 3, "--tasks", 40)
BOTH = ("maml", "pretrained")


def test_other_tasks(tmp_path: Path, capsys: Captured) -> None:
    """The ranges and the noise given are those of the tasks; the rest are those of training."""
    path = tiny_file(tmp_path)
    ranges = ("--amplitude", 4, 8, "--phase", -1, 2, "--x", -1, 7, "--noise", 0.2)
    (found,) = parsed(capsys, "evaluate", path, *FEW, *ranges)["learners"]
    assert found["distribution"] == {
        "family": "sine",
        "amplitude": [4, 8],
        "phase": [-1, 2],
        "x": [-1, 7],
        "noise": 0.2,
    }
    settings = TINY.changed(amplitude=Range(4, 8), phase=Range(-1, 2), x=Range(-1, 7), noise=0.2)
    expected = evaluate(load(path).start, settings.family, shots=2, steps=3, tasks=40)
    assert tuple(found["results"][0]["mse"]) == expected.mse
    (partly,) = parsed(capsys, "evaluate", path, *FEW, "--noise", 0.2)["learners"]
    assert partly["distribution"]["amplitude"] == [0.1, 5]
    assert "tasks other than those of its training: noise σ = 0.2" in printed(
        capsys, "evaluate", path, *FEW, "--noise", 0.2
    )


def test_own_and_tuned_step_sizes(tmp_path: Path, capsys: Captured) -> None:
    """In the title and in JSON, one for each K."""
    path = tmp_path / "own.safetensors"
    save(path, advance(start(replace(TINY, alpha=0.03), ("maml",)), 5)[0], "maml")
    (own,) = parsed(capsys, "evaluate", path, *FEW, "--own-alpha")["learners"]
    assert [result["alpha"] for result in own["results"]] == [0.03, 0.03]
    assert "α = 0.03" in printed(capsys, "evaluate", path, *FEW, "--own-alpha")
    (tuned,) = parsed(capsys, "evaluate", path, *FEW, "--tuned-alpha")["learners"]
    for result in tuned["results"]:
        doublings = {0.03 * 2.0**power for power in range(-4, 5)}
        assert result["alpha"] in doublings


def test_learners_are_picked_and_added(tmp_path: Path, capsys: Captured) -> None:
    """Those named of the files' and, besides, those that need no file."""

    def names(*flags: str) -> list[str]:
        found = parsed(capsys, "evaluate", path, *FEW, *flags)["learners"]
        return [one["name"] for one in found]

    path = tiny_file(tmp_path, BOTH)
    assert names() == ["MAML", "Pretrained"]
    assert names("--learner", "pretrained") == ["Pretrained"]
    assert names("--learner", "ideal,random") == [
        "MAML",
        "Pretrained",
        "Ideal learner",
        "Untrained",
    ]
    assert names("--learner", "maml,zero") == ["MAML", "Predict 0"]


def test_differences_in_json(tmp_path: Path, capsys: Captured) -> None:
    """Each but the reference has them, on all tasks that neither lost."""
    path = tiny_file(tmp_path, BOTH)
    found = parsed(capsys, "evaluate", path, *FEW, "--against", "MAML", "--learner", "ideal")
    assert found["against"] == "MAML"
    maml, pretrained, ideal = found["learners"]
    assert "differences" not in maml
    for other in (pretrained, ideal):
        for gap, mine, theirs in zip(
            other["differences"], other["results"], maml["results"], strict=True
        ):
            assert gap["shots"] == mine["shots"]
            assert gap["pairs"] == [40] * 4
            assert gap["lost"] == [0] * 4
            for mean, one, another in zip(gap["mean"], mine["mse"], theirs["mse"], strict=True):
                assert mean == pytest.approx(one - another, abs=1e-5)
            certain = [
                abs(mean) > ci95 for mean, ci95 in zip(gap["mean"], gap["ci95"], strict=True)
            ]
            assert gap["more_than_chance"] == certain
    assert len(found["notes"]) == 8


def test_differences_in_words(tmp_path: Path, capsys: Captured) -> None:
    """A table of them, and sentences, within 100 columns."""
    path = tiny_file(tmp_path, BOTH)
    text = printed(capsys, "evaluate", path, *FEW, "--against", "ideal")
    assert "MAML − Ideal learner: difference of MSE on the same tasks" in text
    assert "After 3 steps at K = 5 Pretrained is behind Ideal learner by " in text
    assert max(map(len, text.splitlines())) <= 120


def test_files_of_one_learner_are_told_apart(tmp_path: Path, capsys: Captured) -> None:
    """By the names of their files; identical ones do not differ."""
    first = tiny_file(tmp_path)
    second = tmp_path / "second.safetensors"
    second.write_bytes(first.read_bytes())
    found = parsed(capsys, "evaluate", first, second, *FEW, "--against", "second")
    assert [one["label"] for one in found["learners"]] == ["MAML (tiny)", "MAML (second)"]
    assert all("exactly the same errors" in note for note in found["notes"])
    message = refused(capsys, "evaluate", first, second, *FEW, "--against", "maml")
    assert '"MAML (tiny)" or "MAML (second)"' in message
    twice = parsed(capsys, "evaluate", first, first, *FEW)["learners"]
    assert [one["label"] for one in twice] == [f"MAML ({first}) #1", f"MAML ({first}) #2"]


def test_compared_networks_meet_the_first_ones_tasks(tmp_path: Path, capsys: Captured) -> None:
    """Otherwise each meets those of its own training."""
    first = tiny_file(tmp_path)
    other = tmp_path / "other.safetensors"
    wide = TINY.changed(amplitude=Range(5, 9))
    save(other, start(wide, ("pretrained",)), "pretrained")

    def amplitudes(*flags: str) -> list[list[float]]:
        found = parsed(capsys, "evaluate", first, other, *FEW, *flags)["learners"]
        return [one["distribution"]["amplitude"] for one in found]

    assert amplitudes() == [[0.1, 5], [5, 9]]
    assert amplitudes("--against", "maml") == [[0.1, 5], [0.1, 5]]
    assert amplitudes("--amplitude", "1", "2") == [[1, 2], [1, 2]]


def test_export_writes_the_figure(tmp_path: Path, capsys: Captured) -> None:
    """As pictures and numbers, with the command in its provenance; data stay on stdout."""
    path, folder = tiny_file(tmp_path), tmp_path / "out"
    found = parsed(capsys, "evaluate", path, *FEW, "--export", folder)
    assert sorted(Path(file).name for file in found["files"]) == [
        "compare-curves.csv",
        "compare.csv",
        "compare.png",
        "compare.svg",
    ]
    table = (folder / "compare.csv").read_text()
    assert f"maml-explorer evaluate {path}" in table
    assert f"{found['learners'][0]['results'][1]['mse'][3]}" in table


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--learner", "nobody"], "nobody"),
        (["--learner", "cavia"], "no file given holds cavia"),
        (["--against", "cavia"], "is not among those evaluated"),
        (["--amplitude", "3", "1"], "first value must be below"),
        (["--amplitude", "3"], "--amplitude"),
        (["--noise", "-1"], "--noise"),
        (["--alpha", "0.02", "--own-alpha"], "--own-alpha"),
        (["--shots", "5", "5"], "once"),
        (["--tasks", "100000", "--steps", "1000"], "memory"),
    ],
)
def test_refuses_bad_values(tmp_path: Path, capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names what is wrong."""
    assert word in refused(capsys, "evaluate", tiny_file(tmp_path), *flags)


def test_refuses_a_file_as_folder(tmp_path: Path, capsys: Captured) -> None:
    """Before any work."""
    path = tiny_file(tmp_path)
    assert "--export" in refused(capsys, "evaluate", path, "--export", path)
