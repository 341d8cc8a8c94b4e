"""The paper's figures and table from the command line."""

import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from explorer.cli import main, reproduce
from explorer.core.base.errors import TrainingDivergedError
from explorer.core.figures import drawing, export
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.jobs.reproduction import ITEMS, Item, Plan, standard_store
from tests.cli.commands import parsed, printed, refused
from tests.core.jobs.reproduction.plans import TINY, result, tiny_plan

Captured = pytest.CaptureFixture[str]
ROW = {
    "item", "learner", "label", "shots", "steps", "paper", "ours", "ci95", "diverged", "verdict",
    "median", "kept", "astray", "seeds", "ci95_seeds",
}  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reproduction is a tiny one, kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(reproduce, "Plan", partial(Plan, scale=TINY))


def test_json_equals_the_job(capsys: Captured, tmp_path: Path) -> None:
    """Every row of the figure, and how it came about."""
    found = parsed(capsys, "reproduce", "table2", "--seed", 3)
    figure = result("table2", tiny_plan(tmp_path / "other"))
    assert set(found) == {"rows", "figures", "quick", "seed", "seeds", "seconds"}
    assert (found["quick"], found["seed"], found["seeds"]) == (False, 3, 1)
    assert [set(row) for row in found["rows"]] == [ROW] * len(figure.rows)
    for given, row in zip(found["rows"], figure.rows, strict=True):
        assert (given["learner"], given["steps"]) == (row.learner, row.steps)
        assert (given["ours"], given["paper"]) == (row.ours, row.paper)
        assert (given["ci95"], given["verdict"]) == (row.ci95, row.verdict)
    (about,) = found["figures"]
    assert about["notes"] == list(figure.notes)


def test_all_items_share_their_trainings(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object for all of them, files for each, and a second time nothing is trained."""
    picture = drawing.picture

    def drawn_once(figure: Figure, form: str, look: drawing.LookOf) -> bytes:
        return b"the same, in dots" if form == "png" else picture(figure, form, look)

    # Drawing takes longer than all else. The name is put back whole, with what it has loaded.
    monkeypatch.setattr(export, "drawing", SimpleNamespace(picture=drawn_once))
    found = parsed(capsys, "reproduce", "all", "--export", tmp_path / "figures")
    together = [name for name, item in ITEMS.items() if not item.apart]
    assert [about["item"] for about in found["figures"]] == together
    for item in together:
        for suffix in (".svg", ".png", ".csv", "-curves.csv"):
            assert (tmp_path / "figures" / f"{item}{suffix}").exists()
    before = {path: path.stat().st_mtime_ns for path in standard_store().iterdir()}
    again = parsed(capsys, "reproduce", "all")
    assert again["rows"] == found["rows"]
    assert {path: path.stat().st_mtime_ns for path in standard_store().iterdir()} == before


def test_text_has_numbers_notes_and_protocol(capsys: Captured) -> None:
    """A table that people can read, with the paper's numbers and how ours were found."""
    text = printed(capsys, "reproduce", "table2", "--quick")
    assert "Table 2" in text
    line = next(line for line in text.splitlines() if line.startswith("MAML  "))
    assert "0.670" in line
    assert "paper's order" in text
    assert "held-out tasks" in text
    assert "maml-explorer reproduce table2 --quick --seed 0" in text


def test_a_paper_from_several_seeds(capsys: Captured, tmp_path: Path) -> None:
    """A whole reproduction: files, rows with both intervals, and in text a column for each."""
    asked = ["reproduce", "meta-sgd", "--seeds", 2]
    found = parsed(capsys, *asked, "--export", tmp_path / "figures")
    assert found["seeds"] == 2
    assert {row["seeds"] for row in found["rows"]} == {2}
    assert all(row["ci95_seeds"] >= 0 for row in found["rows"])
    for suffix in (".svg", ".png", ".csv", "-curves.csv"):
        assert (tmp_path / "figures" / f"meta-sgd{suffix}").exists()
    text = printed(capsys, *asked)
    assert "± seeds" in text
    assert "maml-explorer reproduce meta-sgd --seed 0 --seeds 2" in text
    line = next(x for x in text.splitlines() if x.startswith("Meta-SGD, trained at K = 5"))
    assert "0.900" in line


def stopping(item: str, after: int) -> Any:
    """A job during which Ctrl-C is pressed."""

    def job(_self: Item, plan: Plan) -> Iterator[JobProgress]:
        for i, progress in enumerate(original(ITEMS[item], plan)):
            if i == after:
                os.kill(os.getpid(), signal.SIGINT)
            yield progress

    original = Item.job
    return job


def test_ctrl_c_keeps_what_is_trained(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 130, a sentence on how to go on, and going on leads to the same numbers."""
    with monkeypatch.context() as patch:
        patch.setattr(Item, "job", stopping("fig3", 3))
        assert main(["reproduce", "fig3", "--json"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err.splitlines()[-1]
    assert "the same command goes on" in last
    assert str(standard_store()) in last
    assert list(standard_store().iterdir())
    rows = parsed(capsys, "reproduce", "fig3")["rows"]
    expected = result("fig3", tiny_plan(tmp_path / "other", seed=0)).rows
    assert [row["ours"] for row in rows] == [row.ours for row in expected]


def test_what_is_finished_is_printed_even_if_the_next_fails(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure is one sentence and exit code 2; the figure before it is there."""
    original = Item.job

    def job(self: Item, plan: Plan) -> Iterator[JobProgress]:
        if self.name == "fig3":
            raise TrainingDivergedError("Training left the finite numbers: lower α.")
        return original(self, plan)

    monkeypatch.setattr(Item, "job", job)
    assert main(["reproduce", "all", "--json"]) == 2
    captured = capsys.readouterr()
    assert [about["item"] for about in json.loads(captured.out)["figures"]] == ["fig2"]
    assert captured.err.splitlines()[-1].startswith("maml-explorer: error: Training left")


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["fig9"], "fig9"),
        ([], "ITEM"),
        (["fig3", "--seed", "-1"], "--seed"),
        (["fig3", "--seed", "one"], "--seed"),
        (["fig3", "--seeds", "0"], "--seeds"),
        (["fig2", "--seeds", "2"], "single networks"),
        (["fig3", "--seed", "2147483647", "--seeds", "2"], "last seed"),
    ],
)
def test_refuses_bad_values(capsys: Captured, flags: list[str], word: str) -> None:
    """One line that names what is wrong."""
    assert word in refused(capsys, "reproduce", *flags)


def test_a_closed_folder_is_noticed_before_the_work(capsys: Captured, tmp_path: Path) -> None:
    """Nothing is trained for files that could not be written."""
    (tmp_path / "file").touch()
    assert "--export" in refused(capsys, "reproduce", "fig3", "--export", tmp_path / "file")
    assert not standard_store().exists()


def test_a_store_that_cannot_be_made(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says where trainings are kept."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert main(["reproduce", "fig3"]) == 2
    assert "XDG_DATA_HOME" in capsys.readouterr().err.splitlines()[-1]
