"""The errors at the step shown, as text, for the learners that are compared."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.core.base.texts import loss_text
from explorer.panels.sandbox.learner_picker import SOURCES, LearnerPicker, open_from
from explorer.panels.widgets.controls import button, label, remover, row
from explorer.panels.widgets.style import Theme, swatch
from explorer.panels.widgets.view import is_out_of_sight
from explorer.state.adaptation_query import AdaptationAnswer
from explorer.state.competitors import ROLES
from explorer.state.sandbox import Sandbox

NONE = "–"
SENTENCES = 3  # of what diverged; there is no room for more
NAME_WIDTH = 70  # pixels at least
CAPTION = (
    "Above: grey is the true function, thin lines are earlier steps. "
    "Left: thick is the error on the whole function, thin on the support points."
)
QUERY_TIP = "Error on the query points (circles), from which nobody learns"
CIRCLES = " Circles: query points."
BAND = " Shaded: prediction ± 2σ."
BAND_TIP = "Where a learner that knows its own σ expects 95 % of what there can be"


class NumbersTable(QFrame):
    """One row per learner shown: line, name, error on the whole function and on the points."""

    def __init__(self, sandbox: Sandbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._sandbox = sandbox
        self.title = label("Mean squared error", "heading")
        self.picker = LearnerPicker(sandbox)
        self.switches = self.picker.switches
        self.compare = button("Compare", "Choose the learners to show")
        self.lines = {role: QLabel() for role in ROLES}
        self.names = {role: QLabel() for role in ROLES}
        self.on_task = {role: _number() for role in ROLES}
        self.on_support = {role: _number() for role in ROLES}
        self.on_query = {role: _number() for role in ROLES}
        self.removers = {role: remover() for role in ROLES}
        self.shipped = label("* as shipped", "muted")
        self.nobody = label("No learner is shown: choose some under Compare.", "muted", wrap=True)
        self.caption = label(CAPTION, "muted", wrap=True)
        self.message = label("", "warning", wrap=True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        open_from(self.compare, self.picker)
        self._lay_out()
        for role, one in self.removers.items():
            one.clicked.connect(self.switches[role].toggle)
            self.names[role].setToolTip(SOURCES[role])
            self.names[role].setMinimumWidth(NAME_WIDTH)
            # A long name is cut before it pushes the numbers out of the card.
            self.names[role].setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        sandbox.changed.connect(self.refresh)
        self.refresh()

    @property
    def _cells(self) -> tuple[Mapping[str, QWidget], ...]:
        """The columns from left to right, each by role."""
        numbers = self.on_task, self.on_support, self.on_query
        return self.lines, self.names, *numbers, self.removers

    def _lay_out(self) -> None:
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 4, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        self.query_heading = label("query", "muted")
        self.query_heading.setToolTip(QUERY_TIP)
        headings = label("function", "muted"), label("points", "muted"), self.query_heading
        for column, heading in enumerate(headings, 2):
            grid.addWidget(heading, 0, column, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.shipped, 0, 1)
        for line, role in enumerate(ROLES, 1):
            for column, cell in enumerate(self._cells):
                grid.addWidget(cell[role], line, column)
        grid.addWidget(self.nobody, len(ROLES) + 1, 0, 1, len(self._cells))
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(ROLES) + 2, 1)
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
        layout.setContentsMargins(12, 8, 12, 10)
        layout.addLayout(row(self.title, self.compare, stretch=0))
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.caption)

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        self.picker.apply_theme(theme)
        for role, line in self.lines.items():
            line.setPixmap(swatch(theme, role))

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing was refreshed while another tab was shown."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the rows of the learners that are on."""
        if is_out_of_sight(self):
            return
        competitors, shown = self._sandbox.competitors, self._sandbox.state.shown
        judged = bool(self._sandbox.state.query_x)
        for role in ROLES:
            visible = role in shown and role in competitors.by_role
            for cell in self._cells:
                cell[role].setVisible(visible and (judged or cell is not self.on_query))
            if visible:
                self._name(role, competitors.by_role[role].label, role in competitors.filled)
        self.query_heading.setVisible(judged)
        self.shipped.setVisible(bool(shown & competitors.filled))
        self.nobody.setVisible(not shown & competitors.by_role.keys())

    def _name(self, role: str, name: str, filled: bool) -> None:
        text = f"{name}*" if filled else name
        if self.names[role].text() != text:
            self.names[role].setText(text)
            self.on_task[role].setAccessibleName(f"{name}, error on the whole function")
            self.on_support[role].setAccessibleName(f"{name}, error on the support points")
            self.on_query[role].setAccessibleName(f"{name}, error on the query points")
            self.removers[role].setAccessibleName(f"Hide {name}")
            self.removers[role].setToolTip(f"Hide {name}")

    def draw_answer(self, answer: AdaptationAnswer) -> None:
        """Show the numbers of the current step and what diverged."""
        state = self._sandbox.state
        step = min(state.step, answer.question.steps)
        plural = "step" if step == 1 else "steps"
        self.title.setText(f"MSE after {step} gradient {plural}")
        self._explain(_any_band(answer, state.shown), bool(state.query_x))
        for role in ROLES:
            trajectory = answer.trajectories.get(role) if role in state.shown else None
            why = answer.unable.get(role, "") if role in state.shown else ""
            on_query = answer.query_mse.get(role) if role in state.shown else None
            for cell, errors in (
                (self.on_task[role], None if trajectory is None else trajectory.mse),
                (self.on_support[role], None if trajectory is None else trajectory.support_mse),
                (self.on_query[role], on_query),
            ):
                cell.setText(NONE if errors is None else loss_text(errors[step]))
                cell.setToolTip(why)
            self.names[role].setToolTip(why or SOURCES[role])
        sentences = [text for role, text in answer.sentences.items() if role in state.shown]
        more = len(sentences) - SENTENCES
        if more > 0:
            sentences[SENTENCES:] = [f"{more} more diverged."]
        self.message.setText("\n".join(sentences))
        self.message.setVisible(bool(sentences))
        self.caption.setVisible(not sentences)  # the message takes its room, and nothing moves

    def _explain(self, band: bool, circles: bool) -> None:
        text = f"{CAPTION}{CIRCLES if circles else ''}{BAND if band else ''}"
        if text != self.caption.text():
            self.caption.setText(text)
            self.caption.setToolTip(BAND_TIP if band else "")

    def spoken(self) -> str:
        """What the plots show at this step, in words."""
        shown = [role for role in ROLES if not self.on_task[role].isHidden()]
        errors = [f"{self.names[role].text()} {self.on_task[role].text()}" for role in shown]
        return f"{self.title.text()}, on the whole function: {', '.join(errors) or 'no learner'}."


def _any_band(answer: AdaptationAnswer, shown: Iterable[str]) -> bool:
    trajectories = (answer.trajectories.get(role) for role in shown)
    return any(each is not None and each.deviation is not None for each in trajectories)


def _number() -> QLabel:
    result = QLabel(NONE)
    result.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    result.setMinimumWidth(56)
    return result
