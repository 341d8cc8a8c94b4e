"""A figure's numbers as a table that can be copied."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from explorer.core.figure import Figure, Row
from explorer.panels.plots import number_text

COLUMNS = ("Learner", "K", "Steps", "Paper", "Ours", "± 95 %", "Diverged", "Verdict")


class RowsTable(QTableWidget):
    """One line for each row of a figure; Ctrl+C copies what is selected, with tabs between."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._shown: tuple[Row, ...] = ()
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setAccessibleName("Numbers of the figure")

    def show_figure(self, figure: Figure | None) -> None:
        """Show the rows of a figure, or none."""
        rows = figure.rows if figure is not None else ()
        if rows is self._shown:
            return
        self._shown = rows
        self.setRowCount(len(rows))
        for line, row in enumerate(rows):
            for column, text in enumerate(texts_of(row)):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignRight if 0 < column < 7 else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(line, column, item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.selected_text())
        else:
            super().keyPressEvent(event)

    def selected_text(self) -> str:
        """The selected lines below the header, or all lines if none is selected."""
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        lines = [self._shown[i] for i in chosen] if chosen else list(self._shown)
        return "\n".join("\t".join(cells) for cells in [COLUMNS, *map(texts_of, lines)])


def texts_of(row: Row) -> tuple[str, ...]:
    """A row's cells."""
    return (
        row.label,
        str(row.shots),
        str(row.steps),
        "" if row.paper is None else number_text(row.paper),
        number_text(row.ours),
        number_text(row.ci95),
        str(row.diverged),
        row.verdict,
    )
