"""Says that layers are frozen, so that nobody wonders at the curves, and frees them."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.panels.widgets.controls import button, label
from explorer.state.adaptation_query import frozen_text
from explorer.state.sandbox import Sandbox


class FrozenBar(QWidget):
    """A line that is there only while some layer does not adapt."""

    def __init__(self, sandbox: Sandbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sandbox = sandbox
        self.text = label("", "warning")
        self.text.setToolTip("Context values, as CAVIA has them, are no layer and go on adapting")
        self.free = button("Free all layers", "Let every layer adapt again (L)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.free)
        self.free.clicked.connect(sandbox.free_layers)
        sandbox.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show which layers are frozen, or nothing."""
        frozen = frozen_text(self._sandbox.state.frozen)
        self.text.setText(f"{frozen.capitalize()}: adapted by no learner." if frozen else "")
        self.setVisible(bool(frozen))
