"""Which learners the sandbox compares: a list to open, with all there are."""

from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QWidget,
    QWidgetAction,
)

from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.learners import LEARNERS, RANDOM
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.style import Theme, swatch
from explorer.state.competitors import GROUPS, ROLES
from explorer.state.sandbox import Sandbox

KEYS = (
    *map(str, range(1, 10)),
    *(f"Alt+{key}" for key in range(1, 10)),
    *(f"F{key}" for key in range(2, 10)),
)
SOURCES = {
    **{name: learner.source for name, learner in (LEARNERS | CLOSED_FORMS).items()},
    RANDOM: "a network before any training",
}


def open_from(opener: QPushButton, picker: QWidget) -> None:
    """Let a button open the list of learners."""
    menu = QMenu(opener)
    menu.setAccessibleName("Learners to compare")
    action = QWidgetAction(menu)
    action.setDefaultWidget(picker)
    menu.addAction(action)
    opener.setMenu(menu)


class LearnerPicker(QWidget):
    """A switch for each learner, baseline and closed form, in groups."""

    def __init__(self, sandbox: Sandbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sandbox = sandbox
        self._refreshed: tuple[object, object] = None, None
        self.switches = {role: QCheckBox(role) for role in ROLES}
        self.lines = {role: QLabel() for role in ROLES}
        self._keys = {role: label(key, "muted") for role, key in zip(ROLES, KEYS, strict=False)}
        self._lay_out()
        for role, switch in self.switches.items():
            key = f" ({self._keys[role].text()})" if role in self._keys else ""
            switch.setToolTip(f"{SOURCES[role]}{key}")
            switch.setAccessibleDescription(f"{SOURCES[role]}")
            switch.toggled.connect(self._on_switch)
        self.setFocusProxy(self.switches[ROLES[0]])
        sandbox.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        columns = QHBoxLayout(self)
        columns.setContentsMargins(14, 10, 14, 12)
        columns.setSpacing(28)
        first, *others = GROUPS.items()
        for groups in ((first,), others):
            columns.addLayout(self._column(groups), 1)

    def _column(self, groups: Iterable[tuple[str, tuple[str, ...]]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        line = 0
        for title, roles in groups:
            heading = label(title, "heading")
            heading.setContentsMargins(0, 10 if line else 0, 0, 0)
            grid.addWidget(heading, line, 0, 1, 3)
            for role in roles:
                line += 1
                grid.addWidget(self.lines[role], line, 0)
                grid.addWidget(self.switches[role], line, 1)
                if role in self._keys:
                    grid.addWidget(self._keys[role], line, 2, Qt.AlignmentFlag.AlignRight)
            line += 1
        grid.setRowStretch(line, 1)
        return grid

    def apply_theme(self, theme: Theme) -> None:
        """Redraw the pieces of line."""
        for role, line in self.lines.items():
            line.setPixmap(swatch(theme, role))

    @Slot()
    def _on_switch(self) -> None:
        on = frozenset(role for role, switch in self.switches.items() if switch.isChecked())
        self._sandbox.update(shown=on)

    @Slot()
    def refresh(self) -> None:
        """Show which learners are on, and leave out whom nobody has trained."""
        competitors, shown = self._sandbox.competitors.by_role, self._sandbox.state.shown
        if (competitors, shown) == self._refreshed:
            return
        self._refreshed = competitors, shown
        for role, switch in self.switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(role in shown)
            for cell in (self.lines, self.switches, self._keys):
                if role in cell:
                    cell[role].setVisible(role in competitors)
            if role in competitors:
                switch.setText(competitors[role].label.replace("&", "&&"))
