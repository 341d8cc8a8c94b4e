"""Every action of the menu bar, with its shortcut, and how keys are shared with entry fields."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenuBar,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)


@dataclass(frozen=True)
class Entry:
    """One line of a menu; an empty text is a separator."""

    text: str = ""
    shortcut: str = ""
    run: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        """Its text without mnemonics."""
        return self.text.replace("&", "").rstrip("…")


def fill(bar: QMenuBar, menus: dict[str, list[Entry]]) -> dict[str, QAction]:
    """Add the menus to the bar; returns the actions by their text without mnemonics."""
    actions = {}
    for title, entries in menus.items():
        menu = bar.addMenu(title)
        menu.setToolTipsVisible(True)
        for entry in entries:
            if entry.run is None:
                menu.addSeparator()
                continue
            action = menu.addAction(entry.text)
            action.setShortcut(QKeySequence(entry.shortcut))
            action.triggered.connect(partial(_run, entry.run))
            actions[entry.name] = action
    return actions


def _run(run: Callable[[], object], _checked: bool = False) -> None:
    """Run an action after taking in a number that is still being typed."""
    focused = QApplication.focusWidget()
    if isinstance(focused, QAbstractSpinBox):
        focused.interpretText()
    run()


_SPACE = {Qt.Key.Key_Space}
_MOVES = {
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
}
_CHARACTERS = {
    Qt.Key(code)
    for first, last in ((Qt.Key.Key_0, Qt.Key.Key_9), (Qt.Key.Key_A, Qt.Key.Key_Z))
    for code in range(int(first), int(last) + 1)
}
_TYPING = _SPACE | _MOVES | _CHARACTERS | {Qt.Key.Key_Delete}
OWN_KEYS: dict[type[QWidget], set[Qt.Key]] = {
    QAbstractButton: _SPACE,
    QAbstractSlider: _MOVES,
    QTabBar: _MOVES,
    QComboBox: _SPACE | _MOVES | _CHARACTERS,
    QAbstractSpinBox: _TYPING,
    QLineEdit: _TYPING,
    QPlainTextEdit: _TYPING,
}


class OwnKeys(QObject):
    """Lets a focused control keep the plain keys it needs, ahead of the window's shortcuts."""

    def guard(self, window: QWidget) -> None:
        """Watch every control of the window that needs keys of its own."""
        for kind in OWN_KEYS:
            for widget in window.findChildren(kind):
                widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim a key before it becomes a shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in {
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.KeypadModifier,
            }
            for kind, keys in OWN_KEYS.items():
                if plain and isinstance(watched, kind) and event.key() in keys:
                    event.accept()
                    return True
        return False
