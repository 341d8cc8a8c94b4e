"""A figure's numbers as a table that can be copied."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from explorer.core.base.texts import loss_text
from explorer.core.figures.figure import Figure, Row

COLUMNS = (
    *("Learner", "K", "Steps", "Paper", "Mean", "± 95 %", "Median", "Kept", "Diverged", "Astray"),
    "Verdict",
)
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
DISPLAY = Qt.ItemDataRole.DisplayRole
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class RowsModel(QAbstractTableModel):
    """The rows of a figure. Only what is in sight is put into words: a table can be long."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """Show other rows; while as many come in anew, what is selected stays."""
        if rows is self.rows:
            return
        if len(rows) == len(self.rows):
            self.rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """One line for each row."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """See `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = DISPLAY) -> object:
        """A cell's text, and where it stands."""
        if role == DISPLAY:
            return texts_of(self.rows[index.row()])[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = DISPLAY
    ) -> object:
        """The columns' names, above their cells."""
        if orientation == Qt.Orientation.Horizontal and role == DISPLAY:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None


class RowsTable(QTableView):
    """One line for each row of a figure; Ctrl+C copies what is selected, with tabs between."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = RowsModel()
        self.setModel(self._rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        header = self.horizontalHeader()
        header.setResizeContentsPrecision(0)  # by the lines in sight
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setAccessibleName("Numbers of the figure")
        self.setToolTip(
            "Mean: over all tasks, a lost one counting with what predicting zero costs on it; "
            "Kept: over the others; Ctrl+C copies the selected lines, or all of them"
        )

    def show_figure(self, figure: Figure | None) -> None:
        """Show the rows of a figure, or none, without the columns that say nothing."""
        rows = figure.rows if figure is not None else ()
        self._rows.show_rows(rows)
        said = {
            "Paper": any(row.paper is not None for row in rows),
            "Median": any(row.median is not None for row in rows),
            "Kept": any(row.kept is not None and row.diverged + row.astray for row in rows),
            "Astray": any(row.astray for row in rows),
            "Verdict": any(row.verdict for row in rows),
        }
        for column, name in enumerate(COLUMNS):
            self.setColumnHidden(column, not said.get(name, True))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.selected_text())
        else:
            super().keyPressEvent(event)

    def selected_text(self) -> str:
        """The selected lines below the header, or all lines if none is selected."""
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        rows = self._rows.rows
        lines = [rows[i] for i in chosen] if chosen else list(rows)
        return "\n".join("\t".join(cells) for cells in [COLUMNS, *map(texts_of, lines)])


def _side(column: int) -> Qt.AlignmentFlag:
    return RIGHT if 0 < column < len(COLUMNS) - 1 else LEFT


def _intervals(row: Row) -> str:
    """Over tasks, and where there are several trainings, over their seeds."""
    seeds = f", seeds {loss_text(row.ci95_seeds)}" if row.seeds > 1 else ""
    return loss_text(row.ci95) + seeds


def texts_of(row: Row) -> tuple[str, ...]:
    """A row's cells."""
    return (
        row.label,
        str(row.shots),
        str(row.steps),
        "" if row.paper is None else loss_text(row.paper),
        loss_text(row.ours),
        _intervals(row),
        loss_text(row.median) if row.median is not None else "",
        loss_text(row.kept) if row.kept is not None else "",
        str(row.diverged),
        str(row.astray),
        row.verdict,
    )
