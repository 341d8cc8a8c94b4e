"""The gradient step that follows the one shown, as a formula with its numbers."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.core.adaptation.step_values import formula_text, values_text
from explorer.panels.widgets.controls import label, remover
from explorer.state.adaptation_query import AdaptationAnswer
from explorer.state.sandbox import Sandbox

NOBODY = "No learner is shown: choose some under Compare."
NO_STEPS = "<b>{}</b> takes no gradient steps: it estimates the function at once."
TIP = (
    "θ after so many gradient steps, of the first learner in the list. L is the mean squared error "
    "on the support points. M is what the learner multiplies its gradients by, and 0 for frozen "
    "layers; λ pulls back to θ₀"
)


class StepFormula(QFrame):
    """Two lines, folded away until somebody asks for them."""

    def __init__(self, sandbox: Sandbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setToolTip(TIP)
        self._sandbox = sandbox
        self.formula, self.values = label(""), label("")
        self.hide_it = remover("Hide the formula", "Hide the formula (M)")
        lines = QVBoxLayout()
        lines.setSpacing(2)
        for line in (self.formula, self.values):
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            lines.addWidget(line)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 6, 5)
        layout.addLayout(lines, 1)
        layout.addWidget(self.hide_it, 0, Qt.AlignmentFlag.AlignTop)
        self.hide_it.clicked.connect(self.toggle)
        sandbox.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def toggle(self) -> None:
        """Fold away, or out."""
        self._sandbox.update(explains=not self._sandbox.state.explains)

    @Slot()
    def refresh(self) -> None:
        """Be there only if wanted."""
        self.setVisible(self._sandbox.state.explains)

    def draw_answer(self, answer: AdaptationAnswer) -> None:
        """Show the step that follows the one shown; nothing before its numbers are there."""
        question, state = answer.question, self._sandbox.state
        if not state.explains:
            return
        formula, values = "", ""
        if self._sandbox.explained is None:
            formula = NOBODY
        elif question.explained is not None:
            name = question.competitors.by_role[question.explained].label
            formula = NO_STEPS.format(name)
            if answer.explanation is not None:
                step = min(state.step, question.steps)
                formula = f"Next step of <b>{name}</b>:  {formula_text(answer.explanation, step)}"
                values = values_text(answer.explanation, step)
        _show(self.formula, formula)
        _show(self.values, values)


def _show(line: QLabel, text: str) -> None:
    if line.text() != text:
        line.setText(text)
