"""What an experiment differs in from the paper, so that its numbers can be compared."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from explorer.core.experiment.differences import Difference, differences, effective_alpha_text
from explorer.core.experiment.presets import PRESETS, matching_preset
from explorer.core.experiment.settings import Settings
from explorer.panels.widgets.controls import label

SAME = "These are the paper's settings."
NO_SETTINGS = "Mend the settings to see what they differ in from the paper."


class PaperComparison(QScrollArea):
    """The step size that α amounts to, each setting that differs, and what no setting can say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.count: int | None = 0  # of differences; None of impossible settings
        self.about = label("", "muted", wrap=True)
        self.alpha = label("", wrap=True)
        self.verdict = label("", "heading", wrap=True)
        self.table = DifferenceTable()
        self.beyond = label("", wrap=True)
        self._beyond_title = label("What the settings cannot say", "heading")
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(10, 8, 10, 10)
        layout.setSpacing(6)
        layout.addWidget(self.about)
        layout.addWidget(label("Effective step size", "heading"))
        layout.addWidget(self.alpha)
        layout.addSpacing(6)
        layout.addWidget(self.verdict)
        layout.addWidget(self.table)
        layout.addSpacing(6)
        layout.addWidget(self._beyond_title)
        layout.addWidget(self.beyond)
        layout.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Differences from the paper")

    @property
    def title(self) -> str:
        """A few words for the tab."""
        if self.count is None:
            return "Paper"
        if self.count == 0:
            return "Paper: same"
        return f"Paper: {self.count} difference{'s' if self.count > 1 else ''}"

    def show_settings(self, settings: Settings | None) -> None:
        """Compare; None while the settings entered are impossible."""
        found = differences(settings) if settings else []
        name = matching_preset(settings) if settings else None
        preset = PRESETS[name] if name else None
        self.count = len(found) if settings else None
        self.about.setText(preset.help if preset else "")
        self.about.setVisible(preset is not None)
        self.alpha.setText(effective_alpha_text(settings) if settings else "–")
        if settings is None:
            self.verdict.setText(NO_SETTINGS)
        else:
            self.verdict.setText("Different from the paper" if found else SAME)
        self.table.show_differences(found)
        beyond = preset.beyond if preset else ()
        self.beyond.setText("".join(f"<p>{sentence}</p>" for sentence in beyond))
        self.beyond.setVisible(bool(beyond))
        self._beyond_title.setVisible(bool(beyond))


class DifferenceTable(QFrame):
    """Setting, the paper's value, the value here."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.rows: list[tuple[QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(5)
        for column, text in enumerate(("Setting", "The paper", "Here")):
            self._grid.addWidget(label(text, "muted"), 0, column)
            self._grid.setColumnStretch(column, (2, 3, 2)[column])

    def show_differences(self, found: list[Difference]) -> None:
        """Show these rows and no others."""
        while len(self.rows) < len(found):
            cells = (QLabel(), QLabel(), QLabel())
            for column, cell in enumerate(cells):
                cell.setWordWrap(True)
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._grid.addWidget(cell, len(self.rows) + 1, column, Qt.AlignmentFlag.AlignTop)
            self.rows.append(cells)
        for line, cells in enumerate(self.rows):
            for cell, text in zip(cells, found[line] if line < len(found) else "   ", strict=True):
                cell.setText(text)
                cell.setVisible(line < len(found))
        self.setVisible(bool(found))
