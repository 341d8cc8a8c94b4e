"""The check of the intervals itself, on a few tasks."""

import pytest

from tests import calibration
from tests.calibration import Cell


def test_it_measures_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """A cell for each network, step and kind, and a table of them."""
    calibration.main(
        [
            "--seeds",
            "3",
            "--tasks",
            "25",
            "--truth",
            "4",
            "--shots",
            "5",
            "--learners",
            "pretrained",
        ]
    )
    printed = capsys.readouterr()
    names = [line.split()[:3] for line in printed.err.splitlines()]
    assert sum(name[0] == "all" for name in names) == 8
    assert sum(name[:2] == ["pairs", "pretrained"] for name in names) == 4
    assert "if all were 95 %" in printed.out


def test_the_report_names_what_is_not_as_aimed_for() -> None:
    """And says how many would be so by chance."""
    good, bad = Cell("kept", "maml", 5, 1, 190, 200, 0.1), Cell("kept", "anil", 5, 1, 180, 200, 0.1)
    text = calibration.report([good, bad])
    assert "1 of 2" in text
    assert "anil             K = 5   step 1    90.0 %" in text
    assert "maml" not in text
