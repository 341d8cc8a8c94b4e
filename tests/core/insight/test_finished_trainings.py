"""The table of finished trainings: what the command prints is what is read."""

import json
from pathlib import Path

import pytest

from explorer.core.base.errors import UserError
from explorer.core.insight.finished_trainings import read_finished
from explorer.core.jobs.query_points_request import JUDGED, SHOWN_STEPS
from explorer.resources import QUERY_POINTS, resource

SHIPPED = resource(QUERY_POINTS)


def test_the_shipped_table_is_the_command_s() -> None:
    """Every setting after every step, from several seeds; ten fresh points beat the old ones."""
    table, raw = read_finished(SHIPPED), json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert "maml-explorer query-points" in table.provenance
    assert (table.iterations, table.tasks) == (raw["iterations"], raw["tasks"])
    assert table.seeds == len(raw["seeds"]) >= 3
    assert len(table.rows) == len(raw["summary"]) == len(JUDGED) * 11
    for steps in SHOWN_STEPS:
        fresh, again = table.after(steps)
        assert [row.query for row in fresh] == [each.points for each in JUDGED[:-1]]
        assert again is not None
        for row in (*fresh, again):
            assert 0 < row.low <= row.mean <= row.high < 1
            values = [one["mse"][steps] for one in raw["trainings"] if one["query"] == row.query]
            assert (row.low, row.high) == (min(values), max(values))
        assert again.low > fresh[3].high


def test_one_number_that_is_none(tmp_path: Path) -> None:
    """A mean of nothing but diverged tasks is null in the file and no number here."""
    raw = json.loads(SHIPPED.read_text(encoding="utf-8"))
    raw["summary"][0]["mean"] = None
    path = tmp_path / "table.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    first = read_finished(path).rows[0]
    assert first.mean != first.mean


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"iterations": 1}', '{"iterations": "x"}'])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    """In one sentence; so is one that is not there."""
    path = tmp_path / "other.json"
    with pytest.raises(UserError, match=r"other\.json is not a table"):
        read_finished(path)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"other\.json is not a table"):
        read_finished(path)
