"""The table of a figure's numbers."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.core.figures.figure import Row
from explorer.panels.figures.rows_table import COLUMNS, RowsTable
from tests.jobs import loss_figure
from tests.ui import read_number


@pytest.fixture
def table(qtbot: QtBot) -> RowsTable:
    """A table of Figure 3's numbers."""
    table = RowsTable()
    qtbot.addWidget(table)
    table.show_figure(loss_figure())
    return table


def cells(table: RowsTable) -> list[list[str]]:
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_numbers_are_the_rows(table: RowsTable) -> None:
    """Each cell says what its row has, to three digits; what the paper lacks is left empty."""
    rows = loss_figure().rows
    assert len(cells(table)) == len(rows)
    for texts, row in zip(cells(table), rows, strict=True):
        label, shots, steps, paper, ours, ci95, *_, diverged, astray, verdict = texts
        assert (label, verdict) == (row.label, row.verdict)
        assert (int(shots), int(steps)) == (row.shots, row.steps)
        assert (int(diverged), int(astray)) == (row.diverged, row.astray)
        assert read_number(ours) == pytest.approx(row.ours, abs=6e-4)
        assert read_number(ci95) == pytest.approx(row.ci95, abs=6e-4)
        assert paper == "" if row.paper is None else read_number(paper) == row.paper


def test_no_bare_inf(table: RowsTable) -> None:
    """Where every task diverged the table says so in words."""
    row = Row("compare", "maml", "MAML", 1, 9, None, float("inf"), float("nan"), 600, "")
    table.show_figure(replace(loss_figure(), rows=(row,)))
    assert cells(table)[0][4:9] == ["diverged", "–", "", "", "600"]


def test_columns_that_say_nothing_are_hidden(table: RowsTable) -> None:
    """Without a paper there is neither its number nor a verdict; without lost tasks none kept."""

    def shown() -> list[str]:
        return [name for i, name in enumerate(COLUMNS) if not table.isColumnHidden(i)]

    plain = Row("compare", "maml", "MAML", 5, 1, None, 0.5, 0.1, 0, "", 0.3, 0.5, 0)
    table.show_figure(replace(loss_figure(), rows=(plain,)))
    assert shown() == ["Learner", "K", "Steps", "Mean", "± 95 %", "Median", "Diverged"]
    lost = replace(plain, astray=2, kept=0.4)
    table.show_figure(replace(loss_figure(), rows=(plain, lost)))
    assert shown()[5:] == ["Median", "Kept", "Diverged", "Astray"]
    assert cells(table)[1][6:10] == ["0.300", "0.400", "0", "2"]
    paper = replace(plain, paper=0.6, verdict="better")
    table.show_figure(replace(loss_figure(), rows=(paper,)))
    assert {"Paper", "Verdict"} <= set(shown())


def test_lines_can_be_copied(table: RowsTable) -> None:
    """Ctrl+C: the selected lines below the header, or all where none is selected."""
    everything = [[*COLUMNS], *cells(table)]

    def copied() -> list[list[str]]:
        QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        return [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]

    assert copied() == everything
    table.selectRow(2)
    assert copied() == [everything[0], everything[3]]


def test_a_selection_outlasts_new_numbers(table: RowsTable) -> None:
    """While a job goes on its rows change, and the chosen ones stay chosen."""
    table.selectRow(2)
    rows = tuple(replace(row, ours=2 * row.ours) for row in loss_figure().rows)
    table.show_figure(replace(loss_figure(), rows=rows))
    assert {index.row() for index in table.selectedIndexes()} == {2}
    assert read_number(cells(table)[2][4]) == pytest.approx(rows[2].ours, abs=6e-4)
    table.show_figure(None)
    assert cells(table) == []
