"""``maml-explorer reproduce`` as a user calls it."""

import json
from pathlib import Path

import pytest

from explorer.cli import main
from explorer.cli import reproduce as command
from explorer.core import reproduction
from explorer.core.figure import Row
from explorer.core.reproduction import ITEMS, Plan
from tests.core.reproduction.test_jobs import TINY

Captured = pytest.CaptureFixture[str]
KEYS = {"item", "learner", "shots", "steps", "paper", "ours", "ci95", "diverged", "verdict"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A store of its own, and plans that take a moment."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(command, "Plan", lambda quick, seed, store: Plan(quick, seed, store, TINY))


def test_json_rows(capsys: Captured, tmp_path: Path) -> None:
    """Every row has the keys that were promised, and they are the job's own."""
    assert main(["reproduce", "table2", "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["quick"], found["seed"]) == (False, 3)
    assert all(set(row) >= KEYS for row in found["rows"])
    store = reproduction.standard_store()
    assert store == tmp_path / "data" / "maml-explorer" / "reproduction"
    *_, last = ITEMS["table2"].job(Plan(False, 3, store, TINY))
    assert last.figure is not None
    wanted: tuple[Row, ...] = last.figure.rows
    assert [(r["learner"], r["steps"], r["paper"]) for r in found["rows"]] == [
        (row.learner, row.steps, row.paper) for row in wanted
    ]
    assert [r["ours"] for r in found["rows"]] == [row.ours for row in wanted]


def test_all_with_export(capsys: Captured, tmp_path: Path) -> None:
    """Every item is printed with its protocol, and its files are written."""
    folder = tmp_path / "figures"
    assert main(["reproduce", "all", "--quick", "--export", str(folder)]) == 0
    captured = capsys.readouterr()
    for item in ITEMS:
        assert f"maml-explorer reproduce {item} --quick --seed 0" in captured.out
        assert f"wrote {folder / item}.svg" in captured.err
    assert len(list(folder.iterdir())) == 3 * len(ITEMS)
    assert "verdict" in captured.out


def test_interrupted(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the second item: the first is printed, and the way to go on is said."""
    asked = []

    def interrupting(self: object, plan: Plan) -> object:
        asked.append(self)
        if len(asked) > 1:
            raise KeyboardInterrupt
        return job(self, plan)  # type: ignore[arg-type]

    job = reproduction.Item.job
    monkeypatch.setattr(reproduction.Item, "job", interrupting)
    assert main(["reproduce", "all", "--json"]) == 130
    captured = capsys.readouterr()
    assert {row["item"] for row in json.loads(captured.out)["rows"]} == {"fig2"}
    assert "the same command goes on from there" in captured.err


def test_unknown_item(capsys: Captured) -> None:
    """One sentence with the choices, exit code 2."""
    assert main(["reproduce", "fig9"]) == 2
    assert "fig2" in capsys.readouterr().err
