"""``maml-explorer query-points``: the job's numbers as text, JSON and files, and going on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.cli import main
from explorer.cli import query_points as command
from explorer.core.figures.figure import JobProgress
from explorer.core.jobs.query_points_request import QueryPoints
from explorer.core.jobs.reproduction import standard_store
from tests.cli.commands import parsed, printed, refused
from tests.core.jobs.test_query_points import TINY, asked, whole

Captured = pytest.CaptureFixture[str]
FEW = ("--seeds", 2, "--seed", 5, "--tasks", 30)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Trainings that take moments, kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(QueryPoints, "settings", TINY)


def test_json_is_what_the_job_finds(capsys: Captured, tmp_path: Path) -> None:
    """Every training after every step, and the spread between seeds."""
    found = parsed(capsys, "query-points", *FEW)
    expected, _ = whole(asked(tmp_path / "other"))
    assert [found[key] for key in ("quick", "seeds", "tasks", "seed")] == [False, [5, 6], 30, 5]
    assert (found["iterations"], found["shots"]) == (30, 4)
    named = {(one["query"], one["seed"]): one for one in found["trainings"]}
    assert len(named) == 14
    for (judged, seed), measured in expected.items():
        assert tuple(named[judged.points, seed]["full"]) == measured.full
        assert tuple(named[judged.points, seed]["diverged"]) == measured.diverged
    assert len(found["summary"]) == 7 * 11
    for one in found["summary"]:
        values = [named[one["query"], seed]["full"][one["steps"]] for seed in (5, 6)]
        assert (one["low"], one["high"]) == (min(values), max(values))
        assert one["mean"] == pytest.approx(sum(values) / 2)
        assert one["sd"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)


def test_text_has_a_line_for_each(capsys: Captured) -> None:
    """Then sentences and how it was measured; of one seed there is no spread."""
    text = printed(capsys, "query-points", "--seeds", 1, "--tasks", 10)
    lines = text.splitlines()
    assert lines[0] == "How many query points does MAML need?"
    assert lines[2].startswith("1 query point ")
    assert lines[8].startswith("support points again ")
    assert lines[8].count("–") == 2
    assert "MAML trained from seed 0: 30 meta-iterations" in text
    assert "maml-explorer query-points --seeds 1 --tasks 10" in text


def test_export_writes_the_figure(capsys: Captured, tmp_path: Path) -> None:
    """As pictures and numbers."""
    found = parsed(capsys, "query-points", *FEW, "--export", tmp_path / "out")
    stem = "query-points"
    wanted = {f"{stem}.svg", f"{stem}.png", f"{stem}.csv", f"{stem}-curves.csv"}
    assert {Path(file).name for file in found["files"]} == wanted


def test_ctrl_c_keeps_what_is_trained(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, a sentence on how to go on, and going on leads to the same numbers."""
    original = command.query_points

    def stopping(*arguments: Any) -> Iterator[JobProgress]:
        for i, progress in enumerate(original(*arguments)):
            if i == 6:
                os.kill(os.getpid(), signal.SIGINT)
            yield progress

    with monkeypatch.context() as patch:
        patch.setattr(command, "query_points", stopping)
        assert main(["query-points", "--seeds", "1", "--json"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err.splitlines()[-1]
    assert "the same command goes on" in last
    assert str(standard_store()) in last
    kept = list(standard_store().iterdir())
    assert 0 < len(kept) < 7
    assert len(parsed(capsys, "query-points", "--seeds", 1)["trainings"]) == 7
    assert set(kept) < set(standard_store().iterdir())


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--seeds", "0"], "--seeds"),
        (["--seeds", "11"], "--seeds"),
        (["--tasks", "none"], "--tasks"),
        (["--seed", "2147483647"], "Seed must lie"),
        (["fig3"], "fig3"),
    ],
)
def test_refuses_bad_values(capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names what is wrong."""
    assert word in refused(capsys, "query-points", *flags)


def test_a_closed_folder_is_noticed_before_the_work(capsys: Captured, tmp_path: Path) -> None:
    """Nothing is trained for files that could not be written."""
    (tmp_path / "file").touch()
    assert "--export" in refused(capsys, "query-points", "--export", tmp_path / "file")
    assert not standard_store().exists()
