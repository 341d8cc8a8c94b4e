"""The errors at the step shown, as text, and a switch for each learner."""

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from explorer.core.analytic import ANALYTIC
from explorer.core.learners import LEARNERS
from explorer.panels.plots import number_text
from explorer.panels.style import Theme, swatch
from explorer.panels.widgets import label
from explorer.state.networks import RANDOM, ROLES
from explorer.state.sandbox import Sandbox
from explorer.state.trails import Answer

NONE = "–"
SENTENCES = 3  # of what diverged; there is no room for more
KEYS = (*map(str, range(1, 10)), *(f"Alt+{key}" for key in range(1, 10)))
SOURCES = {
    **{name: learner.source for name, learner in (LEARNERS | ANALYTIC).items()},
    RANDOM: "a network before any training",
}
CAPTION = (
    "Above: grey is the true sine, thin lines are earlier steps. "
    "Left: thick is the error on the whole sine, thin on the support points."
)


class NumbersTable(QFrame):
    """One row per learner: switch, line, error on the whole sine and on the support points."""

    def __init__(self, sandbox: Sandbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._sandbox = sandbox
        self.title = label("Mean squared error", "heading")
        self.switches = {role: QCheckBox(role) for role in ROLES}
        self.lines = {role: QLabel() for role in ROLES}
        self.on_sine = {role: _number() for role in ROLES}
        self.on_support = {role: _number() for role in ROLES}
        self.caption = label(CAPTION, "muted", wrap=True)
        self.message = label("", "warning", wrap=True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        for (role, switch), key in zip(self.switches.items(), KEYS, strict=False):
            switch.setToolTip(f"Show or hide: {SOURCES[role]} ({key})")
            switch.toggled.connect(self._on_switch)
        sandbox.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 4, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        for column, text in ((2, "whole sine"), (3, "points")):
            grid.addWidget(label(text, "muted"), 0, column, Qt.AlignmentFlag.AlignRight)
        for line, role in enumerate(ROLES, 1):
            grid.addWidget(self.lines[role], line, 0)
            grid.addWidget(self.switches[role], line, 1)
            grid.addWidget(self.on_sine[role], line, 2)
            grid.addWidget(self.on_support[role], line, 3)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(ROLES) + 1, 1)
        self.rows = QScrollArea()
        self.rows.setWidget(rows)
        self.rows.setWidgetResizable(True)
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for part in (rows, self.rows.viewport()):  # the card shows through
            part.setAutoFillBackground(False)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setAccessibleName("Learners")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.addWidget(self.title)
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.caption)

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        for role, line in self.lines.items():
            line.setPixmap(swatch(theme, role))

    @Slot()
    def _on_switch(self) -> None:
        shown = frozenset(role for role, switch in self.switches.items() if switch.isChecked())
        self._sandbox.update(shown=shown)

    @Slot()
    def refresh(self) -> None:
        """Show which learners are on."""
        entries = self._sandbox.line.entries
        for role, switch in self.switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(role in self._sandbox.state.shown)
            for cell in (self.lines, self.switches, self.on_sine, self.on_support):
                cell[role].setVisible(role in entries)
            if role in entries:
                switch.setText(entries[role].label.replace("&", "&&"))

    def draw_answer(self, answer: Answer) -> None:
        """Show the numbers of the current step and what diverged."""
        state = self._sandbox.state
        step = min(state.step, answer.question.steps)
        plural = "step" if step == 1 else "steps"
        self.title.setText(f"Mean squared error after {step} gradient {plural}")
        for role in self.switches:
            trail = answer.trails.get(role) if role in state.shown else None
            texts = (NONE, NONE)
            if trail is not None:
                texts = number_text(trail.mse[step]), number_text(trail.support_mse[step])
            self.on_sine[role].setText(texts[0])
            self.on_support[role].setText(texts[1])
        sentences = [text for role, text in answer.sentences.items() if role in state.shown]
        more = len(sentences) - SENTENCES
        if more > 0:
            sentences[SENTENCES:] = [f"{more} more diverged."]
        self.message.setText("\n".join(sentences))
        self.message.setVisible(bool(sentences))
        self.caption.setVisible(not sentences)  # the message takes its room, and nothing moves


def _number() -> QLabel:
    result = QLabel(NONE)
    result.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    result.setMinimumWidth(56)
    return result
