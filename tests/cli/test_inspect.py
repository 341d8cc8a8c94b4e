"""``maml-explorer inspect``: the numbers of the core, as a table and as JSON."""

import json
from pathlib import Path

import pytest

from explorer.core.evaluation.evaluation import evaluate
from explorer.core.files.checkpoint import load, save
from explorer.core.insight.report import Inspection, Plan
from explorer.core.training.loop import start
from tests.cli.commands import TINY, parsed, printed, process, refused, tiny_file
from tests.core.insight.inspections import inspected

Captured = pytest.CaptureFixture[str]
FEW = ("--shots", 3, "--steps", 2, "--tasks", 30, "--alpha", 0.02, "--seed", 7)
KEYS = [
    *("file", "name", "strength", "cosine", "rank", "gains", "area"),
    *("lambda", "unstable", "measured", "layers", "only"),
]


def found_by_core(path: Path, name: str) -> Inspection:
    """The core's own answer for one of the file's networks."""
    file = load(path)
    plan = Plan(file.settings.family, shots=3, tasks=30, steps=2, alpha=0.02, seed=7)
    return inspected(file.starting_points()[name], plan)


def test_json_equals_the_core(tmp_path: Path, capsys: Captured) -> None:
    """Every number of every network, under the keys that are promised."""
    path = tiny_file(tmp_path, ("maml", "anil"))
    learners = parsed(capsys, "inspect", path, *FEW)["learners"]
    assert [one["name"] for one in learners] == ["MAML", "ANIL"]
    for one, name in zip(learners, ("maml", "anil"), strict=True):
        found = found_by_core(path, name)
        assert list(one) == KEYS
        assert one["file"] == str(path)
        assert (one["strength"], one["cosine"]) == (found.strength, found.likeness)
        assert (one["rank"], one["area"]) == (found.rank, found.area)
        assert tuple(one["gains"]) == found.gains
        assert tuple(map(tuple, one["lambda"])) == found.eigenvalues
        assert tuple(one["unstable"]) == found.unstable
        assert tuple(one["measured"]) == found.measured
        assert tuple(one["layers"]) == found.layers
        assert tuple(one["only"]) == found.alone


def test_the_tasks_are_those_of_evaluate(tmp_path: Path, capsys: Captured) -> None:
    """The same medians for the same seed."""
    path = tiny_file(tmp_path)
    (one,) = parsed(capsys, "inspect", path, *FEW)["learners"]
    file = load(path)
    expected = evaluate(
        file.start, file.settings.family, shots=3, steps=2, tasks=30, alpha=0.02, seed=7
    )
    assert one["measured"] == pytest.approx(expected.median)


def test_shapes_follow_what_is_asked_for(tmp_path: Path, capsys: Captured) -> None:
    """One entry for each step and layer; no more modes than points."""
    path = tiny_file(tmp_path, ("maml", "cavia"))
    maml, cavia = parsed(capsys, "inspect", path, *FEW)["learners"]
    assert [len(step) for step in maml["lambda"]] == [3, 3, 3]
    assert [len(maml[key]) for key in ("unstable", "measured", "gains")] == [3, 3, 2]
    assert len(maml["layers"]) == len(maml["only"]) == 2
    assert len(cavia["layers"]) == len(cavia["only"]) == 3  # the context is the last
    (one,) = parsed(capsys, "inspect", tiny_file(tmp_path), "--steps", 0, "--tasks", 5)["learners"]
    assert [len(step) for step in one["lambda"]] == [4]


def test_who_takes_no_steps_has_no_kernel(tmp_path: Path, capsys: Captured) -> None:
    """Null in JSON, a sentence in the text; what can be measured is."""
    path = tiny_file(tmp_path, ("ridge",))
    (one,) = parsed(capsys, "inspect", path, *FEW)["learners"]
    for key in ("strength", "cosine", "rank", "gains", "lambda", "unstable", "layers", "only"):
        assert one[key] is None
    assert len(one["measured"]) == 3
    assert one["area"] is not None
    text = " ".join(printed(capsys, "inspect", path, *FEW).split())
    assert "Ridge head takes no gradient steps: it has no tangent kernel" in text


def test_tasks_without_a_plane(tmp_path: Path, capsys: Captured) -> None:
    """What would compare with it is null, and the text says why."""
    path = tmp_path / "steps.safetensors"
    save(path, start(TINY.changed(family="multistep"), ("maml",)), "maml")
    (one,) = parsed(capsys, "inspect", path, *FEW)["learners"]
    assert [one[key] for key in ("cosine", "gains", "area")] == [None, None, None]
    assert one["strength"] > 0
    assert "No plane holds most of the" in printed(capsys, "inspect", path, *FEW)


def test_table_shows_the_numbers(tmp_path: Path, capsys: Captured) -> None:
    """Rounded, with a heading over each column, within 100 columns."""
    path = tiny_file(tmp_path)
    (one,) = parsed(capsys, "inspect", path, *FEW)["learners"]
    lines = printed(capsys, "inspect", path, *FEW).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"MAML, {path}"
    assert lines[1] == "30 tasks, K = 3, α = 0.02, seed 7"
    shown = [one["strength"], one["cosine"], one["rank"], *one["gains"], one["area"]]
    assert lines[3].split() == [f"{value:.2f}".replace("-", "−") for value in shown]
    assert lines[4].split()[:4] == ["step", "λ₁", "λ₂", "λ₃"]
    first = [*(f"{value:.2f}" for value in one["lambda"][0]), f"{one['unstable'][0]:.0%}"]
    assert lines[5].split()[1:5] == first
    assert [line.split()[0] for line in lines[9:]] == ["1", "2"]


def test_divergence_is_told_in_strict_json(tmp_path: Path, capsys: Captured) -> None:
    """With α far too large medians are null, every task is unstable, and nothing says inf."""
    path = tiny_file(tmp_path)
    flags = ("--tasks", 20, "--alpha", 1, "--steps", 40)
    (one,) = parsed(capsys, "inspect", path, *flags)["learners"]
    assert one["measured"][-1] is None
    assert one["unstable"][-1] > 0.5
    text = printed(capsys, "inspect", path, *flags)
    for word in ("inf", "nan"):
        assert word not in text.replace(str(path), "")


def test_several_files(tmp_path: Path, capsys: Captured) -> None:
    """One entry after the other, with an empty line between their tables."""
    first = tiny_file(tmp_path)
    second = tmp_path / "second.safetensors"
    second.write_bytes(first.read_bytes())
    learners = parsed(capsys, "inspect", first, second, *FEW)["learners"]
    assert [one["file"] for one in learners] == [str(first), str(second)]
    assert printed(capsys, "inspect", first, second, *FEW).count("\n\n") == 1


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--shots", "0"], "--shots"),
        (["--shots", "five"], "--shots"),
        (["--steps", "-1"], "--steps"),
        (["--steps", "1000", "--tasks", "100000"], "memory"),
        (["--tasks", "0"], "--tasks"),
        (["--alpha", "nan"], "--alpha"),
        (["--seed", "-1"], "--seed"),
        (["--learner", "maml"], "--learner"),
        (["missing.safetensors"], "missing.safetensors"),
    ],
)
def test_refuses_bad_values(tmp_path: Path, capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names what is wrong."""
    assert word in refused(capsys, "inspect", tiny_file(tmp_path), *flags)


def test_refuses_what_is_no_checkpoint(tmp_path: Path, capsys: Captured) -> None:
    """And wants a file at all."""
    text = tmp_path / "text"
    text.write_text("hello, this is no checkpoint at all")
    assert str(text) in refused(capsys, "inspect", text)
    assert "FILE" in refused(capsys, "inspect")


def test_as_a_program_of_its_own(tmp_path: Path) -> None:
    """Data on standard output alone, and exit code 0."""
    done = process("inspect", tiny_file(tmp_path), "--tasks", 5, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(json.loads(done.stdout)["learners"][0]) == KEYS
