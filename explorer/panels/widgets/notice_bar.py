"""Messages that do not stop anybody: one bar at the top of the window."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from explorer.panels.widgets.controls import button, label


class NoticeBar(QFrame):
    """The newest message, with details to read and copy where there are any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self.text = label("", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName("Message")
        self.show_details = button("Details", "Show what the program reported")
        self.show_details.setCheckable(True)
        self.copy = button("Copy details", "Copy message and details to the clipboard")
        self.close_button = button("Dismiss", "Hide this message (Esc)")
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setMaximumHeight(160)
        self.details.setAccessibleName("Details")
        top = QHBoxLayout()
        top.addWidget(self.text, 1)
        for widget in (self.show_details, self.copy, self.close_button):
            top.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addLayout(top)
        layout.addWidget(self.details)
        self.show_details.toggled.connect(self.details.setVisible)
        self.copy.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.hide)
        self.hide()

    @Slot(str, str)
    def show_notice(self, sentence: str, details: str = "") -> None:
        """Show a message in place of the last one."""
        self.text.setText(sentence)
        self.details.setPlainText(details)
        self.show_details.setChecked(False)
        self.details.hide()
        self.show_details.setVisible(bool(details))
        self.copy.setVisible(bool(details))
        self.show()

    @Slot()
    def _copy(self) -> None:
        text = f"{self.text.text()}\n\n{self.details.toPlainText()}"
        QGuiApplication.clipboard().setText(text)
